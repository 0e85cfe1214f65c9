//! The values of frames.

use http::StatusCode;
use metrics::{Key, Recorder};
use serde_json::{Value, json};
use tower_vitals::{HttpMetricsLayer, Prometheus};

use super::{
    METADATA, Stream, app, counter, endpoint, family, histogram, json as fetched, respond, routes,
    send, served,
};

#[tokio::test(start_paused = true)]
async fn rates_are_those_of_the_requests_between_frames() {
    let prometheus = Prometheus::builder().build().unwrap();
    let layer = HttpMetricsLayer::builder().recorder(prometheus.clone());
    let app = served(&prometheus, layer.build().unwrap());
    send(&app, "/users/1", 5).await;

    let mut stream = Stream::open(&app).await;
    let first = stream.next().await;
    assert_eq!(first["full"], true);
    assert_eq!(first["seconds"], 0);
    assert_eq!(first["overview"]["requests_per_second"], Value::Null);
    let before = endpoint(&first, "GET", "/users/{id}").unwrap();
    assert_eq!(
        *before,
        json!([
            "GET",
            "/users/{id}",
            null,
            null,
            null,
            null,
            null,
            0,
            null,
            null,
            null,
            null
        ])
    );

    send(&app, "/users/2", 12).await;
    send(&app, "/fails", 4).await;
    send(&app, "/nowhere", 4).await;
    let second = stream.next().await;
    assert_eq!(
        (&second["full"], &second["seconds"]),
        (&json!(false), &json!(1))
    );
    // All durations are in the first bucket, whose bound is 5 ms.
    let (p50, p95, p99) = (0.0025, 0.00475, 0.00495);
    assert_eq!(
        *endpoint(&second, "GET", "/users/{id}").unwrap(),
        json!(["GET", "/users/{id}", 12, 0, p50, p95, p99, 0, 12, 0, 0, 0])
    );
    assert_eq!(
        *endpoint(&second, "GET", "/fails").unwrap(),
        json!(["GET", "/fails", 4, 1, p50, p95, p99, 0, 0, 0, 0, 4])
    );
    assert_eq!(
        *endpoint(&second, "GET", "unmatched").unwrap(),
        json!(["GET", "unmatched", 4, 0, p50, p95, p99, 0, 0, 0, 4, 0])
    );
    let overview = &second["overview"];
    assert_eq!(overview["requests_per_second"], 20);
    assert_eq!(overview["error_ratio"], 0.2);
    assert_eq!(overview["p95"], p95);
    // The stream itself is in progress.
    assert_eq!(overview["in_flight"], 1);

    let third = stream.next().await;
    assert_eq!(third["seconds"], 2);
    assert_eq!(endpoint(&third, "GET", "/users/{id}").unwrap()[2], 6);
    assert_eq!(third["overview"]["requests_per_second"], 10);
    // After the window nothing of it is left, and rows that do not change are not sent.
    let mut last = third;
    for _ in 0..10 {
        last = stream.next().await;
    }
    assert_eq!(last["overview"]["requests_per_second"], 0);
    assert_eq!(last["overview"]["error_ratio"], Value::Null);
    assert_eq!(last["seconds"], 10);
    let quiet = stream.next().await;
    assert_eq!(quiet["endpoints"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn quantiles_are_those_of_the_window_as_promql_computes_them() {
    let name = "http_request_duration_seconds";
    let builder = Prometheus::builder().buckets(name, &[1.0, 2.0, 4.0]);
    let prometheus = builder.build().unwrap();
    let durations = histogram(&prometheus, name, &[("method", "GET"), ("endpoint", "/a")]);
    // Before the window.
    durations.record_many(0.5, 1_000);
    let app = app(routes(&prometheus));
    let mut stream = Stream::open(&app).await;
    stream.next().await;
    durations.record_many(1.5, 80);
    durations.record_many(3.0, 20);
    let frame = stream.next().await;
    // histogram_quantile: ranks 50, 95 and 99 of 0, 80 and 100 samples up to 1, 2 and 4.
    let (p50, p95, p99) = (1.625, 3.5, 3.9);
    let row = endpoint(&frame, "GET", "/a").unwrap();
    assert_eq!(
        row.as_array().unwrap()[4..7],
        [json!(p50), json!(p95), json!(p99)]
    );
    assert_eq!(
        *family(&frame, name).unwrap(),
        json!([name, "histogram", 100, p50, p95, p99, 1, false])
    );
    assert_eq!(frame["overview"]["p99"], p99);
}

#[tokio::test(start_paused = true)]
async fn native_histograms_have_the_same_quantiles() {
    let name = "http_request_duration_seconds";
    let builder = Prometheus::builder().buckets(name, &[1.0, 2.0, 4.0]);
    let native = tower_vitals::exporter::NativeHistograms::all().without_classic_buckets();
    let prometheus = builder.native_histograms(native).build().unwrap();
    let durations = histogram(&prometheus, name, &[("method", "GET"), ("endpoint", "/a")]);
    let app = app(routes(&prometheus));
    let mut stream = Stream::open(&app).await;
    stream.next().await;
    durations.record_many(1.5, 80);
    durations.record_many(3.0, 20);
    let frame = stream.next().await;
    let row = endpoint(&frame, "GET", "/a").unwrap();
    assert_eq!(
        row.as_array().unwrap()[4..7],
        [json!(1.625), json!(3.5), json!(3.9)]
    );
}

#[tokio::test(start_paused = true)]
async fn families_are_rates_values_and_quantiles() {
    let prometheus = Prometheus::builder().max_series(2).build().unwrap();
    let eu = counter(&prometheus, "orders_total", &[("shop", "eu")]);
    let us = counter(&prometheus, "orders_total", &[("shop", "us")]);
    let stock = prometheus.register_gauge(&Key::from_name("stock"), &METADATA);
    stock.set(12.25);
    let app = app(routes(&prometheus));
    let mut stream = Stream::open(&app).await;
    let first = stream.next().await;
    assert_eq!(
        *family(&first, "orders_total").unwrap(),
        json!(["orders_total", "counter", null, null, null, null, 2, false])
    );
    assert_eq!(
        *family(&first, "stock").unwrap(),
        json!(["stock", "gauge", 12.25, null, null, null, 1, false])
    );
    eu.increment(3);
    us.increment(1);
    // One series too many, which is counted as `other`.
    counter(&prometheus, "orders_total", &[("shop", "mars")]).increment(2);
    let second = stream.next().await;
    assert_eq!(
        *family(&second, "orders_total").unwrap(),
        json!(["orders_total", "counter", 6, null, null, null, 3, true])
    );
    assert_eq!(family(&second, "stock"), None, "it has not changed");

    let shown = fetched(&app, "/dashboard/family/orders_total").await;
    assert_eq!(shown["kind"], "counter");
    assert_eq!(shown["is_at_limit"], true);
    assert_eq!(
        shown["series"],
        json!([
            {"labels": {"shop": "eu"}, "value": 3.0},
            {"labels": {"shop": "other"}, "value": 2.0},
            {"labels": {"shop": "us"}, "value": 1.0},
        ])
    );
    assert_eq!(shown["left_out"], 0);
    let requests = fetched(&app, "/dashboard/family/monitoring_series_dropped_total").await;
    assert!(
        requests["help"]
            .as_str()
            .unwrap()
            .starts_with("Registrations past")
    );
    assert_eq!(requests["unit"], "count");
    let unknown = respond(&app, "/dashboard/family/orders", &[]).await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_whose_series_are_removed_is_gone() {
    let prometheus = Prometheus::builder().build().unwrap();
    let old = [("method", "GET"), ("endpoint", "/old"), ("status", "200")];
    let new = [("method", "GET"), ("endpoint", "/new"), ("status", "200")];
    counter(&prometheus, "http_requests_total", &old).increment(1_000);
    counter(&prometheus, "http_requests_total", &new).increment(1);
    histogram(&prometheus, "http_request_duration_seconds", &new[..2]).record(0.01);
    let app = app(routes(&prometheus));
    let mut stream = Stream::open(&app).await;
    assert!(endpoint(&stream.next().await, "GET", "/old").is_some());
    assert!(prometheus.remove("http_requests_total", &old));
    counter(&prometheus, "http_requests_total", &new).increment(3);
    let frame = stream.next().await;
    assert_eq!(frame["gone"], json!([["GET", "/old"]]));
    assert_eq!(endpoint(&frame, "GET", "/new").unwrap()[2], 3);
    // The removed requests are no decrease, and later ones count.
    assert_eq!(frame["overview"]["requests_per_second"], 0);
    counter(&prometheus, "http_requests_total", &new).increment(4);
    let frame = stream.next().await;
    assert_eq!(frame["gone"], json!([]));
    assert_eq!(frame["overview"]["requests_per_second"], 2, "4 in 2 s");
    let requests = family(&frame, "http_requests_total").unwrap();
    assert_eq!(requests[2], 2);
    // It returns with the requests since then.
    counter(&prometheus, "http_requests_total", &old).increment(6);
    let frame = stream.next().await;
    assert_eq!(endpoint(&frame, "GET", "/old").unwrap()[2], 2, "6 in 3 s");
}

#[tokio::test(start_paused = true)]
async fn a_series_that_returns_from_idleness_is_no_burst() {
    let idle = std::time::Duration::from_millis(1);
    let builder = Prometheus::builder().idle_timeout(idle);
    let prometheus = builder.build().unwrap();
    let labels = [("method", "GET"), ("endpoint", "/rare"), ("status", "200")];
    let requests = counter(&prometheus, "http_requests_total", &labels);
    requests.increment(1_000_000);
    histogram(&prometheus, "http_request_duration_seconds", &labels[..2]).record(0.01);
    // Its first look finds it written, and the next one idle.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while prometheus
        .snapshot()
        .family("http_requests_total")
        .is_some()
    {
        assert!(std::time::Instant::now() < deadline);
        std::thread::yield_now();
    }
    let app = app(routes(&prometheus));
    let mut stream = Stream::open(&app).await;
    stream.next().await;
    requests.increment(5);
    let frame = stream.next().await;
    assert_eq!(frame["overview"]["requests_per_second"], 5);
}

/// Idle series are not on the page, as they are on no route, but their totals still count.
#[tokio::test(start_paused = true)]
async fn idle_series_are_not_shown() {
    let idle = std::time::Duration::from_millis(1);
    let prometheus = Prometheus::builder().idle_timeout(idle).build().unwrap();
    let labels = [("method", "GET"), ("endpoint", "/rare"), ("status", "200")];
    let requests = counter(&prometheus, "http_requests_total", &labels);
    requests.increment(1_000);
    let durations = histogram(&prometheus, "http_request_duration_seconds", &labels[..2]);
    durations.record(0.01);
    let stock = prometheus.register_gauge(&Key::from_name("stock"), &METADATA);
    stock.set(5.0);
    // The first look finds them written, and a later one idle.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    let is_recorded = |name| prometheus.snapshot().family(name).is_some();
    while is_recorded("http_request_duration_seconds") || is_recorded("stock") {
        assert!(std::time::Instant::now() < deadline);
        std::thread::yield_now();
    }
    let mut stream = Stream::open(&app(routes(&prometheus))).await;
    let frame = stream.next().await;
    assert_eq!(endpoint(&frame, "GET", "/rare"), None);
    assert_eq!(family(&frame, "stock"), None);
    for name in ["http_requests_total", "http_request_duration_seconds"] {
        assert_eq!(family(&frame, name), None, "{name}");
    }
    requests.increment(5);
    stock.set(7.0);
    let frame = stream.next().await;
    assert_eq!(endpoint(&frame, "GET", "/rare").unwrap()[2], 5);
    let row = family(&frame, "http_requests_total").unwrap();
    assert_eq!((&row[2], &row[6]), (&json!(5), &json!(1)));
    assert_eq!(family(&frame, "stock").unwrap()[2], 7);
}

#[tokio::test(start_paused = true)]
async fn a_family_whose_series_are_removed_is_gone() {
    let prometheus = Prometheus::builder().build().unwrap();
    counter(&prometheus, "orders_total", &[]).increment(9);
    counter(&prometheus, "visits_total", &[]).increment(9);
    let mut stream = Stream::open(&app(routes(&prometheus))).await;
    let first = stream.next().await;
    assert!(family(&first, "orders_total").is_some());
    assert_eq!(first["gone_families"], json!([]));
    assert!(prometheus.remove("orders_total", &[]));
    let frame = stream.next().await;
    assert_eq!(frame["gone_families"], json!(["orders_total"]));
    assert_eq!(stream.next().await["gone_families"], json!([]));
}
