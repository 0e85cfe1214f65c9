//! Responses of the routes, their guards, and their ways into an app.

use std::convert::Infallible;
use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::support::log::Log;
use crate::support::until;
use axum::Router;
use axum::body::Body;
use axum::routing::get as route_get;
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use metrics::{Key, Label, Level, Metadata, Recorder};
use tokio::task::JoinHandle;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_vitals::routes::Guard;
use tower_vitals::{ErrorKind, Health, Prometheus, Routes};

fn prometheus() -> Prometheus {
    let prometheus = Prometheus::builder().build().unwrap();
    let metadata = Metadata::new("test", Level::INFO, None);
    let key = Key::from_parts("seen_total", vec![Label::new("by", "test")]);
    prometheus.register_counter(&key, &metadata).increment(3);
    prometheus
}

fn health() -> Health {
    Health::builder().build().unwrap()
}

const LINE: &str = "seen_total{by=\"test\"} 3\n";

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

struct Received {
    status: StatusCode,
    headers: http::HeaderMap,
    body: Bytes,
}

impl Received {
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

async fn send<S, B>(service: &S, request: Request<Body>) -> Received
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone,
    B: http_body::Body<Data = Bytes, Error: std::fmt::Debug>,
{
    let Ok(response) = service.clone().oneshot(request).await;
    let (parts, body) = response.into_parts();
    Received {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

fn app(routes: Routes) -> Router {
    Router::new().merge(routes).with_state(())
}

#[tokio::test]
async fn metrics_are_text_0_0_4_by_default() {
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
            let response = send(&app, request).await;
            assert_eq!(response.status, 200);
            let text = "text/plain; version=0.0.4; charset=utf-8";
            assert_eq!(response.header("content-type"), text);
            assert_eq!(response.header("cache-control"), "no-store");
            assert_eq!(response.header("vary"), "accept, accept-encoding");
            assert_eq!(response.header("content-encoding"), "");
            assert!(response.text().contains(LINE));
        }
    }
}

#[tokio::test]
async fn metrics_are_gzipped_if_the_client_accepts_it() {
    let app = app(Routes::new().metrics(prometheus()));
    let mut request = get("/metrics");
    request
        .headers_mut()
        .insert(ACCEPT_ENCODING, "deflate, gzip;q=0.5".parse().unwrap());
    let response = send(&app, request).await;
    assert_eq!(response.header("content-encoding"), "gzip");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&*response.body)
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.contains(LINE), "{text}");
}

#[tokio::test]
async fn head_has_no_body_and_other_methods_are_405() {
    let app = app(Routes::new().metrics(prometheus()).health(health()));
    for path in ["/metrics", "/livez", "/health"] {
        let head = Request::head(path).body(Body::empty()).unwrap();
        let response = send(&app, head).await;
        assert_eq!((response.status, response.body.len()), (StatusCode::OK, 0));
        let post = Request::post(path).body(Body::empty()).unwrap();
        let response = send(&app, post).await;
        assert_eq!(response.status, 405);
        assert_eq!(response.header("allow"), "GET, HEAD");
        assert_eq!(response.header("content-type"), "application/problem+json");
        assert_eq!(response.header("cache-control"), "no-store");
        assert_eq!(response.json()["title"], "Method Not Allowed");
    }
}

