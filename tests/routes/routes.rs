//! The routes: what they answer, who may read them, and how an app takes them in.

use std::convert::Infallible;
use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use crate::support::log::Log;
use crate::support::until;
use axum::Router;
use axum::body::Body;
use axum::routing::get as route_get;
use bytes::Bytes;
use futures_util::future::join_all;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use metrics::{Key, Label, Level, Metadata, Recorder};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_vitals::routes::Guard;
use tower_vitals::{ErrorKind, HttpMetricsLayer, Prometheus, Routes};

fn prometheus() -> Prometheus {
    let prometheus = Prometheus::builder().build().unwrap();
    let metadata = Metadata::new("test", Level::INFO, None);
    let key = Key::from_parts("seen_total", vec![Label::new("by", "test")]);
    prometheus.register_counter(&key, &metadata).increment(3);
    prometheus
}

const LINE: &str = "seen_total{by=\"test\"} 3\n";

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

struct Answer {
    status: StatusCode,
    headers: http::HeaderMap,
    body: Bytes,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

async fn ask<S, B>(service: &S, request: Request<Body>) -> Answer
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone,
    B: http_body::Body<Data = Bytes, Error: std::fmt::Debug>,
{
    let Ok(response) = service.clone().oneshot(request).await;
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

fn app(routes: Routes) -> Router {
    Router::new().merge(routes).with_state(())
}

#[tokio::test]
async fn metrics_are_text_0_0_4_for_all_who_name_nothing_else() {
    let app = app(Routes::new().metrics(prometheus()));
    let accepts = [
        None,
        Some("*/*"),
        Some("application/json;q=0.1, text/plain"),
        Some("image/png"),
        Some("application/openmetrics-text;version=9.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
        Some("not a media type"),
    ];
    for path in ["/metrics", "/metrics/prometheus"] {
        for accept in accepts {
            let mut request = get(path);
            if let Some(accept) = accept {
                request
                    .headers_mut()
                    .insert(ACCEPT, accept.parse().unwrap());
            }
            let answer = ask(&app, request).await;
            assert_eq!(answer.status, 200);
            let text = "text/plain; version=0.0.4; charset=utf-8";
            assert_eq!(answer.header("content-type"), text);
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_eq!(answer.header("vary"), "accept, accept-encoding");
            assert_eq!(answer.header("content-encoding"), "");
            assert!(answer.text().contains(LINE));
        }
    }
}

#[tokio::test]
async fn metrics_are_gzipped_for_those_who_take_it() {
    let app = app(Routes::new().metrics(prometheus()));
    let mut request = get("/metrics");
    request
        .headers_mut()
        .insert(ACCEPT_ENCODING, "deflate, gzip;q=0.5".parse().unwrap());
    let answer = ask(&app, request).await;
    assert_eq!(answer.header("content-encoding"), "gzip");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&*answer.body)
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.contains(LINE), "{text}");
}

#[tokio::test]
async fn head_and_other_methods() {
    let app = app(Routes::new().metrics(prometheus()));
    for path in ["/metrics", "/livez", "/health"] {
        let head = Request::head(path).body(Body::empty()).unwrap();
        let answer = ask(&app, head).await;
        assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, 0));
        let post = Request::post(path).body(Body::empty()).unwrap();
        let answer = ask(&app, post).await;
        assert_eq!(answer.status, 405);
        assert_eq!(answer.header("allow"), "GET, HEAD");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.json()["title"], "Method Not Allowed");
    }
}

