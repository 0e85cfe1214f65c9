//! `Naming::axum_prometheus()` beside the real crate. It installs the facade's recorder, so the tests have a process of
//! their own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_methods,
    reason = "tests panic on failure and compare exact values"
)]

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use axum_prometheus::PrometheusMetricLayer;
use http::Request;
use serde_json::Value;
use support::prometheus::{Target, curl};
use tokio::sync::OnceCell;
use tower::{Layer, ServiceExt};
use tower_vitals::http_metrics::Naming;
use tower_vitals::{HttpMetricsLayer, Prometheus};

/// The app of axum-prometheus' README, whose layer and metrics are arguments.
fn app<L>(layer: L, render: impl Fn() -> String + Clone + Send + Sync + 'static) -> Router
where
    L: Layer<axum::routing::Route> + Clone + Send + Sync + 'static,
    L::Service: tower::Service<axum::extract::Request> + Clone + Send + Sync + 'static,
    <L::Service as tower::Service<axum::extract::Request>>::Response:
        axum::response::IntoResponse + 'static,
    <L::Service as tower::Service<axum::extract::Request>>::Error:
        Into<std::convert::Infallible> + 'static,
    <L::Service as tower::Service<axum::extract::Request>>::Future: Send + 'static,
{
    Router::<()>::new()
        .route("/fast", get(|| async {}))
        .route(
            "/slow",
            get(|| async {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }),
        )
        .route("/fail", get(|| async { http::StatusCode::BAD_GATEWAY }))
        .route("/metrics", get(move || async move { render() }))
        .layer(layer)
}

/// Both apps, and the metrics of each after the same requests.
struct Pair {
    their_app: Router,
    our_app: Router,
    their_text: String,
    our_text: String,
    #[cfg(feature = "metrics-exporter-prometheus")]
    their_handle: axum_prometheus::metrics_exporter_prometheus::PrometheusHandle,
}

/// axum-prometheus can be installed once, so the tests share the apps.
async fn pair() -> &'static Pair {
    static PAIR: OnceCell<Pair> = OnceCell::const_new();
    PAIR.get_or_init(async || {
        let (layer, handle) = PrometheusMetricLayer::pair();
        let render = handle.clone();
        let their_app = app(layer, move || render.render());
        let prometheus = Prometheus::builder().build().unwrap();
        let layer = HttpMetricsLayer::builder()
            .recorder(prometheus.clone())
            .naming(Naming::axum_prometheus())
            .zero_statuses([])
            .build()
            .unwrap();
        let render = prometheus.clone();
        let our_app = app(layer, move || render.render());
        for app in [&their_app, &our_app] {
            for (method, path) in [
                ("GET", "/fast"),
                ("GET", "/fast"),
                ("GET", "/slow"),
                ("GET", "/fail"),
                ("POST", "/fast"),
                ("HEAD", "/fast"),
                ("GET", "/metrics"),
            ] {
                send(app, method, path).await;
            }
        }
        Pair {
            their_app,
            our_app,
            their_text: handle.render(),
            our_text: prometheus.render(),
            #[cfg(feature = "metrics-exporter-prometheus")]
            their_handle: handle,
        }
    })
    .await
}

/// The samples of axum-prometheus' families by their name and sorted labels, without those that depend on the clock.
fn samples(text: &str) -> BTreeMap<String, Option<String>> {
    let lines = text.lines().filter(|line| line.starts_with("axum_http_"));
    let samples = lines.map(|line| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap();
        let mut labels: Vec<_> = labels.trim_end_matches('}').split(',').collect();
        labels.sort_unstable();
        let depends_on_clock = name.ends_with("_bucket") || name.ends_with("_sum");
        let value = (!depends_on_clock).then(|| value.to_owned());
        (format!("{name}{{{}}}", labels.join(",")), value)
    });
    samples.collect()
}

async fn send(app: &Router, method: &str, path: &str) {
    let request = Request::builder().method(method).uri(path);
    let request = request.body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let body = http_body_util::BodyExt::collect(response.into_body());
    body.await.unwrap();
}