#[tokio::test]
async fn liveness_and_health_respond_without_checks() {
    for (path, routes) in [
        ("/livez", Routes::new().liveness()),
        ("/livez", Routes::new().health(health())),
        ("/health", Routes::new().health(health())),
    ] {
        let app = app(routes);
        let response = send(&app, get(path)).await;
        assert_eq!(response.status, 200);
        assert_eq!(response.header("content-type"), "application/json");
        assert_eq!(response.header("cache-control"), "no-store");
        assert_eq!(response.text(), r#"{"status":"healthy"}"#);
        assert_eq!(send(&app, get("/metrics")).await.status, 404);
    }
}

/// Renders wait until the gate opens.
struct Gate {
    renders: Arc<AtomicUsize>,
    is_open: Arc<(Mutex<bool>, Condvar)>,
}

impl Gate {
    fn new(prometheus: &Prometheus) -> Self {
        let gate = Self {
            renders: Arc::default(),
            is_open: Arc::default(),
        };
        prometheus.on_gather({
            let (renders, gate) = (Arc::clone(&gate.renders), Arc::clone(&gate.is_open));
            move || {
                renders.fetch_add(1, Ordering::SeqCst);
                let (is_open, opened) = &*gate;
                let is_open = is_open.lock().unwrap();
                drop(opened.wait_while(is_open, |is_open| !*is_open).unwrap());
            }
        });
        gate
    }

    fn renders(&self) -> usize {
        self.renders.load(Ordering::SeqCst)
    }

    fn open(&self) {
        *self.is_open.0.lock().unwrap() = true;
        self.is_open.1.notify_all();
    }
}

/// Starts a request for the metrics in this format.
fn start_scrape(app: &Router, accept: &'static str, coding: &'static str) -> JoinHandle<Received> {
    let app = app.clone();
    let mut request = get("/metrics");
    let headers = request.headers_mut();
    headers.insert(ACCEPT, accept.parse().unwrap());
    headers.insert(ACCEPT_ENCODING, coding.parse().unwrap());
    tokio::spawn(async move { send(&app, request).await })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fifth_concurrent_render_is_503_after_a_second() {
    let prometheus = prometheus();
    let gate = Gate::new(&prometheus);
    let app = app(Routes::new().metrics(prometheus));
    let four = [
        ("text/plain", "identity"),
        ("text/plain", "gzip"),
        ("application/json", "identity"),
        ("application/json", "gzip"),
    ];
    let four = four.map(|(accept, coding)| start_scrape(&app, accept, coding));
    until("four renders are in progress", async || gate.renders() == 4).await;
    let asked = Instant::now();
    let response = start_scrape(&app, "application/openmetrics-text", "identity");
    let response = response.await.unwrap();
    assert!(asked.elapsed() >= Duration::from_secs(1));
    assert_eq!(response.status, 503);
    assert_eq!(response.header("retry-after"), "1");
    assert_eq!(response.header("content-type"), "application/problem+json");
    assert_eq!(response.json()["status"], 503);
    assert!(response.text().contains("renders"), "{}", response.text());

    // One that waits is rendered as soon as there is room.
    let fifth = start_scrape(&app, "application/openmetrics-text", "identity");
    tokio::task::yield_now().await;
    gate.open();
    for response in four {
        assert_eq!(response.await.unwrap().status, 200);
    }
    assert_eq!(fifth.await.unwrap().status, 200);
    assert_eq!(gate.renders(), 5);
}

/// A text is never older than the request for it. On one thread, so that all requests wait before the gate opens.
#[tokio::test]
async fn requests_during_a_render_share_the_next_one() {
    let prometheus = prometheus();
    let gate = Gate::new(&prometheus);
    let app = app(Routes::new().metrics(prometheus.clone()));
    let first = start_scrape(&app, "text/plain", "identity");
    until("a render is in progress", async || gate.renders() == 1).await;
    let metadata = Metadata::new("test", Level::INFO, None);
    let late = Key::from_name("late_total");
    prometheus.register_counter(&late, &metadata).increment(1);
    let others = (0..20).map(|_| start_scrape(&app, "text/plain", "identity"));
    let others: Vec<_> = others.collect();
    // This one leaves.
    others[0].abort();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(gate.renders(), 1);
    gate.open();
    assert_eq!(first.await.unwrap().status, 200);
    for response in others.into_iter().skip(1) {
        let response = response.await.unwrap();
        assert_eq!(response.status, 200);
        assert!(response.text().contains("late_total 1\n"));
    }
    assert_eq!(gate.renders(), 2);
}

/// A hook that hangs costs one of four renders, and not the format.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_render_that_hangs_holds_no_other_request() {
    let prometheus = prometheus();
    let gate = Gate::new(&prometheus);
    let app = app(Routes::new().metrics(prometheus));
    let hung = start_scrape(&app, "text/plain", "identity");
    until("a render hangs", async || gate.renders() == 1).await;
    let second = start_scrape(&app, "text/plain", "identity");
    until("a second one starts", async || gate.renders() == 2).await;
    gate.open();
    assert_eq!(second.await.unwrap().status, 200);
    assert_eq!(hung.await.unwrap().status, 200);
}

/// Sixteen texts are not read. The wait takes place in paused time, because no render is in progress.
#[tokio::test(start_paused = true)]
async fn a_seventeenth_unread_text_is_503_after_a_second() {
    let app = app(Routes::new().metrics(prometheus()));
    let mut unread = Vec::new();
    for _ in 0..16 {
        unread.push(app.clone().oneshot(get("/metrics")).await.unwrap());
    }
    assert!(unread.iter().all(|response| response.status() == 200));
    let asked = tokio::time::Instant::now();
    let response = send(&app, get("/metrics")).await;
    assert_eq!(response.status, 503);
    assert_eq!(asked.elapsed(), Duration::from_secs(1));
    assert!(
        response.text().contains("wait to be read"),
        "{}",
        response.text()
    );

    // A request that waits gets the text as soon as another one was read.
    let waiting = start_scrape(&app, "text/plain", "identity");
    tokio::time::sleep(Duration::from_millis(500)).await;
    drop(unread.pop());
    let asked = tokio::time::Instant::now();
    assert_eq!(waiting.await.unwrap().status, 200);
    assert!(asked.elapsed() < Duration::from_millis(500));
}

#[tokio::test]
async fn own_routes_are_not_in_the_request_metrics() {
    let prometheus = prometheus();
    let app: Router = Router::new()
        .route("/", route_get(|| async { "hello" }))
        .merge(Routes::new().metrics(prometheus.clone()).liveness())
        .layer(crate::support::layer(prometheus))
        .with_state(());
    for path in ["/", "/livez", "/metrics"] {
        assert_eq!(send(&app, get(path)).await.status, 200);
    }
    let post = Request::post("/metrics").body(Body::empty()).unwrap();
    assert_eq!(send(&app, post).await.status, 405);
    let text = send(&app, get("/metrics")).await;
    let series = "http_requests_total{method=\"GET\",endpoint=";
    assert!(
        text.text()
            .contains(&format!("{series}\"/\",status=\"200\"}} 1\n"))
    );
    let zero = format!("{series}\"/\",status=\"500\"}} 0\n");
    assert!(text.text().contains(&zero));
    assert_eq!(text.text().matches("http_requests_total{").count(), 2);
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
        .merge(Routes::new().liveness())
        .with_state(7);
    assert_eq!(send(&app, get("/livez")).await.status, 200);
    assert_eq!(send(&app, get("/state")).await.text(), "7");
    assert_eq!(send(&app, get("/none")).await.text(), "the app's own");
}

#[tokio::test]
async fn routes_are_nested_and_renamed() {
    let routes = Routes::new()
        .metrics(prometheus())
        .liveness()
        .rename("/metrics", "/internal/prom-1.txt");
    let app: Router = Router::new().nest("/ops", routes.into());
    assert_eq!(
        send(&app, get("/ops/internal/prom-1.txt")).await.status,
        200
    );
    assert_eq!(send(&app, get("/ops/metrics/prometheus")).await.status, 200);
    assert_eq!(send(&app, get("/ops/livez")).await.status, 200);
    assert_eq!(send(&app, get("/ops/metrics")).await.status, 404);
    assert_eq!(send(&app, get("/livez")).await.status, 404);
}

#[test]
fn wrong_paths_are_refused_with_what_is_allowed() {
    let refused = |from: &str, to: &str| mistake(Routes::new().liveness().rename(from, to));
    assert!(refused("/metrics", "/m").contains("the added routes are /livez"));
    let message = mistake(Routes::new().rename("/metrics", "/m"));
    assert_eq!(
        message,
        "route \"/metrics\" is not added: no route is added"
    );
    for (path, problem) in [
        ("", "does not begin with /"),
        ("m", "does not begin with /"),
        ("/{id}", "contains '{'"),
        ("/a b", "contains ' '"),
        ("/*x", "contains '*'"),
        ("/ä", "contains 'ä'"),
    ] {
        let message = refused("/livez", path);
        let allowed = "a / and then letters, digits and / - _ . ~ are allowed";
        let expected = format!("path {path:?} for /livez {problem}: {allowed}");
        assert_eq!(message, expected);
    }
    let named = Routes::new().health(health());
    let message = mistake(named.rename("/health/checker/{name}", "/{name}"));
    assert!(message.contains("has nothing before /{name}"), "{message}");
    let twice = Routes::new().health(health()).rename("/health", "/x");
    let message = mistake(twice.rename("/livez", "/x"));
    assert!(
        message.contains("\"/x\" for /livez is taken by /health"),
        "{message}"
    );
    let message = refused("/livez", "/metrics");
    assert!(
        message.contains("the default path of another route"),
        "{message}"
    );
    let same = Routes::new().liveness().rename("/livez", "/livez");
    assert!(same.build::<()>().is_ok());
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
        .health(health())
        .rename("/health", "health")
        .protect("/metric")
        .protect("/metric")
        .remove("/startup")
        .metrics(prometheus())
        .config("monitoring", &1)
}

#[tokio::test]
async fn build_and_serve_return_every_mistake() {
    let message = mistake(mistaken());
    assert!(message.starts_with("4 mistakes: "), "{message}");
    for part in [
        "config \"monitoring\" is taken",
        "; route \"/metric\" is not added: the added routes are /health, /healthz, /livez",
        "; route \"/startup\" is not added",
        "; path \"health\" for /health does not begin with /: a / and then letters",
    ] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
    let error = mistaken().spawn("127.0.0.1:0").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert_eq!(error.to_string(), message);
}

#[tokio::test]
async fn mistaken_routes_that_are_merged_or_wrapped_respond_with_500_and_log_why() {
    let (log, _guard) = Log::of_this_thread();
    let app: Router = Router::new()
        .route("/", route_get(|| async { "mine" }))
        // The mistaken route does not clash with the app's own at its default path.
        .route("/health", route_get(|| async { "mine" }))
        .merge(mistaken().guard(Guard::open()))
        .with_state(());
    let logged = log.text();
    assert!(logged.contains("ERROR"), "{logged}");
    assert!(logged.contains(
            "the routes are misconfigured: a route whose new path is invalid is left out, and all others respond with 500"
        ), "{logged}");
    assert!(logged.contains("4 mistakes: "), "{logged}");

    let service = mistaken().around(service_fn(|_: Request<Body>| async {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("mine"))))
    }));
    let paths = ["/livez", "/metrics", "/metrics/json", "/metrics/history"];
    for path in paths {
        for response in [send(&app, get(path)).await, send(&service, get(path)).await] {
            assert_eq!(response.status, 500, "{path}");
            assert_eq!(response.header("content-type"), "application/problem+json");
            assert_eq!(response.header("cache-control"), "no-store");
            let detail = response.json()["detail"].clone();
            assert_eq!(
                detail,
                "The routes of this service are misconfigured; the service's log says how."
            );
        }
    }
    for path in ["/", "/health"] {
        assert_eq!(send(&app, get(path)).await.text(), "mine", "{path}");
        assert_eq!(send(&service, get(path)).await.text(), "mine", "{path}");
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
            statuses.push(send(&app, get(path)).await.status.as_u16());
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
        .merge(Routes::new().liveness().build().unwrap())
        .with_state(7);
    assert_eq!(send(&app, get("/state")).await.text(), "7");
    assert_eq!(send(&app, get("/livez")).await.status, 200);
}

