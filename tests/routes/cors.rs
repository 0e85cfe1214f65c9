//! `Routes::cors`: pages of named origins may read routes, and change nothing.

use axum::Router;
use axum::body::Body;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CACHE_CONTROL, HOST, HeaderName, ORIGIN, VARY,
};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_vitals::routes::Guard;
use tower_vitals::{ErrorKind, HttpMetricsLayer, Prometheus, Routes};

const OPS: &str = "https://ops.example.com";
const DEV: &str = "http://localhost:5173";

fn routes() -> Routes {
    Routes::new()
        .liveness()
        .config("shop", &json!({ "page_size": 50 }))
        .metrics(Prometheus::builder().build().unwrap())
        .heap_profile(|| Ok(Vec::new()))
        .guard(Guard::bearer("s3cret"))
}

async fn send(
    routes: &Routes,
    method: Method,
    path: &str,
    headers: &[(HeaderName, &str)],
) -> Response<String> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let app: Router = routes.clone().build().unwrap();
    let (parts, body) = app.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Response::from_parts(parts, String::from_utf8(body).unwrap())
}

/// What a browser asks before it sends a page's request with a token.
async fn preflight(routes: &Routes, path: &str, origin: &str, method: &str) -> Response<String> {
    let headers = [
        (ORIGIN, origin),
        (ACCESS_CONTROL_REQUEST_METHOD, method),
        (ACCESS_CONTROL_REQUEST_HEADERS, "authorization"),
    ];
    send(routes, Method::OPTIONS, path, &headers).await
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}

fn allowed_origin(response: &Response<String>) -> Option<&str> {
    text(response.headers(), ACCESS_CONTROL_ALLOW_ORIGIN)
}

fn varies_by_origin(response: &Response<String>) -> bool {
    let names = response.headers().get_all(VARY).iter();
    let mut names = names.flat_map(|names| names.to_str().unwrap().split(','));
    names.any(|name| name.trim().eq_ignore_ascii_case("origin"))
}

#[tokio::test]
async fn preflights_of_named_origins_are_allowed() {
    let routes = routes().cors([OPS]).cors([DEV]);
    for (origin, path) in [
        (OPS, "/admin/config"),
        (DEV, "/livez"),
        (OPS, "/metrics/json"),
    ] {
        let response = preflight(&routes, path, origin, "GET").await;
        let headers = response.headers();
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(allowed_origin(&response), Some(origin));
        assert_eq!(
            text(headers, ACCESS_CONTROL_ALLOW_METHODS),
            Some("GET,HEAD")
        );
        assert_eq!(
            text(headers, ACCESS_CONTROL_ALLOW_HEADERS),
            Some("authorization")
        );
        assert_eq!(text(headers, ACCESS_CONTROL_MAX_AGE), Some("600"));
        assert_eq!(text(headers, ACCESS_CONTROL_ALLOW_CREDENTIALS), None);
        assert_eq!(text(headers, CACHE_CONTROL), Some("no-store"));
        assert!(varies_by_origin(&response), "{headers:?}");
        assert_eq!(response.body(), "");
    }
}

#[tokio::test]
async fn preflights_of_other_origins_are_rejected() {
    let routes = routes().cors([OPS, DEV]);
    for origin in [
        "https://evil.example",
        "https://ops.example.com.evil.example",
        "https://sub.ops.example.com",
        "http://ops.example.com",
        "https://ops.example.com:8443",
        "http://localhost:5174",
        "http://localhost",
        "null",
        "*",
        "",
    ] {
        let response = preflight(&routes, "/admin/config", origin, "GET").await;
        assert_eq!(allowed_origin(&response), None, "{origin}");
        assert!(varies_by_origin(&response));
        let headers = response.headers();
        assert_eq!(text(headers, ACCESS_CONTROL_ALLOW_CREDENTIALS), None);
    }
}