#[tokio::test]
async fn the_readme_example_has_the_same_series() {
    let pair = pair().await;
    let (theirs, ours) = (samples(&pair.their_text), samples(&pair.our_text));
    assert_eq!(theirs, ours);
    // Six counters, six gauges, and for each counter a histogram of 12 buckets, sum and count.
    assert_eq!(ours.len(), 6 + 6 + 6 * 14, "{ours:#?}");
    let types = |text: &str| {
        let lines = text.lines().filter(|line| line.starts_with("# TYPE axum_"));
        let mut lines: Vec<_> = lines.map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(types(&pair.their_text), types(&pair.our_text));
}

/// The exporter is the recorder of the facade here, to which the routes record their own metrics.
#[cfg(feature = "metrics-exporter-prometheus")]
#[tokio::test]
async fn the_routes_take_its_handle() {
    let handle = pair().await.their_handle.clone();
    let app: Router = Router::new().merge(tower_vitals::Routes::new().metrics(handle.clone()));
    send(&app, "GET", "/metrics").await;
    let request = Request::get("/metrics/json").body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
    let found: Value = serde_json::from_slice(&body.unwrap()).unwrap();
    let requests = &found["metrics"]["axum_http_requests_total"]["series"];
    assert_eq!(requests.as_array().unwrap().len(), 6, "{requests}");
    let scrapes = &found["metrics"]["monitoring_scrape_duration_seconds"];
    assert_eq!(scrapes["count"], 1);
    let help = tower_vitals::catalog::MONITORING_SCRAPE_DURATION.help;
    assert_eq!(scrapes["help"], help);
    let text = handle.render();
    assert!(text.contains(&format!(
        "# HELP monitoring_scrape_duration_seconds {help}\n"
    )));
}

/// The queries of panels that users of axum-prometheus have: requests by status, latency, and requests in progress.
const PANELS: [&str; 5] = [
    r#"sum(rate(axum_http_requests_total{status=~"^2.*$"}[1m])) by (status, method, endpoint)"#,
    r#"sum(rate(axum_http_requests_total{status=~"^5.*"}[1m])) by (status, method, endpoint)"#,
    r#"sum(rate(axum_http_requests_total{status!~"^(2|4|5).*"}[1m])) by (status, method, endpoint)"#,
    "sum(rate(axum_http_requests_duration_seconds_bucket[1m])) by (le)",
    "sum(axum_http_requests_pending) by (method, endpoint)",
];

/// The label sets that a panel of one target shows, sorted.
fn panel(query: &str, target: &str) -> Vec<String> {
    let selector = format!("example=\"{target}\"");
    let query = ["_total", "_pending", "_bucket"].iter().fold(
        query.replace('{', &format!("{{{selector},")),
        |query, suffix| {
            query
                .replace(&format!("{suffix}["), &format!("{suffix}{{{selector}}}["))
                .replace(&format!("{suffix})"), &format!("{suffix}{{{selector}}})"))
        },
    );
    let url = format!("http://{}/api/v1/query", support::env("VITALS_PROMETHEUS"));
    let answer = curl(&["--get", &url, "--data-urlencode", &format!("query={query}")]);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["status"], "success", "{query}: {answer}");
    let results = answer["data"]["result"].as_array().unwrap();
    let mut sets: Vec<_> = results
        .iter()
        .map(|one| one["metric"].to_string())
        .collect();
    sets.sort();
    sets
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Prometheus: tests/run"]
async fn panels_of_dashboards_show_the_same_series() {
    let pair = pair().await;
    let mut targets = Vec::new();
    for (name, app) in [
        ("axum_theirs", &pair.their_app),
        ("axum_ours", &pair.our_app),
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let app = app.clone();
        tokio::spawn(async move { axum::serve(listener, app).await });
        let target = tokio::task::spawn_blocking(move || Target::add(&address, name));
        targets.push(target.await.unwrap());
    }
    let compare = || {
        let deadline = Instant::now() + Duration::from_mins(1);
        for (query, count) in PANELS.into_iter().zip([4, 1, 0, 12, 6]) {
            loop {
                let (theirs, ours) = (panel(query, "axum_theirs"), panel(query, "axum_ours"));
                if theirs == ours && ours.len() == count {
                    break;
                }
                assert!(Instant::now() < deadline, "{query}: {theirs:?} {ours:?}");
                std::thread::sleep(Duration::from_millis(200));
            }
        }
    };
    tokio::task::spawn_blocking(compare).await.unwrap();
}
