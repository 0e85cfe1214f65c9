//! The routes over an exporter of metrics-exporter-prometheus that the service installed itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use boon::{Compiler, Schemas};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Method, Request};
use http_body_util::BodyExt;
use metrics::{Key, Label, Level, Metadata, Recorder, Unit};
use metrics_exporter_prometheus::{
    Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};
use metrics_util::layers::{Layer, PrefixLayer};
use serde_json::{Value as Json, json};
use tower::ServiceExt;
use tower_vitals::catalog::{FAMILIES, Kind, TOKEN_COST};
use tower_vitals::exporter::{
    ExistingExporter, HistoryConfig, HistoryQuery, MetricsSource, SeriesLimit,
};
use tower_vitals::instrument::{Collectors, Tokens};
use tower_vitals::routes::Guard;
use tower_vitals::{ErrorKind, HttpMetricsLayer, Routes};

use crate::support::python::python;

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

/// An exporter as a service builds it: buckets for one histogram, none for the others.
fn stock() -> (Arc<PrometheusRecorder>, PrometheusHandle) {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("wait_seconds".to_owned()), &[0.1, 0.5, 1.0])
        .unwrap();
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    (Arc::new(recorder), handle)
}

fn shop(name: &'static str, shop: &'static str) -> Key {
    Key::from_parts(name, vec![Label::new("shop", shop)])
}

fn record(recorder: &PrometheusRecorder) {
    recorder.describe_counter("orders_total".into(), Some(Unit::Count), "Orders.".into());
    for (name, orders, wait) in [("eu", 3, 0.2), ("u\"s", 4, 0.4), ("eu", 2, 0.6)] {
        let orders_total = recorder.register_counter(&shop("orders_total", name), &METADATA);
        orders_total.increment(orders);
        let wait_seconds = recorder.register_histogram(&shop("wait_seconds", name), &METADATA);
        wait_seconds.record(wait);
    }
    let queue = recorder.register_gauge(&shop("queue", "eu"), &METADATA);
    queue.set(2.5);
    // No buckets are set, so the exporter writes a summary.
    let sizes = recorder.register_histogram(&shop("basket_items", "eu"), &METADATA);
    for size in [1.0, 2.0, 3.0, 4.0] {
        sizes.record(size);
    }
}

fn recorded() -> (Arc<PrometheusRecorder>, PrometheusHandle) {
    let (recorder, handle) = stock();
    record(&recorder);
    (recorder, handle)
}

async fn ask(
    metrics: impl Into<MetricsSource>,
    method: Method,
    path: &str,
    accept: &str,
) -> (u16, String, String) {
    ask_routes(
        Routes::new().metrics(metrics).guard(Guard::open()),
        method,
        path,
        accept,
    )
    .await
}

async fn ask_routes(
    routes: Routes,
    method: Method,
    path: &str,
    accept: &str,
) -> (u16, String, String) {
    let request = Request::builder().method(method).uri(path);
    let request = request.header(ACCEPT, accept).body(Body::empty()).unwrap();
    let response = Router::from(routes).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let content_type = parts.headers[CONTENT_TYPE].to_str().unwrap().to_owned();
    let body = body.collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    (parts.status.as_u16(), content_type, body)
}

async fn as_json(metrics: impl Into<MetricsSource>, path: &str) -> Json {
    let (status, content_type, body) = ask(metrics, Method::GET, path, "*/*").await;
    assert_eq!(
        (status, &*content_type),
        (200, "application/json"),
        "{body}"
    );
    serde_json::from_str(&body).unwrap()
}

async fn open_metrics(metrics: impl Into<MetricsSource>) -> String {
    let accept = "application/openmetrics-text;version=1.0.0";
    let (status, content_type, body) = ask(metrics, Method::GET, "/metrics", accept).await;
    let expected = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!((status, &*content_type), (200, expected));
    body
}

/// The exporter writes families and series in no order.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[tokio::test]
async fn text_is_the_exporters_own() {
    let (_recorder, handle) = recorded();
    for path in ["/metrics", "/metrics/prometheus"] {
        let (status, content_type, body) = ask(handle.clone(), Method::GET, path, "*/*").await;
        assert_eq!(status, 200);
        assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8");
        assert_eq!(sorted(&body), sorted(&handle.render()));
        assert!(body.contains("orders_total{shop=\"eu\"} 5\n"), "{body}");
        assert!(body.contains("basket_items{shop=\"eu\",quantile=\"0.5\"} "));
    }
}