#[test]
fn a_service_gives_access_to_its_app() {
    let mut service = Routes::new().around("app");
    assert_eq!(*service.get_ref(), "app");
    *service.get_mut() = "other";
    assert_eq!(service.into_inner(), "other");
}

fn guarded(guard: Option<Guard>) -> Router {
    let routes = Routes::new().metrics(prometheus()).liveness();
    let routes = routes.protect("/metrics");
    app(match guard {
        Some(guard) => routes.guard(guard),
        None => routes,
    })
}

async fn with_authorization(app: &Router, value: &str) -> Received {
    let mut request = get("/metrics");
    let value = http::HeaderValue::from_bytes(value.as_bytes()).unwrap();
    request.headers_mut().insert(AUTHORIZATION, value);
    send(app, request).await
}

#[tokio::test]
async fn a_guarded_route_refuses_everyone_without_a_guard() {
    let app = guarded(None);
    let response = with_authorization(&app, "Bearer anything").await;
    assert_eq!(response.status, 403);
    assert_eq!(response.header("content-type"), "application/problem+json");
    assert_eq!(response.header("cache-control"), "no-store");
    let problem = response.json();
    assert_eq!(problem["title"], "Forbidden");
    assert_eq!(problem["status"], 403);
    assert_eq!(problem["type"], "about:blank");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("Guard::bearer(secret)")
    );
    // Other routes stay open.
    assert_eq!(send(&app, get("/livez")).await.status, 200);
    assert_eq!(send(&app, get("/metrics/prometheus")).await.status, 200);
}

