//! Whatever the recorder: none, late, local, or one that drops idle series. No panic, and nothing lost once there is one.
//!
//! This file's only test of the global recorder is the first; the others give theirs to the layer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and compares with what it recorded"
)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Empty};
use metrics_exporter_prometheus::PrometheusBuilder;
use metrics_util::MetricKindMask;
use support::{Script, Step, call, get, measured, recorder};
use tower::ServiceExt;
use tower_vitals::{ClientMetricsLayer, HttpMetricsLayer, Prometheus};

/// Issue A, "Must show" 6: the layer built before and after install, and requests that come before it.
#[tokio::test]
async fn nothing_is_lost_once_a_recorder_is_installed() {
    let empty = |_| Response::new(Empty::<Bytes>::new());
    let before = measured(HttpMetricsLayer::new(), empty);
    let streaming = measured(HttpMetricsLayer::new(), |_| {
        Response::new(Script::new([Step::Data(b"x")]))
    });
    for _ in 0..10 {
        call(&before, get("/")).await;
    }
    let begun_before = call(&streaming, get("/")).await;

    let prometheus = Prometheus::install().unwrap();
    assert!(!prometheus.render().contains("http_requests_total"));

    let after = measured(HttpMetricsLayer::new(), empty);
    for service in [&before, &after] {
        for _ in 0..5 {
            call(service, get("/")).await;
        }
    }
    let text = prometheus.render();
    let line = "http_requests_total{method=\"GET\",endpoint=\"unmatched\",status=\"200\"} ";
    assert!(text.contains(&format!("{line}10\n")), "{text}");

    // A request that ends after the install counts, and the gauge it never raised is not lowered.
    begun_before.into_body().collect().await.unwrap();
    let text = prometheus.render();
    assert!(text.contains(&format!("{line}11\n")), "{text}");
    let gauge = "http_requests_in_progress{method=\"GET\",endpoint=\"unmatched\"} 0\n";
    assert!(text.contains(gauge), "{text}");
}

#[tokio::test]
async fn two_recorders_in_one_process_keep_apart() {
    let (to_one, seen_one) = recorder();
    let (to_two, seen_two) = recorder();
    let one = measured(HttpMetricsLayer::new().recorder(to_one), |_| {
        Response::new(Empty::<Bytes>::new())
    });
    let two = measured(HttpMetricsLayer::new().recorder(to_two), |_| {
        Response::new(Empty::<Bytes>::new())
    });
    call(&one, get("/")).await;
    call(&two, get("/")).await;
    call(&two, get("/")).await;
    assert_eq!(
        (seen_one.take().requests(), seen_two.take().requests()),
        (1, 2)
    );
}

#[tokio::test]
async fn two_prefixes_keep_apart() {
    let built = |prefix| Prometheus::builder().prefix(prefix).build().unwrap();
    let (shop, bank) = (built("shop"), built("bank"));
    for prometheus in [&shop, &bank, &bank] {
        let layer = HttpMetricsLayer::new().recorder(prometheus.clone());
        let service = measured(layer, |_| Response::new(Empty::<Bytes>::new()));
        call(&service, get("/")).await;
    }
    let labels = "{method=\"GET\",endpoint=\"unmatched\",status=\"200\"}";
    assert!(
        shop.render()
            .contains(&format!("shop_http_requests_total{labels} 1\n"))
    );
    assert!(
        bank.render()
            .contains(&format!("bank_http_requests_total{labels} 2\n"))
    );
    assert!(
        bank.render()
            .contains("bank_http_request_duration_seconds_bucket{")
    );
}

/// A recorder that drops series idle for longer than 500 ms, at each render.
fn dropping() -> (
    Arc<metrics_exporter_prometheus::PrometheusRecorder>,
    impl Fn() -> String,
) {
    let idle = Duration::from_millis(500);
    let recorder = PrometheusBuilder::new()
        .idle_timeout(MetricKindMask::ALL, Some(idle))
        .build_recorder();
    let handle = recorder.handle();
    (Arc::new(recorder), move || handle.render())
}

