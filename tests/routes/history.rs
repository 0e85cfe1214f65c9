//! `/metrics/history`: its guard, its shapes, and its errors.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use boon::{Compiler, Schemas};
use http::Request;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http_body_util::BodyExt;
use metrics::{Key, Label, Level, Metadata, Recorder};
use serde_json::{Value as Json, json};
use tower::ServiceExt;
use tower_vitals::exporter::{HistoryConfig, HistoryQuery};
use tower_vitals::routes::Guard;
use tower_vitals::{Prometheus, Routes};

/// Two shops, with at least two ticks in the history.
async fn recorded() -> Prometheus {
    let prometheus = Prometheus::builder()
        .history(
            HistoryConfig::new()
                .interval(Duration::from_millis(5))
                .window(Duration::from_mins(5)),
        )
        .buckets("wait_seconds", &[0.1, 0.5, 1.0])
        .build()
        .unwrap();
    let metadata = Metadata::new("test", Level::INFO, None);
    let key = |name: &'static str, shop: &'static str| {
        Key::from_parts(name, vec![Label::new("shop", shop)])
    };
    for shop in ["eu", "a b:c&d=\u{e4}%"] {
        prometheus
            .register_counter(&key("orders_total", shop), &metadata)
            .increment(3);
        prometheus
            .register_histogram(&key("wait_seconds", shop), &metadata)
            .record(0.3);
        prometheus
            .register_gauge(&key("queue", shop), &metadata)
            .set(f64::INFINITY);
    }
    let history = prometheus.history().unwrap();
    let is_recorded = || {
        let found = history
            .query(&HistoryQuery::values("queue"))
            .unwrap_or_default();
        found.len() == 2 && found[0].points.len() > 1
    };
    while !is_recorded() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    prometheus
}

async fn get(routes: Routes, query: &str) -> (u16, Json) {
    let request = Request::get(format!("/metrics/history{query}"));
    let response = Router::from(routes)
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let status = response.status().as_u16();
    let content_type = match status {
        200 => "application/json",
        _ => "application/problem+json",
    };
    assert_eq!(response.headers()[CONTENT_TYPE], content_type);
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

fn open(prometheus: &Prometheus) -> Routes {
    Routes::new()
        .metrics(prometheus.clone())
        .guard(Guard::open())
}

async fn found(prometheus: &Prometheus, query: &str) -> Json {
    let (status, found) = get(open(prometheus), query).await;
    assert_eq!(status, 200, "{found}");
    let schema = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/routes/openapi/schemas/history.json"
    );
    let mut schemas = Schemas::new();
    let shape = Compiler::new().compile(schema, &mut schemas).unwrap();
    schemas
        .validate(&found, shape)
        .unwrap_or_else(|error| panic!("{error:#}\n{found:#}"));
    found
}

#[tokio::test]
async fn it_is_guarded() {
    let prometheus = recorded().await;
    let (status, problem) = get(Routes::new().metrics(prometheus), "").await;
    assert_eq!(status, 403);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("Routes::guard")
    );
}

#[tokio::test]
async fn without_a_history_it_says_how_to_enable_one() {
    let prometheus = Prometheus::builder().build().unwrap();
    let (status, problem) = get(open(&prometheus), "?metric=orders_total").await;
    assert_eq!(status, 404);
    assert_eq!(
        problem["detail"],
        "This service keeps no history. Its owner enables one with history(HistoryConfig::new()) on the builder of Prometheus or ExistingExporter."
    );
}

#[tokio::test]
async fn without_a_metric_it_is_an_overview() {
    let prometheus = recorded().await;
    // The routes register the refusals.
    drop(open(&prometheus).into_service());
    prometheus.history().unwrap().tick();
    let all = found(&prometheus, "").await;
    assert_eq!(
        all["metrics"],
        json!({
            "monitoring_guard_refusals_total": "counter",
            "monitoring_samples_dropped_total": "counter",
            "monitoring_series_dropped_total": "counter",
            "orders_total": "counter",
            "queue": "gauge",
            "wait_seconds": "histogram",
        })
    );
    assert_eq!(
        (&all["series"], &all["series_dropped"]),
        (&json!(13), &json!(0))
    );
    assert_eq!(
        (&all["interval_seconds"], &all["window_seconds"]),
        (&json!(0.005), &json!(300))
    );
}

#[tokio::test]
async fn each_metric_type_has_its_default_kind() {
    let prometheus = recorded().await;
    let orders = found(&prometheus, "?metric=orders_total").await;
    assert_eq!(
        (&orders["type"], &orders["kind"]),
        (&json!("counter"), &json!("rate"))
    );
    assert_eq!(orders["series"].as_array().unwrap().len(), 2);
    assert_eq!(
        orders["series"][0]["labels"],
        json!({"shop": "a b:c&d=\u{e4}%"})
    );
    let queue = found(&prometheus, "?metric=queue&label=shop:eu").await;
    assert_eq!(queue["kind"], "values");
    assert_eq!(
        queue["series"][0]["points"][0][1],
        Json::Null,
        "JSON has no infinity"
    );
    let waits = found(&prometheus, "?metric=wait_seconds&sum=true&window=5m").await;
    assert_eq!(
        (&waits["kind"], &waits["q"]),
        (&json!("quantile"), &json!(0.95))
    );
    assert_eq!(
        (&waits["sum"], &waits["window_seconds"]),
        (&json!(true), &json!(300))
    );
    assert_eq!(waits["series"][0]["labels"], json!({}));
    let none = found(&prometheus, "?metric=http_requests_total").await;
    assert_eq!(none["series"], json!([]));
}