#[tokio::test]
async fn liveness_and_health_answer() {
    let app = app(Routes::new());
    for path in ["/livez", "/health"] {
        let answer = ask(&app, get(path)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.text(), r#"{"status":"healthy"}"#);
    }
    assert_eq!(ask(&app, get("/metrics")).await.status, 404);
}

/// Four renders are under way until the gate is opened: a fifth is turned away, with word of when to come back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renders_past_four_at_once_are_503() {
    let prometheus = prometheus();
    let under_way = Arc::new(AtomicUsize::new(0));
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    prometheus.before_reading({
        let (under_way, gate) = (Arc::clone(&under_way), Arc::clone(&gate));
        move || {
            under_way.fetch_add(1, Ordering::SeqCst);
            let (is_open, opened) = &*gate;
            let is_open = is_open.lock().unwrap();
            drop(opened.wait_while(is_open, |is_open| !*is_open).unwrap());
        }
    });
    let app = app(Routes::new().metrics(prometheus));
    let four = (0..4).map(|_| {
        let app = app.clone();
        tokio::spawn(async move { ask(&app, get("/metrics")).await.status })
    });
    let four = join_all(four.collect::<Vec<_>>());
    until("four are under way", async || {
        under_way.load(Ordering::SeqCst) == 4
    })
    .await;
    let answer = ask(&app, get("/metrics")).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.json()["status"], 503);
    assert!(answer.text().contains("renders"), "{}", answer.text());

    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    for status in four.await {
        assert_eq!(status.unwrap(), 200);
    }
    assert_eq!(ask(&app, get("/metrics")).await.status, 200);
    assert_eq!(under_way.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn own_routes_are_left_out_of_the_metrics() {
    let prometheus = prometheus();
    let app: Router = Router::new()
        .route("/", route_get(|| async { "hello" }))
        .merge(Routes::new().metrics(prometheus.clone()))
        .layer(HttpMetricsLayer::new().recorder(prometheus))
        .with_state(());
    for path in ["/", "/livez", "/metrics"] {
        assert_eq!(ask(&app, get(path)).await.status, 200);
    }
    let post = Request::post("/metrics").body(Body::empty()).unwrap();
    assert_eq!(ask(&app, post).await.status, 405);
    let text = ask(&app, get("/metrics")).await;
    let series = "http_requests_total{method=\"GET\",endpoint=";
    assert!(
        text.text()
            .contains(&format!("{series}\"/\",status=\"200\"}} 1\n"))
    );
    assert_eq!(text.text().matches("http_requests_total{").count(), 1);
    let gauge = "http_requests_in_progress{method=\"GET\",endpoint=\"/metrics\"} 1\n";
    assert!(
        text.text().contains(gauge),
        "the scrape itself is in flight"
    );
}

#[tokio::test]
async fn merging_keeps_the_apps_fallback_and_state() {
    let app: Router = Router::new()
        .route(
            "/state",
            route_get(|state: axum::extract::State<u8>| async move { state.0.to_string() }),
        )
        .fallback(|| async { (StatusCode::IM_A_TEAPOT, "the app's own") })
        .merge(Routes::new())
        .with_state(7);
    assert_eq!(ask(&app, get("/livez")).await.status, 200);
    assert_eq!(ask(&app, get("/state")).await.text(), "7");
    assert_eq!(ask(&app, get("/none")).await.text(), "the app's own");
}

#[tokio::test]
async fn routes_are_nested_and_renamed() {
    let routes = Routes::new()
        .metrics(prometheus())
        .rename("/metrics", "/internal/prom-1.txt");
    let app: Router = Router::new().nest("/ops", routes.into());
    assert_eq!(ask(&app, get("/ops/internal/prom-1.txt")).await.status, 200);
    assert_eq!(ask(&app, get("/ops/metrics/prometheus")).await.status, 200);
    assert_eq!(ask(&app, get("/ops/livez")).await.status, 200);
    assert_eq!(ask(&app, get("/ops/metrics")).await.status, 404);
    assert_eq!(ask(&app, get("/livez")).await.status, 404);
}

#[test]
fn wrong_paths_are_refused_with_what_is_allowed() {
    let refused = |from: &str, to: &str| mistake(Routes::new().rename(from, to));
    assert!(refused("/metrics", "/m").contains("the added routes are /livez, /health"));
    for path in ["", "m", "/{id}", "/a b", "/*x", "/ä"] {
        let message = refused("/livez", path);
        assert!(message.contains(&format!("{path:?}")) && message.contains("must begin with /"));
    }
    let twice = Routes::new().rename("/health", "/x");
    let message = mistake(twice.rename("/livez", "/x"));
    assert!(
        message.contains("\"/x\" for /health is taken by /livez"),
        "{message}"
    );
    let message = refused("/livez", "/metrics");
    assert!(
        message.contains("the default path of another route"),
        "{message}"
    );
    let same = Routes::new().rename("/livez", "/livez").build::<()>();
    assert!(same.is_ok());
    let message = mistake(Routes::new().protect("/metrics"));
    assert!(
        message.contains("route \"/metrics\" is not added"),
        "{message}"
    );
}

fn mistake(routes: Routes) -> String {
    let error = routes.build::<()>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    error.to_string()
}

fn mistaken() -> Routes {
    Routes::new()
        .rename("/health", "health")
        .protect("/metric")
        .protect("/metric")
        .remove("/startupz")
        .metrics(prometheus())
        .config("monitoring", &1)
}

#[tokio::test]
async fn build_and_serve_return_every_mistake() {
    let message = mistake(mistaken());
    assert!(
        message.starts_with("4 mistakes in the routes: "),
        "{message}"
    );
    for part in [
        "config \"monitoring\" is taken",
        "; route \"/metric\" is not added: the added routes are /livez, /health, /metrics",
        "; route \"/startupz\" is not added",
        "; path \"health\" for /health is not allowed: it must begin with /",
    ] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
    let error = mistaken().serve("127.0.0.1:0").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert_eq!(error.to_string(), message);
}

#[tokio::test]
async fn mistaken_routes_that_are_merged_or_wrapped_respond_with_500_and_log_why() {
    let (log, _guard) = Log::of_this_thread();
    let app: Router = Router::new()
        .route("/", route_get(|| async { "mine" }))
        // It stands where a route of the crate would be without its mistake.
        .route("/health", route_get(|| async { "mine" }))
        .merge(mistaken().guard(Guard::open()))
        .with_state(());
    let logged = log.text();
    assert!(logged.contains("ERROR"), "{logged}");
    assert!(logged.contains("the routes are misconfigured"), "{logged}");
    assert!(logged.contains("4 mistakes in the routes: "), "{logged}");

    let service = mistaken().around(service_fn(|_: Request<Body>| async {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("mine"))))
    }));
    let paths = ["/livez", "/metrics", "/metrics/json", "/metrics/history"];
    for path in paths {
        for answer in [ask(&app, get(path)).await, ask(&service, get(path)).await] {
            assert_eq!(answer.status, 500, "{path}");
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert_eq!(answer.header("cache-control"), "no-store");
            let detail = answer.json()["detail"].clone();
            assert_eq!(
                detail,
                "The routes of this service are misconfigured; the service's log says how."
            );
        }
    }
    for path in ["/", "/health"] {
        assert_eq!(ask(&app, get(path)).await.text(), "mine", "{path}");
        assert_eq!(ask(&service, get(path)).await.text(), "mine", "{path}");
    }
}

