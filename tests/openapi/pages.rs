//! `/docs` and `/redoc`: their headers, their files, and who may read them.

use std::io::Read;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderName, Request, Response};
use http_body_util::BodyExt;
use tower::ServiceExt;
use tower_vitals::Routes;
use tower_vitals::routes::Guard;

fn routes() -> Routes {
    Routes::new()
        .docs_ui()
        .redoc()
        .guard(Guard::bearer("s3cret"))
}

async fn get(app: &Router, path: &str, headers: &[(HeaderName, &str)]) -> Response<Bytes> {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let (parts, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

fn text(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

/// The files that a page loads by itself, relative to it.
fn links(html: &str) -> Vec<&str> {
    let parts = html.split(['"']).collect::<Vec<_>>();
    let values = parts.windows(2).filter_map(|pair| {
        let is_link = pair[0].ends_with("href=") || pair[0].ends_with("src=");
        is_link.then_some(pair[1])
    });
    values.collect()
}

#[tokio::test]
async fn a_strict_policy_protects_each_page_and_each_file() {
    let app = Router::from(routes());
    for path in [
        "/docs",
        "/redoc",
        "/docs/assets/docs.js",
        "/redoc/assets/redoc.js",
    ] {
        let response = get(&app, path, &[]).await;
        assert_eq!(response.status(), 200, "{path}");
        let headers = response.headers();
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[X_FRAME_OPTIONS], "DENY");
        assert_eq!(headers[REFERRER_POLICY], "no-referrer");
        assert_eq!(headers[CACHE_CONTROL], "no-cache");
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(
                policy.split("; ").any(|own| own == part),
                "{path}: {policy}"
            );
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert!(!policy.contains("http"), "{path}: {policy}");
    }
}

#[tokio::test]
async fn pages_hold_no_code_and_load_only_files_that_are_there() {
    let app = Router::from(routes());
    for (path, count) in [("/docs", 5), ("/redoc", 3)] {
        let page = get(&app, path, &[]).await;
        assert_eq!(page.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
        let html = text(&page);
        assert!(!html.contains("{{"), "{html}");
        assert!(
            html.contains("<meta name=\"openapi\" content=\"openapi.json\">"),
            "{html}"
        );
        assert!(!html.contains("style="), "{html}");
        assert_eq!(
            html.matches("<script").count(),
            html.matches("></script>").count()
        );
        let links = links(html);
        assert_eq!(links.len(), count, "{links:?}");
        for link in links {
            let file = get(&app, &format!("/{link}"), &[]).await;
            assert_eq!(file.status(), 200, "{link}");
            assert!(!file.body().is_empty(), "{link}");
        }
    }
}

#[tokio::test]
async fn links_hold_wherever_the_routes_are() {
    let moved = routes()
        .rename("/docs", "/internal/api")
        .rename("/docs/assets/{name}", "/files/{name}")
        .rename("/openapi.json", "/internal/v1/api.json");
    let app = Router::new().nest("/ops", moved.into());
    let page = get(&app, "/ops/internal/api", &[]).await;
    let html = text(&page);
    assert!(
        html.contains("content=\"../internal/v1/api.json\""),
        "{html}"
    );
    for link in links(html) {
        let path = link.strip_prefix("../").unwrap();
        let file = get(&app, &format!("/ops/{path}"), &[]).await;
        assert_eq!(file.status(), 200, "{link}");
    }
}

#[tokio::test]
async fn vendored_files_are_sent_compressed_and_are_readable_without() {
    let app = Router::from(routes());
    for (path, content_type, part) in [
        (
            "/docs/assets/swagger-ui-bundle.js",
            "text/javascript",
            "SwaggerUIBundle",
        ),
        ("/docs/assets/swagger-ui.css", "text/css", ".swagger-ui"),
        (
            "/redoc/assets/redoc.standalone.js",
            "text/javascript",
            "disableTelemetry",
        ),
    ] {
        let compressed = get(&app, path, &[(ACCEPT_ENCODING, "gzip, br")]).await;
        assert_eq!(compressed.headers()[CONTENT_ENCODING], "gzip", "{path}");
        assert_eq!(compressed.headers()[VARY], "accept-encoding");
        assert_eq!(
            compressed.headers()[CONTENT_TYPE],
            format!("{content_type}; charset=utf-8")
        );
        let mut decoded = String::new();
        GzDecoder::new(&compressed.body()[..])
            .read_to_string(&mut decoded)
            .unwrap();
        assert!(decoded.contains(part), "{path}");
        // Nothing is loaded from elsewhere.
        assert!(!decoded.contains("sourceMappingURL=") && !decoded.contains("cdn.redoc.ly"));
        let plain = get(&app, path, &[]).await;
        assert_eq!(plain.headers().get(CONTENT_ENCODING), None);
        assert_eq!(text(&plain), decoded, "{path}");
        let tag = compressed.headers()[ETAG].to_str().unwrap();
        let again = get(&app, path, &[(IF_NONE_MATCH, tag)]).await;
        assert_eq!(
            (again.status().as_u16(), again.body().len()),
            (304, 0),
            "{path}"
        );
    }
}

#[tokio::test]
async fn pages_are_open_and_the_document_is_not() {
    let app = Router::from(routes());
    for (path, status) in [
        ("/docs", 200),
        ("/redoc", 200),
        ("/docs/assets/docs.js", 200),
        ("/docs/assets/none", 404),
        ("/openapi.json", 401),
    ] {
        assert_eq!(get(&app, path, &[]).await.status(), status, "{path}");
    }
    let guarded = Router::from(routes().protect("/docs").protect("/docs/assets/{name}"));
    for path in ["/docs", "/docs/assets/docs.js"] {
        assert_eq!(get(&guarded, path, &[]).await.status(), 401, "{path}");
    }
    assert_eq!(get(&guarded, "/redoc", &[]).await.status(), 200);
}