#[tokio::test]
async fn pages_of_named_origins_read_guarded_json_with_a_token() {
    let routes = routes().cors([OPS]);
    let bearer = (AUTHORIZATION, "Bearer s3cret");

    let read = send(
        &routes,
        Method::GET,
        "/admin/config",
        &[(ORIGIN, OPS), bearer.clone()],
    )
    .await;
    assert_eq!(read.status(), 200);
    assert_eq!(allowed_origin(&read), Some(OPS));
    assert!(varies_by_origin(&read));
    let body: Value = serde_json::from_str(read.body()).unwrap();
    assert_eq!(body, json!({ "config": { "shop": { "page_size": 50 } } }));

    // The page can read why it was refused.
    let refused = send(&routes, Method::GET, "/admin/config", &[(ORIGIN, OPS)]).await;
    assert_eq!(refused.status(), 401);
    assert_eq!(allowed_origin(&refused), Some(OPS));
    assert!(refused.body().contains("needs a bearer token"));

    let evil = [(ORIGIN, "https://evil.example"), bearer.clone()];
    let hidden = send(&routes, Method::GET, "/admin/config", &evil).await;
    assert_eq!(allowed_origin(&hidden), None);
    assert!(varies_by_origin(&hidden));

    // Caches keep responses with and without an origin apart.
    let own = send(&routes, Method::GET, "/admin/config", &[bearer]).await;
    assert_eq!(own.status(), 200);
    assert_eq!(allowed_origin(&own), None);
    assert!(varies_by_origin(&own));
}

#[tokio::test]
async fn pages_of_named_origins_change_nothing() {
    let routes = routes().cors([OPS]);
    let path = "/admin/reset-metrics";
    for method in ["POST", "GET"] {
        let response = preflight(&routes, path, OPS, method).await;
        assert_eq!(response.status(), 405);
        assert_eq!(allowed_origin(&response), None);
    }
    let headers = [
        (ORIGIN, OPS),
        (HOST, "127.0.0.1:9100"),
        (AUTHORIZATION, "Bearer s3cret"),
    ];
    let response = send(&routes, Method::POST, path, &headers).await;
    assert_eq!(response.status(), 403);
    assert_eq!(allowed_origin(&response), None);
    assert!(
        response
            .body()
            .contains("comes from a page of another origin")
    );
}

#[cfg(feature = "logging")]
#[tokio::test]
async fn the_log_level_is_read_and_not_set_by_pages() {
    use tower_vitals::telemetry::logging::{Console, Logging};

    let logging = Logging::builder().console(Console::Off);
    let (_layer, handle) = logging.layer::<tracing_subscriber::Registry>().unwrap();
    let routes = routes().log_level(handle.level()).cors([OPS]);
    let path = "/admin/log-level";
    let response = preflight(&routes, path, OPS, "PUT").await;
    let methods = text(response.headers(), ACCESS_CONTROL_ALLOW_METHODS);
    assert_eq!(methods, Some("GET,HEAD"));

    let headers = [
        (ORIGIN, OPS),
        (HOST, "127.0.0.1:9100"),
        (AUTHORIZATION, "Bearer s3cret"),
    ];
    let read = send(&routes, Method::GET, path, &headers).await;
    assert_eq!(
        (read.status().as_u16(), allowed_origin(&read)),
        (200, Some(OPS))
    );
    let put = send(&routes, Method::PUT, path, &headers).await;
    assert_eq!(put.status(), 403);
}

#[tokio::test]
async fn profiles_are_not_shared_with_pages() {
    let routes = routes().cors([OPS]);
    let response = preflight(&routes, "/debug/pprof/heap", OPS, "GET").await;
    assert_eq!(
        (response.status().as_u16(), allowed_origin(&response)),
        (405, None)
    );
    let headers = [(ORIGIN, OPS), (AUTHORIZATION, "Bearer s3cret")];
    let response = send(&routes, Method::GET, "/debug/pprof/heap", &headers).await;
    assert_eq!(
        (response.status().as_u16(), allowed_origin(&response)),
        (200, None)
    );
}