#[tokio::test]
async fn the_order_of_setters_does_not_matter() {
    let before = Routes::new()
        .protect("/metrics/json")
        .rename("/metrics", "/prom")
        .remove("/metrics/prometheus")
        .metrics(prometheus());
    let after = Routes::new()
        .metrics(prometheus())
        .remove("/metrics/prometheus")
        .rename("/metrics", "/prom")
        .protect("/metrics/json");
    let all = Routes::new().protect_metrics().metrics(prometheus());
    let statuses = async |routes: Routes| {
        let app = Router::new().merge(routes.build().unwrap()).with_state(());
        let mut statuses = Vec::new();
        for path in ["/metrics/json", "/prom", "/metrics", "/metrics/prometheus"] {
            statuses.push(ask(&app, get(path)).await.status.as_u16());
        }
        statuses
    };
    assert_eq!(statuses(before).await, [403, 200, 404, 404]);
    assert_eq!(statuses(after).await, [403, 200, 404, 404]);
    assert_eq!(statuses(all).await, [403, 404, 403, 403]);
}

#[tokio::test]
async fn a_built_router_merges_into_an_app_with_state() {
    let app: Router = Router::new()
        .route(
            "/state",
            route_get(|state: axum::extract::State<u8>| async move { state.0.to_string() }),
        )
        .merge(Routes::new().build().unwrap())
        .with_state(7);
    assert_eq!(ask(&app, get("/state")).await.text(), "7");
    assert_eq!(ask(&app, get("/livez")).await.status, 200);
}

