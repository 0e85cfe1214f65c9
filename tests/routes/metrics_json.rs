//! Metrics as JSON: shape, content negotiation and values.

use std::io::Read;

use axum::Router;
use axum::body::Body;
use boon::{Compiler, Schemas};
use http::header::{ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderName, Request, Response};
use http_body_util::BodyExt;
use metrics::{Key, Label, Level, Metadata, Recorder};
use serde_json::{Value as Json, json};
use tower::ServiceExt;
use tower_vitals::exporter::Value;
use tower_vitals::{Prometheus, Routes};

fn recorded() -> Prometheus {
    let prometheus = Prometheus::builder()
        .buckets("wait_seconds", &[0.1, 0.5, 1.0])
        .build()
        .unwrap();
    let metadata = Metadata::new("test", Level::INFO, None);
    let key = |name: &'static str, shop: &'static str| {
        Key::from_parts(name, vec![Label::new("shop", shop)])
    };
    prometheus.describe_counter("orders_total".into(), None, "Orders.".into());
    for (shop, orders, wait) in [("eu", 3, 0.2), ("u\"s\\", 4, 0.4), ("eu", 2, 0.6)] {
        prometheus
            .register_counter(&key("orders_total", shop), &metadata)
            .increment(orders);
        prometheus
            .register_histogram(&key("wait_seconds", shop), &metadata)
            .record(wait);
    }
    prometheus
        .register_gauge(&key("queue", "eu"), &metadata)
        .set(2.5);
    prometheus
        .register_gauge(&key("endless", "eu"), &metadata)
        .set(f64::INFINITY);
    prometheus
}

async fn get(
    prometheus: &Prometheus,
    path: &str,
    headers: &[(HeaderName, &str)],
) -> Response<Vec<u8>> {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let router = Router::from(Routes::new().metrics(prometheus.clone()));
    let response = router
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes().to_vec())
}

async fn as_json(prometheus: &Prometheus) -> Json {
    let response = get(prometheus, "/metrics/json", &[]).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    serde_json::from_slice(response.body()).unwrap()
}

#[tokio::test]
async fn each_family_has_its_shape() {
    let found = as_json(&recorded()).await;
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
    assert!(
        series.contains(&json!({"labels": {"shop": "eu"}, "value": 5})),
        "{series:?}"
    );
    assert!(
        series.contains(&json!({"labels": {"shop": "u\"s\\"}, "value": 4})),
        "{series:?}"
    );
    assert_eq!(metrics["queue"]["value"], 2.5);
    assert_eq!(
        metrics["endless"]["value"],
        Json::Null,
        "JSON has no infinity"
    );
    let wait = &metrics["wait_seconds"];
    assert_eq!((&wait["count"], &wait["p50"]), (&json!(3), &json!(0.4)));
    assert!((wait["avg"].as_f64().unwrap() - 0.4).abs() < 1e-12);
    assert_eq!(wait["series"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn values_equal_those_of_the_snapshot() {
    let prometheus = recorded();
    // The routes register their own series.
    drop(Routes::new().metrics(prometheus.clone()).into_service());
    // Taken first, because a scrape records its own duration.
    let snapshot = prometheus.snapshot();
    let found = as_json(&prometheus).await;
    assert_eq!(
        found["metrics"].as_object().unwrap().len(),
        snapshot.families.len()
    );
    for family in &snapshot.families {
        let of_family = &found["metrics"][&family.name];
        let all = of_family["series"].as_array().unwrap();
        assert_eq!(all.len(), family.series.len());
        for series in &family.series {
            let labels: serde_json::Map<_, _> = series
                .labels
                .iter()
                .map(|(name, value)| (name.to_owned(), value.into()))
                .collect();
            let one = all
                .iter()
                .find(|one| one["labels"] == Json::Object(labels.clone()))
                .unwrap();
            match &series.value {
                Value::Counter(value) => assert_eq!(one["value"], *value),
                Value::Gauge(value) if value.is_finite() => assert_eq!(one["value"], *value),
                Value::Gauge(_) => assert_eq!(one["value"], Json::Null),
                Value::Histogram(histogram) => {
                    assert_eq!(
                        (&one["count"], &one["sum"]),
                        (&json!(histogram.count), &json!(histogram.sum))
                    );
                    for (name, q) in [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)] {
                        assert_eq!(one[name], json!(histogram.quantile(q)));
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn metrics_are_json_for_clients_that_name_it() {
    let prometheus = recorded();
    let scrape =
        "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
    for (path, accept, is_json) in [
        ("/metrics", "*/*", false),
        ("/metrics", scrape, false),
        ("/metrics", "text/plain, application/json;q=0.9", false),
        ("/metrics", "application/json", true),
        (
            "/metrics",
            "application/json, text/plain;q=0.9, */*;q=0.1",
            true,
        ),
        ("/metrics/prometheus", "application/json", false),
        ("/metrics/json", "text/plain", true),
    ] {
        let response = get(&prometheus, path, &[(ACCEPT, accept)]).await;
        let content_type = response.headers()[CONTENT_TYPE].to_str().unwrap();
        assert_eq!(
            content_type == "application/json",
            is_json,
            "{path} {accept}: {content_type}"
        );
        assert_eq!(response.headers()[VARY], "accept, accept-encoding");
    }
}

#[tokio::test]
async fn registries_list_all_families() {
    let prometheus = Prometheus::builder()
        .prefix("shop")
        .max_series(2)
        .build()
        .unwrap();
    let metadata = Metadata::new("test", Level::INFO, None);
    for n in 0..5 {
        let key = Key::from_parts("orders.total", vec![Label::new("user", n.to_string())]);
        prometheus.register_counter(&key, &metadata).increment(1);
    }
    let response = get(&prometheus, "/metrics/registries", &[]).await;
    let found: Json = serde_json::from_slice(response.body()).unwrap();
    let families = found["families"].as_object().unwrap();
    let catalogue = tower_vitals::catalog::FAMILIES;
    assert_eq!(families.len(), catalogue.len() + 1);
    for family in catalogue {
        let one = &families[&format!("shop_{}", family.name)];
        assert_eq!(
            (&one["type"], &one["help"]),
            (&json!(family.kind.as_str()), &json!(family.help))
        );
        assert_eq!(
            (&one["in_catalogue"], &one["labels"]),
            (&json!(true), &json!(family.labels))
        );
    }
    let orders = &families["shop_orders_total"];
    // Two series and the one labelled other.
    assert_eq!(
        (&orders["series"], &orders["dropped"]),
        (&json!(3), &json!(3.0))
    );
    assert_eq!(
        (&orders["in_catalogue"], &orders["labels"]),
        (&json!(false), &json!(["user"]))
    );
    // Of the orders and of the refusals.
    assert_eq!(
        families["shop_monitoring_series_dropped_total"]["series"],
        2
    );
    // The history and the reset are guarded.
    assert_eq!(
        families["shop_monitoring_guard_refusals_total"]["series"],
        2
    );
    assert_eq!(families["shop_http_requests_total"]["series"], 0);
    assert_eq!(found["total_series"], 7);
}

#[tokio::test]
async fn json_is_gzipped_if_the_client_accepts_it() {
    let prometheus = recorded();
    let response = get(&prometheus, "/metrics/json", &[(ACCEPT_ENCODING, "gzip")]).await;
    assert_eq!(response.headers()[CONTENT_ENCODING], "gzip");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&**response.body())
        .read_to_string(&mut text)
        .unwrap();
    let found: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(found["metrics"]["orders_total"]["value"], 9);
}