#[tokio::test]
async fn without_origins_no_page_reads_anything() {
    let routes = routes();
    let response = preflight(&routes, "/admin/config", OPS, "GET").await;
    assert_eq!(
        (response.status().as_u16(), allowed_origin(&response)),
        (405, None)
    );
    let response = send(&routes, Method::GET, "/livez", &[(ORIGIN, OPS)]).await;
    assert_eq!(response.status(), 200);
    assert_eq!(allowed_origin(&response), None);
    assert!(!varies_by_origin(&response));
}

#[tokio::test]
async fn the_origins_of_merged_routes_count_for_all() {
    let merged = routes().cors([OPS]).merge(Routes::new().cors([DEV]));
    for origin in [OPS, DEV] {
        let response = preflight(&merged, "/livez", origin, "GET").await;
        assert_eq!(allowed_origin(&response), Some(origin));
    }
}

#[tokio::test]
async fn preflights_are_not_in_the_request_metrics() {
    let prometheus = Prometheus::builder().build().unwrap();
    let layer = HttpMetricsLayer::builder()
        .recorder(prometheus.clone())
        .build()
        .unwrap();
    let app: Router = Router::new().merge(routes().cors([OPS])).layer(layer);
    let request = Request::options("/livez")
        .header(ORIGIN, OPS)
        .header(ACCESS_CONTROL_REQUEST_METHOD, "GET");
    let response = app.oneshot(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.unwrap().status(), 200);
    let text = prometheus.render();
    assert!(!text.contains("http_requests_total{"), "{text}");
}

#[test]
fn origins_that_no_browser_sends_are_mistakes() {
    let wanted = "an origin like https://ops.example.com or http://localhost:5173 is needed";
    for (origin, problem) in [
        ("*", "has a wildcard"),
        ("https://*.example.com", "has a wildcard"),
        ("https://ops.example.com/", "has a path"),
        ("https://ops.example.com/dashboard", "has a path"),
        ("https://ops.example.com?x", "has a path"),
        ("ops.example.com", "has no scheme"),
        ("null", "has no scheme"),
        ("://ops.example.com", "has no scheme"),
        ("", "has no scheme"),
        ("https://", "has no host"),
        ("https://:8080", "has no host"),
        ("https://Ops.example.com", "has capital letters"),
        ("https://ops.example.com:https", "has an invalid port"),
        ("https://ops.example.com:", "has an invalid port"),
        ("https://ops.example.com:70000", "has an invalid port"),
        (
            "https://ops.example.com:443",
            "has the port of its scheme, which browsers leave out",
        ),
        (
            "http://localhost:80",
            "has the port of its scheme, which browsers leave out",
        ),
        ("https://ops example.com", "contains ' '"),
        ("https://öps.example.com", "contains 'ö'"),
        (
            "https://ops.example.com, https://other.example",
            "has a path",
        ),
    ] {
        let error = Routes::new().cors([origin]).build::<()>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        let expected = format!("the CORS origin {origin:?} {problem}: {wanted}");
        assert_eq!(error.to_string(), expected);
    }
    let error = Routes::new()
        .cors(["https://a:b@ops.example.com"])
        .build::<()>();
    let error = error.unwrap_err().to_string();
    assert!(
        error.starts_with("the CORS origin \"https://[redacted]@ops.example.com\" has a user: "),
        "{error}"
    );
    let none: [&str; 0] = [];
    let error = Routes::new().cors(none).build::<()>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "Routes::cors has no origins: it needs one at least"
    );
    for origin in [
        OPS,
        DEV,
        "http://[::1]:3000",
        "http://127.0.0.1",
        "https://a-b.example:8443",
        "tauri://localhost",
    ] {
        assert!(
            Routes::new().cors([origin]).build::<()>().is_ok(),
            "{origin}"
        );
    }
}