#[test]
fn a_service_gives_access_to_its_app() {
    let mut service = Routes::new().around("app");
    assert_eq!(*service.get_ref(), "app");
    *service.get_mut() = "other";
    assert_eq!(service.into_inner(), "other");
}

fn guarded(guard: Option<Guard>) -> Router {
    let routes = Routes::new().metrics(prometheus());
    let routes = routes.protect("/metrics");
    app(match guard {
        Some(guard) => routes.guard(guard),
        None => routes,
    })
}

async fn with_authorization(app: &Router, value: &str) -> Answer {
    let mut request = get("/metrics");
    let value = http::HeaderValue::from_bytes(value.as_bytes()).unwrap();
    request.headers_mut().insert(AUTHORIZATION, value);
    ask(app, request).await
}

#[tokio::test]
async fn a_guarded_route_refuses_everyone_until_a_guard_is_named() {
    let app = guarded(None);
    let answer = with_authorization(&app, "Bearer anything").await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let problem = answer.json();
    assert_eq!(problem["title"], "Forbidden");
    assert_eq!(problem["status"], 403);
    assert_eq!(problem["type"], "about:blank");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("Guard::bearer(secret)")
    );
    // The others are as they were.
    assert_eq!(ask(&app, get("/livez")).await.status, 200);
    assert_eq!(ask(&app, get("/metrics/prometheus")).await.status, 200);
}