#[tokio::test]
async fn points_equal_those_of_the_history() {
    let prometheus = recorded().await;
    let query = "?metric=wait_seconds&kind=quantile&q=0.5&label=shop:a+b:c%26d=%C3%a4%25";
    let waits = found(&prometheus, query).await;
    let own = HistoryQuery::quantile("wait_seconds", 0.5).label("shop", "a b:c&d=\u{e4}%");
    let own = prometheus.history().unwrap().query(&own).unwrap();
    let points = waits["series"][0]["points"].as_array().unwrap();
    assert_eq!(points.len(), own[0].points.len());
    for (point, (when, quantile)) in points.iter().zip(&own[0].points) {
        let seconds = when.duration_since(std::time::UNIX_EPOCH).unwrap();
        assert!((point[0].as_f64().unwrap() - seconds.as_secs_f64()).abs() < 0.001);
        assert_eq!(point[1], json!(quantile));
    }
    for window in ["300", "300s", "5m", "300000ms"] {
        let of_window = found(&prometheus, &format!("?metric=queue&window={window}")).await;
        assert_eq!(of_window["window_seconds"], 300);
    }
    let of_window = found(&prometheus, "?metric=queue&window=1.5m").await;
    assert_eq!(of_window["window_seconds"], 90);
    let average = found(&prometheus, "?metric=wait_seconds&kind=average&sum=false").await;
    assert_eq!(average["kind"], "average");
}

#[tokio::test]
async fn a_wrong_parameter_names_the_allowed_values() {
    let prometheus = recorded().await;
    let window = |given: &str| {
        format!("Parameter window is {given:?}: a duration like 300, 300s, 5m or 1h is needed.")
    };
    let escape = |given: &str| {
        format!(
            "The query has {given:?}: a percent sign is followed by two hexadecimal digits, and itself written %25."
        )
    };
    for (query, detail) in [
        (
            "kind=rate",
            "The query names no metric: metric=<name> is needed.".to_owned(),
        ),
        (
            "metric=queue&step=5",
            "Parameter \"step\" is unknown: metric, kind, q, window, sum and label are allowed."
                .to_owned(),
        ),
        (
            "metric=queue&metric=queue",
            "Parameter metric is repeated: only label can be.".to_owned(),
        ),
        (
            "metric=queue&window=5m&window=5m",
            "Parameter window is repeated: only label can be.".to_owned(),
        ),
        (
            "metric=queue&kind=max",
            "Parameter kind is \"max\": values, rate, average and quantile are allowed.".to_owned(),
        ),
        (
            "metric=wait_seconds&q=half",
            "Parameter q is \"half\": a number from 0 to 1 is needed.".to_owned(),
        ),
        (
            "metric=wait_seconds&q=NaN",
            "histogram \"wait_seconds\" has no quantile NaN: 0 to 1 is allowed".to_owned(),
        ),
        (
            "metric=orders_total&q=0.5",
            "Parameter q needs kind=quantile, and this is kind=rate.".to_owned(),
        ),
        (
            "metric=queue&sum=1",
            "Parameter sum is \"1\": true and false are allowed.".to_owned(),
        ),
        ("metric=queue&window=", window("")),
        ("metric=queue&window=m", window("m")),
        ("metric=queue&window=-5m", window("-5m")),
        ("metric=queue&window=1.5.m", window("1.5.m")),
        (
            "metric=queue&window=9999999999999999h",
            window("9999999999999999h"),
        ),
        (
            "metric=queue&window=0",
            "window 0ns is zero: up to 300s is allowed".to_owned(),
        ),
        (
            "metric=queue&window=1h",
            "window 3600s is longer than the history: up to 300s is allowed".to_owned(),
        ),
        (
            "metric=queue&label=shop",
            "Parameter label is \"shop\": a name, a colon and the value are needed.".to_owned(),
        ),
        (
            "metric=queue&label=:eu",
            "Parameter label is \":eu\": a name, a colon and the value are needed.".to_owned(),
        ),
        (
            "metric=queue&label=shop:eu&label=shop:us",
            "label \"shop\" of \"queue\" is given twice: once is allowed".to_owned(),
        ),
        (
            "metric=%ff",
            "The query has \"%ff\", which is not UTF-8.".to_owned(),
        ),
        (
            "metric=queue&label=shop:%C3%28",
            "The query has \"shop:%C3%28\", which is not UTF-8.".to_owned(),
        ),
        ("metric=queue%", escape("queue%")),
        ("metric=queue%2", escape("queue%2")),
        ("metric=queue%zz", escape("queue%zz")),
        (
            "metric=wait_seconds_sum",
            "metric \"wait_seconds_sum\" is unknown: similar names are wait_seconds".to_owned(),
        ),
        (
            "metric=queue&kind=rate",
            "gauge \"queue\" has no rate: only counters and histograms have one".to_owned(),
        ),
    ] {
        let (status, problem) = get(open(&prometheus), &format!("?{query}")).await;
        assert_eq!(status, 400, "{query}: {problem}");
        assert_eq!(problem["detail"], detail, "{query}");
    }
}