#[tokio::test]
async fn a_bearer_guard_requires_its_token() {
    let app = guarded(Some(Guard::bearer("s3cret\n")));
    for right in ["Bearer s3cret", "bearer s3cret", "BEARER   s3cret "] {
        assert_eq!(with_authorization(&app, right).await.status, 200, "{right}");
    }
    let response = send(&app, get("/metrics")).await;
    assert_eq!(
        (response.status, response.header("www-authenticate")),
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
        let response = with_authorization(&app, wrong).await;
        assert_eq!(response.status, 401, "{wrong:?}");
        assert!(response.header("www-authenticate").starts_with("Bearer"));
        assert!(!response.text().contains("s3cret"));
    }
}

#[tokio::test]
async fn an_empty_secret_allows_no_request() {
    let app = guarded(Some(Guard::bearer("")));
    let blank = guarded(Some(Guard::bearer(" \n")));
    assert_eq!(with_authorization(&blank, "Bearer").await.status, 403);
    for sent in ["Bearer ", "Bearer", "Bearer x"] {
        let response = with_authorization(&app, sent).await;
        assert_eq!(response.status, 403);
        assert!(response.text().contains("empty secret"));
    }
}

#[tokio::test]
async fn a_guard_can_be_a_function_or_open() {
    let app = guarded(Some(Guard::with(|parts| {
        parts.uri.query() == Some("friend")
    })));
    assert_eq!(send(&app, get("/metrics?friend")).await.status, 200);
    assert_eq!(send(&app, get("/metrics")).await.status, 403);
    assert_eq!(
        send(&guarded(Some(Guard::open())), get("/metrics"))
            .await
            .status,
        200
    );
}