fn value(text: &str, series: &str) -> f64 {
    text.lines()
        .filter_map(|line| line.strip_prefix(series)?.rsplit_once(' '))
        .map(|(_, value)| value.parse::<f64>().unwrap())
        .sum()
}

/// Renders until the recorder has dropped everything, and says how often.
fn until_dropped(render: &impl Fn() -> String) {
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while render().contains("http_request") {
        assert!(std::time::Instant::now() < deadline, "{}", render());
        std::thread::yield_now();
    }
}

/// Issue A, "Must show" 6: a recorder with idle timeouts.
#[tokio::test]
async fn series_dropped_as_idle_are_registered_again() {
    let (to, render) = dropping();
    let layer = HttpMetricsLayer::new()
        .recorder(to)
        .reregister_after(Duration::from_millis(500));
    let service = measured(layer, |_| Response::new(Empty::<Bytes>::new()));
    for round in 1..=3 {
        for _ in 0..round {
            call(&service, get("/")).await;
        }
        let text = render();
        assert_eq!(
            value(&text, "http_requests_total{"),
            f64::from(round),
            "{text}"
        );
        let durations = value(&text, "http_request_duration_seconds_count{");
        assert_eq!(durations, f64::from(round), "{text}");
        assert!(text.contains("\nhttp_requests_in_progress{"), "{text}");
        assert_eq!(value(&text, "http_requests_in_progress{"), 0.0, "{text}");
        until_dropped(&render);
    }
}

#[tokio::test]
async fn a_request_that_outlives_its_series_is_counted_and_no_gauge_goes_below_zero() {
    let (to, render) = dropping();
    let layer = HttpMetricsLayer::new()
        .recorder(to)
        .reregister_after(Duration::from_millis(500));
    let service = measured(layer, |_| Response::new(Script::new([Step::Data(b"x")])));
    let long = call(&service, get("/")).await;
    until_dropped(&render);
    let second = call(&service, get("/")).await;
    assert_eq!(value(&render(), "http_requests_in_progress{"), 1.0);
    long.into_body().collect().await.unwrap();
    let text = render();
    assert_eq!(value(&text, "http_requests_total{"), 1.0, "{text}");
    assert_eq!(value(&text, "http_requests_in_progress{"), 1.0, "{text}");
    second.into_body().collect().await.unwrap();
    let text = render();
    assert_eq!(value(&text, "http_requests_in_progress{"), 0.0, "{text}");
    assert_eq!(value(&text, "http_requests_total{"), 2.0, "{text}");
}

/// Renewal must not admit endpoints anew: else the limit would be one per renewal.
#[tokio::test]
async fn max_endpoints_holds_across_renewals() {
    let (to, seen) = recorder();
    let layer = HttpMetricsLayer::new()
        .recorder(to)
        .endpoint(|parts| Some(parts.uri.path().to_owned()))
        .max_endpoints(2)
        .reregister_after(Duration::from_nanos(1));
    let service = measured(layer, |_| Response::new(Empty::<Bytes>::new()));
    for _ in 0..3 {
        for path in ["/a", "/b", "/c", "/d"] {
            call(&service, get(path)).await;
        }
    }
    let taken = seen.take();
    assert_eq!(
        taken.values("http_requests_total", "endpoint"),
        ["/a", "/b", "other"]
    );
    assert_eq!(
        taken.counter("http_requests_total", &[("endpoint", "/a")]),
        3
    );
    assert_eq!(
        taken.counter("http_requests_total", &[("endpoint", "other")]),
        6
    );
}

#[tokio::test]
async fn the_outbound_layer_registers_again_too() {
    let (to, render) = dropping();
    let client = tower::Layer::layer(
        &ClientMetricsLayer::service("rare")
            .recorder(to)
            .reregister_after(Duration::from_millis(500)),
        tower::service_fn(|_: http::Request<()>| async {
            Ok::<_, std::convert::Infallible>(Response::new(Empty::<Bytes>::new()))
        }),
    );
    for _ in 0..2 {
        client.clone().oneshot(get("/")).await.unwrap();
        assert_eq!(value(&render(), "external_api_requests_total{"), 1.0);
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while render().contains("external_api") {
            assert!(std::time::Instant::now() < deadline);
            std::thread::yield_now();
        }
    }
}