#[tokio::test]
async fn json_has_every_family_in_the_shape_of_prometheus() {
    let (_recorder, handle) = recorded();
    let found = as_json(handle, "/metrics/json").await;
    let schema = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/routes/openapi/schemas/metrics.json"
    );
    let mut schemas = Schemas::new();
    let shape = Compiler::new().compile(schema, &mut schemas).unwrap();
    schemas
        .validate(&found, shape)
        .unwrap_or_else(|error| panic!("{error:#}\n{found:#}"));
    let metrics = &found["metrics"];
    assert_eq!(metrics["orders_total"]["type"], "counter");
    assert_eq!(metrics["orders_total"]["help"], "Orders.");
    assert_eq!(metrics["orders_total"]["value"], 9);
    let series = metrics["orders_total"]["series"].as_array().unwrap();
    assert!(series.contains(&json!({"labels": {"shop": "u\"s"}, "value": 4})));
    assert_eq!(metrics["queue"]["value"], 2.5);
    let wait = &metrics["wait_seconds"];
    assert_eq!((&wait["count"], &wait["p50"]), (&json!(3), &json!(0.4)));
}

#[tokio::test]
async fn a_summary_has_its_count_sum_average_and_quantiles() {
    let (recorder, handle) = recorded();
    let found = as_json(handle.clone(), "/metrics/json").await;
    let items = &found["metrics"]["basket_items"];
    assert_eq!(items["type"], "histogram");
    assert_eq!(
        (&items["count"], &items["sum"], &items["avg"]),
        (&json!(4), &json!(10.0), &json!(2.5))
    );
    // The exporter's quantiles are within 0.01 %.
    let near = |family: &Json, name: &str, expected: f64| {
        let value = family[name].as_f64().unwrap();
        assert!(
            (value - expected).abs() < 0.001 * expected,
            "{name}: {value}"
        );
    };
    for shown in [items, &items["series"][0]] {
        near(shown, "p50", 2.0);
        near(shown, "p99", 3.0);
    }
    assert_eq!(
        items["series"][0]["labels"],
        json!({"shop": "eu"}),
        "{items}"
    );

    // The quantiles of two series cannot be merged.
    let other = recorder.register_histogram(&shop("basket_items", "us"), &METADATA);
    other.record(100.0);
    let found = as_json(handle, "/metrics/json").await;
    let items = &found["metrics"]["basket_items"];
    assert_eq!(
        (&items["count"], &items["p50"]),
        (&json!(5), &Json::Null),
        "{items}"
    );
    let us = items["series"].as_array().unwrap().iter();
    let us = us
        .filter(|series| series["labels"]["shop"] == "us")
        .collect::<Vec<_>>();
    near(us[0], "p50", 100.0);
}