#[test]
fn debug_output_hides_the_secret() {
    let routes = Routes::new().guard(Guard::bearer("s3cret"));
    let debug = format!("{routes:?}");
    assert!(
        debug.contains("redacted") && !debug.contains("s3cret"),
        "{debug}"
    );
}

#[tokio::test]
async fn unknown_paths_reach_the_wrapped_service() {
    let prometheus = prometheus();
    let busy = service_fn(|request: Request<Body>| async move {
        let text = format!("app {}", request.uri().path());
        let body = request.into_body().collect().await.unwrap().to_bytes();
        Ok::<_, Infallible>(Response::new(Full::new(
            [text.as_bytes(), &body].concat().into(),
        )))
    });
    let service = crate::support::layer(prometheus.clone())
        .layer(Routes::new().metrics(prometheus).liveness().around(busy));

    let upload = Request::post("/upload").body(Body::from("+body")).unwrap();
    assert_eq!(send(&service, upload).await.text(), "app /upload+body");
    assert_eq!(send(&service, get("/livez/x")).await.text(), "app /livez/x");
    assert_eq!(
        send(&service, get("/livez")).await.text(),
        r#"{"status":"healthy"}"#
    );
    let post = Request::post("/metrics").body(Body::empty()).unwrap();
    assert_eq!(send(&service, post).await.status, 405);
    let text = send(&service, get("/metrics")).await;
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
async fn probes_succeed_while_the_app_is_not_ready() {
    let app = tower::ServiceBuilder::new()
        .concurrency_limit(1)
        .service(service_fn(|_: Request<Body>| {
            std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>()
        }));
    let service = Routes::new().liveness().around(app);
    let hang = tokio::spawn(service.clone().oneshot(get("/")));
    tokio::task::yield_now().await;
    assert_eq!(send(&service, get("/livez")).await.status, 200);
    hang.abort();
}

#[tokio::test]
async fn without_an_app_other_paths_are_404() {
    let response = send(&Routes::new().into_service(), get("/none")).await;
    assert_eq!(response.status, 404);
    assert_eq!(response.header("cache-control"), "no-store");
    assert_eq!(response.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn metrics_added_again_stay_renamed_and_guarded() {
    let routes = Routes::new()
        .metrics(Prometheus::builder().build().unwrap())
        .rename("/metrics", "/prom")
        .protect("/metrics")
        .metrics(prometheus());
    let closed = app(routes.clone());
    assert_eq!(send(&closed, get("/prom")).await.status, 403);
    assert_eq!(send(&closed, get("/metrics")).await.status, 404);
    let open = app(routes.guard(Guard::open()));
    assert!(send(&open, get("/prom")).await.text().contains(LINE));
}

#[tokio::test]
async fn protect_metrics_guards_every_route_of_metrics() {
    let message = mistake(Routes::new().protect_metrics());
    assert!(
        message.contains("route \"/metrics\" is not added"),
        "{message}"
    );
    let routes = Routes::new()
        .metrics(prometheus())
        .liveness()
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
        assert_eq!(send(&app, get(path)).await.status, 401, "{path}");
    }
    assert_eq!(send(&app, get("/livez")).await.status, 200);
}

#[tokio::test]
async fn a_removed_route_can_be_the_apps_own() {
    let mine = Router::new().route("/health", axum::routing::get(|| async { "mine" }));
    let routes = Routes::new().health(health()).remove("/health");
    let app = mine.merge(routes.clone()).with_state(());
    assert_eq!(send(&app, get("/health")).await.text(), "mine");
    assert_eq!(send(&app, get("/livez")).await.status, 200);

    let message = mistake(routes.remove("/healthy"));
    assert!(
        message.contains("route \"/healthy\" is not added"),
        "{message}"
    );
}