#[tokio::test]
async fn a_bearer_guard_asks_for_its_token() {
    let app = guarded(Some(Guard::bearer("s3cret\n")));
    for right in ["Bearer s3cret", "bearer s3cret", "BEARER   s3cret "] {
        assert_eq!(with_authorization(&app, right).await.status, 200, "{right}");
    }
    let answer = ask(&app, get("/metrics")).await;
    assert_eq!(
        (answer.status, answer.header("www-authenticate")),
        (StatusCode::UNAUTHORIZED, "Bearer")
    );
    let wrong = [
        "Bearer s3cre",
        "Bearer s3crets",
        "Bearer S3CRET",
        "Bearer ",
        "Bearer",
        "Basic s3cret",
        "s3cret",
        "",
        "Bearer é",
    ];
    for wrong in wrong {
        let answer = with_authorization(&app, wrong).await;
        assert_eq!(answer.status, 401, "{wrong:?}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        assert!(!answer.text().contains("s3cret"));
    }
}

#[tokio::test]
async fn an_empty_secret_lets_nobody_in() {
    let app = guarded(Some(Guard::bearer("")));
    let blank = guarded(Some(Guard::bearer(" \n")));
    assert_eq!(with_authorization(&blank, "Bearer").await.status, 403);
    for sent in ["Bearer ", "Bearer", "Bearer x"] {
        let answer = with_authorization(&app, sent).await;
        assert_eq!(answer.status, 403);
        assert!(answer.text().contains("empty secret"));
    }
}

#[tokio::test]
async fn a_guard_is_a_function_or_open() {
    let app = guarded(Some(Guard::with(|parts| {
        parts.uri.query() == Some("friend")
    })));
    assert_eq!(ask(&app, get("/metrics?friend")).await.status, 200);
    assert_eq!(ask(&app, get("/metrics")).await.status, 403);
    assert_eq!(
        ask(&guarded(Some(Guard::open())), get("/metrics"))
            .await
            .status,
        200
    );
}

#[test]
fn a_secret_is_in_no_debug_output() {
    let routes = Routes::new().guard(Guard::bearer("s3cret"));
    let debug = format!("{routes:?}");
    assert!(
        debug.contains("redacted") && !debug.contains("s3cret"),
        "{debug}"
    );
}

#[tokio::test]
async fn in_front_of_a_plain_service_unknown_paths_fall_through() {
    let prometheus = prometheus();
    let busy = service_fn(|request: Request<Body>| async move {
        let text = format!("app {}", request.uri().path());
        let body = request.into_body().collect().await.unwrap().to_bytes();
        Ok::<_, Infallible>(Response::new(Full::new(
            [text.as_bytes(), &body].concat().into(),
        )))
    });
    let service = HttpMetricsLayer::new()
        .recorder(prometheus.clone())
        .layer(Routes::new().metrics(prometheus).around(busy));

    let upload = Request::post("/upload").body(Body::from("+body")).unwrap();
    assert_eq!(ask(&service, upload).await.text(), "app /upload+body");
    assert_eq!(ask(&service, get("/livez/x")).await.text(), "app /livez/x");
    assert_eq!(
        ask(&service, get("/livez")).await.text(),
        r#"{"status":"healthy"}"#
    );
    let post = Request::post("/metrics").body(Body::empty()).unwrap();
    assert_eq!(ask(&service, post).await.status, 405);
    let text = ask(&service, get("/metrics")).await;
    assert!(
        text.text()
            .contains("method=\"POST\",endpoint=\"unmatched\",status=\"200\"} 1\n")
    );
    assert!(
        text.text()
            .contains("method=\"GET\",endpoint=\"unmatched\",status=\"200\"} 1\n")
    );
}

#[tokio::test]
async fn probes_are_answered_while_the_app_is_not_ready() {
    let app = tower::ServiceBuilder::new()
        .concurrency_limit(1)
        .service(service_fn(|_: Request<Body>| {
            std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>()
        }));
    let service = Routes::new().around(app);
    let hang = tokio::spawn(service.clone().oneshot(get("/")));
    tokio::task::yield_now().await;
    assert_eq!(ask(&service, get("/livez")).await.status, 200);
    hang.abort();
}

#[tokio::test]
async fn without_an_app_other_paths_are_404() {
    let answer = ask(&Routes::new().into_service(), get("/none")).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn metrics_added_again_stay_where_they_are_and_guarded() {
    let routes = Routes::new()
        .metrics(Prometheus::builder().build().unwrap())
        .rename("/metrics", "/prom")
        .protect("/metrics")
        .metrics(prometheus());
    let closed = app(routes.clone());
    assert_eq!(ask(&closed, get("/prom")).await.status, 403);
    assert_eq!(ask(&closed, get("/metrics")).await.status, 404);
    let open = app(routes.guard(Guard::open()));
    assert!(ask(&open, get("/prom")).await.text().contains(LINE));
}

#[tokio::test]
async fn protected_metrics_show_nothing_that_was_recorded() {
    let message = mistake(Routes::new().protect_metrics());
    assert!(
        message.contains("route \"/metrics\" is not added"),
        "{message}"
    );
    let routes = Routes::new()
        .metrics(prometheus())
        .rename("/metrics/json", "/numbers")
        .protect_metrics()
        .guard(Guard::bearer("s3cret"));
    let app = app(routes);
    for path in [
        "/metrics",
        "/metrics/prometheus",
        "/numbers",
        "/metrics/registries",
        "/metrics/history",
    ] {
        assert_eq!(ask(&app, get(path)).await.status, 401, "{path}");
    }
    assert_eq!(ask(&app, get("/livez")).await.status, 200);
}

#[tokio::test]
async fn a_removed_route_can_be_the_apps_own() {
    let mine = Router::new().route("/health", axum::routing::get(|| async { "mine" }));
    let routes = Routes::new().remove("/health");
    let app = mine.merge(routes.clone()).with_state(());
    assert_eq!(ask(&app, get("/health")).await.text(), "mine");
    assert_eq!(ask(&app, get("/livez")).await.status, 200);

    let message = mistake(routes.remove("/healthy"));
    assert!(
        message.contains("route \"/healthy\" is not added"),
        "{message}"
    );
}