#[tokio::test]
async fn openmetrics_has_the_same_series() {
    let (_recorder, handle) = recorded();
    let text = open_metrics(handle).await;
    for line in [
        "# TYPE orders counter\n# HELP orders Orders.\n",
        "orders_total{shop=\"eu\"} 5\n",
        "# TYPE wait_seconds histogram\n# UNIT wait_seconds seconds\n",
        "wait_seconds_bucket{shop=\"eu\",le=\"1.0\"} 2\n",
        "# TYPE basket_items summary\n",
        "basket_items{shop=\"eu\",quantile=\"0.0\"} 1\n",
        "basket_items_count{shop=\"eu\"} 4\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    assert!(text.ends_with("# EOF\n"));
}

/// Prints every sample as a line: name, labels, value.
const SAMPLES: &str = "
import sys
from prometheus_client.PARSER import text_string_to_metric_families
for family in text_string_to_metric_families(sys.stdin.buffer.read().decode('utf-8')):
    for sample in family.samples:
        labels = {name: float(value) if name in ('le', 'quantile') else value for name, value in sample.labels.items()}
        print(sample.name, sorted(labels.items()), sample.value)
";

#[tokio::test]
#[ignore = "needs prometheus_client: tests/run"]
async fn the_reference_parser_reads_the_same_samples_from_both_formats() {
    let (recorder, handle) = recorded();
    // Values that OpenMetrics forbids, names that the exporter gives no suffix, and two kinds of one name.
    let below = recorder.register_histogram(&shop("below", "eu"), &METADATA);
    below.record(-1.0);
    for name in ["discount", "checksum"] {
        let histogram = recorder.register_histogram(&Key::from_name(name), &METADATA);
        histogram.record(1.0);
    }
    let exporter = ExistingExporter::builder(handle.clone())
        .recorder(Arc::clone(&recorder))
        .build()
        .unwrap();
    let tokens = Tokens::new("small", "EUR").recorder(Arc::clone(&recorder));
    tokens.record_cost(0.25);
    let read = |parser: &str, text: &str| {
        let lines = python(&SAMPLES.replace("PARSER", parser), text);
        let mut lines: Vec<_> = lines.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    let open = read("openmetrics.parser", &exporter.render_openmetrics());
    let mut text = read("parser", &exporter.render());
    assert!(text.len() > 30, "{text:?}");
    let is_forbidden = |line: &String| line.starts_with("below") && line.contains(" -");
    let forbidden = text.iter().filter(|line| is_forbidden(line)).count();
    assert_eq!(forbidden, 8, "7 quantiles and a sum: {text:?}");
    text.retain(|line| !is_forbidden(line));
    for (given, repaired) in [("discount", "discount_count"), ("checksum", "checksum_sum")] {
        for line in &mut text {
            if line.starts_with(&format!("{given} [] ")) {
                *line = line.replacen(given, repaired, 1);
            }
        }
    }
    text.sort_unstable();
    assert_eq!(open, text);
    assert!(
        open.iter()
            .any(|line| line.starts_with("discount_count [] 1"))
    );
}

#[tokio::test]
async fn two_kinds_of_one_name_do_not_spoil_the_other_formats() {
    let (recorder, handle) = recorded();
    let twice = Key::from_name("twice");
    recorder.register_counter(&twice, &METADATA).increment(3);
    recorder.register_gauge(&twice, &METADATA).set(-2.5);
    let text = open_metrics(handle.clone()).await;
    assert_eq!(text.matches("# TYPE twice ").count(), 1, "{text}");
    assert_eq!(text.matches("\ntwice ").count(), 1, "{text}");
    let (_, _, body) = ask(handle.clone(), Method::GET, "/metrics/json", "*/*").await;
    assert_eq!(body.matches("\"twice\":").count(), 1, "{body}");
    let found: Json = serde_json::from_str(&body).unwrap();
    assert_eq!(found["metrics"]["twice"]["value"], 3);
    assert_eq!(handle.render().matches("# TYPE twice ").count(), 2);
}

#[tokio::test]
async fn float_counters_are_counters_except_in_the_text() {
    let (recorder, handle) = stock();
    let exporter = ExistingExporter::builder(handle)
        .recorder(Arc::clone(&recorder))
        .build()
        .unwrap();
    let tokens = Tokens::new("small", "EUR").recorder(Arc::clone(&recorder));
    tokens.record_cost(0.25);
    assert!(
        exporter
            .render()
            .contains("# TYPE token_cost_total gauge\n")
    );
    assert!(
        exporter
            .render_openmetrics()
            .contains("# TYPE token_cost counter\n")
    );
    let snapshot = exporter.snapshot();
    assert_eq!(
        snapshot.family(TOKEN_COST.name).unwrap().kind,
        Kind::Counter
    );
    exporter.reset();
    tokens.record_cost(0.5);
    let found = as_json(exporter.clone(), "/metrics/json").await;
    assert_eq!(found["metrics"][TOKEN_COST.name]["value"], 0.5);
    assert_eq!(found["today"][TOKEN_COST.name]["value"], 0.75);
    assert_eq!(exporter.snapshot().sum(TOKEN_COST.name, &[]), Some(0.75));
}

#[tokio::test]
async fn a_reset_empties_json_but_not_the_exporter() {
    let (_recorder, handle) = recorded();
    let exporter = ExistingExporter::new(handle).unwrap();
    assert_eq!(
        exporter.since_reset().snapshot.sum("orders_total", &[]),
        Some(9.0)
    );
    let path = "/admin/reset-metrics";
    let (status, _, body) = ask(exporter.clone(), Method::POST, path, "*/*").await;
    assert_eq!(status, 200, "{body}");
    let found = as_json(exporter.clone(), "/metrics/json").await;
    assert_eq!(found["metrics"]["orders_total"]["value"], 0);
    assert_eq!(found["metrics"]["basket_items"]["count"], 0);
    assert_eq!(found["metrics"]["basket_items"]["p50"], Json::Null);
    assert!(exporter.render().contains("orders_total{shop=\"eu\"} 5\n"));
}

#[tokio::test]
async fn registries_list_the_catalogue_and_everything_else() {
    let (recorder, handle) = stock();
    let limited = SeriesLimit::new(1).layer(Arc::clone(&recorder));
    for name in ["eu", "us", "jp"] {
        let orders = limited.register_counter(&shop("orders_total", name), &METADATA);
        orders.increment(1);
    }
    let found = as_json(handle, "/metrics/registries").await;
    let families = &found["families"];
    let requests = &families["http_requests_total"];
    assert_eq!(
        (&requests["in_catalogue"], &requests["series"]),
        (&json!(true), &json!(0))
    );
    assert_eq!(
        families["orders_total"],
        json!({
            "type": "counter",
            "help": "",
            "in_catalogue": false,
            "labels": ["shop"],
            "series": 2,
            "dropped": 2.0,
        })
    );
    assert_eq!(families.as_object().unwrap().len(), FAMILIES.len() + 1);
}

#[tokio::test]
async fn without_a_history_it_is_a_404_that_says_how_to_keep_one() {
    let (_recorder, handle) = recorded();
    let path = "/metrics/history?metric=orders_total";
    let (status, content_type, body) = ask(handle, Method::GET, path, "*/*").await;
    assert_eq!((status, &*content_type), (404, "application/problem+json"));
    let problem: Json = serde_json::from_str(&body).unwrap();
    assert_eq!(
        problem["detail"],
        "This service keeps no history. Its owner enables one with history(HistoryConfig::new()) on the builder of \
         Prometheus or ExistingExporter."
    );
}

#[tokio::test]
async fn the_history_is_that_of_the_exporter() {
    let (recorder, handle) = recorded();
    let exporter = ExistingExporter::builder(handle)
        .history(
            HistoryConfig::new()
                .interval(Duration::from_secs(60))
                .window(Duration::from_mins(5)),
        )
        .build()
        .unwrap();
    let history = exporter.history().unwrap();
    record(&recorder);
    history.tick();
    let total = HistoryQuery::values("orders_total").sum();
    let points = history.query(&total).unwrap().remove(0).points;
    assert_eq!(
        points.iter().map(|point| point.1).collect::<Vec<_>>(),
        [9.0, 18.0]
    );

    let query = "/metrics/history?metric=orders_total&kind=values&label=shop:eu";
    let found = as_json(exporter.clone(), query).await;
    assert_eq!(found["type"], "counter");
    let points = found["series"][0]["points"].as_array().unwrap();
    assert_eq!((&points[0][1], &points[1][1]), (&json!(5), &json!(10)));
    let found = as_json(
        exporter.clone(),
        "/metrics/history?metric=wait_seconds&sum=true&q=0.5",
    )
    .await;
    assert_eq!(found["series"][0]["points"][0][1], 0.4);
    let found = as_json(
        exporter.clone(),
        "/metrics/history?metric=basket_items&kind=average",
    )
    .await;
    assert_eq!(found["series"][0]["points"][0][1], 2.5);

    // A summary's quantiles are not of the time between two ticks.
    let path = "/metrics/history?metric=basket_items";
    let (status, _, body) = ask(exporter.clone(), Method::GET, path, "*/*").await;
    assert_eq!(status, 400);
    let problem: Json = serde_json::from_str(&body).unwrap();
    assert_eq!(
        problem["detail"],
        "histogram \"basket_items\" has no buckets, so it has no quantiles here: ask for its rate or average, or set \
         buckets for it in its exporter"
    );
    let guarded = Routes::new().metrics(exporter);
    let (status, _, _) = ask_routes(guarded, Method::GET, path, "*/*").await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn protect_and_rename_apply_as_with_prometheus() {
    let (_recorder, handle) = recorded();
    let routes = Routes::new()
        .metrics(handle)
        .protect_metrics()
        .rename("/metrics", "/internal/metrics")
        .guard(Guard::bearer("s3cret"));
    for (path, expected) in [
        ("/metrics", 404),
        ("/internal/metrics", 401),
        ("/metrics/json", 401),
        ("/metrics/registries", 401),
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = Router::from(routes.clone()).oneshot(request).await.unwrap();
        assert_eq!(response.status(), expected, "{path}");
    }
}

#[tokio::test]
async fn hooks_run_before_each_read() {
    let (recorder, handle) = stock();
    let exporter = ExistingExporter::builder(handle.clone())
        .recorder(Arc::clone(&recorder))
        .build()
        .unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    exporter.on_gather(move || {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let collecting = Collectors::new()
        .recorder(Arc::clone(&recorder))
        .app("1.2.0", "test")
        .start()
        .unwrap();
    exporter.on_gather(collecting.refresher());
    for path in ["/metrics", "/metrics/json", "/metrics/registries"] {
        let (status, _, _) = ask(exporter.clone(), Method::GET, path, "*/*").await;
        assert_eq!(status, 200);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 3);
    assert!(handle.render().contains("app_info{"), "{}", handle.render());
}

#[tokio::test]
async fn the_routes_record_their_own_metrics_to_the_recorder() {
    let (recorder, handle) = stock();
    let exporter = ExistingExporter::builder(handle.clone())
        .recorder(recorder)
        .build()
        .unwrap();
    let (status, _, _) = ask(exporter, Method::GET, "/metrics", "*/*").await;
    assert_eq!(status, 200);
    let text = handle.render();
    assert!(
        text.contains("monitoring_scrape_duration_seconds_count 1\n"),
        "{text}"
    );
}

#[tokio::test]
async fn layers_and_limits_record_to_the_exporter() {
    let (recorder, handle) = stock();
    let limited = Arc::new(SeriesLimit::new(2).layer(recorder));
    let layer = HttpMetricsLayer::builder()
        .recorder(limited)
        .build()
        .unwrap();
    let app = Router::new()
        .route("/a", get(|| async { "a" }))
        .route("/b", get(|| async { "b" }))
        .route("/c", get(|| async { "c" }))
        .merge(Routes::new().metrics(handle.clone()))
        .layer(layer);
    for path in ["/a", "/b", "/c"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        response.into_body().collect().await.unwrap();
    }
    let snapshot = ExistingExporter::new(handle).unwrap().snapshot();
    assert_eq!(snapshot.sum("http_requests_total", &[]), Some(3.0));
    let durations = snapshot.histogram("http_request_duration_seconds", &[]);
    assert_eq!(durations.unwrap().count, 3);
    let dropped = [("metric", "http_request_duration_seconds")];
    let dropped = snapshot.sum("monitoring_series_dropped_total", &dropped);
    assert_eq!(dropped, Some(1.0));
}

#[test]
fn the_catalogue_is_described_and_keeps_its_names() {
    // The suffixes of the unit and of counters are in the catalogue's names already.
    let builder = PrometheusBuilder::new()
        .with_recommended_naming(true)
        .set_buckets(&[1.0])
        .unwrap();
    let recorder = Arc::new(builder.build_recorder());
    let handle = recorder.handle();
    let exporter = ExistingExporter::builder(handle)
        .recorder(Arc::clone(&recorder))
        .build()
        .unwrap();
    for family in FAMILIES {
        let key = Key::from_name(family.name);
        match family.kind {
            Kind::Counter if !family.is_float => {
                recorder.register_counter(&key, &METADATA).increment(1);
            }
            Kind::Counter | Kind::Gauge => recorder.register_gauge(&key, &METADATA).set(1.0),
            Kind::Histogram => recorder.register_histogram(&key, &METADATA).record(1.0),
        }
    }
    let snapshot = exporter.snapshot();
    assert_eq!(snapshot.families.len(), FAMILIES.len());
    for family in FAMILIES {
        let found = snapshot.family(family.name);
        let found = found.unwrap_or_else(|| panic!("{}", family.name));
        assert_eq!((found.kind, &*found.help), (family.kind, family.help));
        assert_eq!(found.series.len(), 1, "{}", family.name);
    }
}

#[tokio::test]
async fn a_prefix_that_the_exporter_has_is_known() {
    let (recorder, handle) = stock();
    let prefixed = Arc::new(PrefixLayer::new("shop").layer(recorder));
    let exporter = ExistingExporter::builder(handle)
        .prefix("shop")
        .recorder(Arc::clone(&prefixed))
        .build()
        .unwrap();
    let tokens = Tokens::new("small", "EUR").recorder(prefixed);
    tokens.record_cost(0.25);
    let found = as_json(exporter.clone(), "/metrics/json").await;
    assert_eq!(found["today"]["shop_token_cost_total"]["value"], 0.25);
    let found = as_json(exporter.clone(), "/metrics/registries").await;
    let cost = &found["families"]["shop_token_cost_total"];
    assert_eq!(
        (&cost["in_catalogue"], &cost["series"]),
        (&json!(true), &json!(1))
    );
    let help = exporter.snapshot();
    let help = &help.family("shop_token_cost_total").unwrap().help;
    assert_eq!(help, TOKEN_COST.help);
}

#[test]
fn all_invalid_settings_are_in_one_error() {
    let (_recorder, handle) = stock();
    let error = ExistingExporter::builder(handle)
        .prefix("9")
        .upkeep_interval(Duration::ZERO)
        .history(HistoryConfig::new().max_series(0))
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    let message = error.to_string();
    assert!(
        message.starts_with("3 mistakes: prefix \"9\" "),
        "{message}"
    );
    assert!(message.contains("; upkeep interval is zero: "), "{message}");
    assert!(
        message.contains("; history series limit is zero: "),
        "{message}"
    );
}
