//! The layer with different recorders: none, one installed late, several, and one that drops idle series.
//!
//! Only the first test uses the global recorder.
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

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Empty};
use metrics_exporter_prometheus::PrometheusBuilder;
use metrics_util::MetricKindMask;
use support::{Script, Step, call, get, layer, measured, recorder};
use tower::ServiceExt;
use tower_vitals::{ClientMetricsLayer, HttpMetricsLayer, Prometheus};

/// One layer is built before the install and one after it, and one request begins before it.
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
    let early = call(&streaming, get("/")).await;

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

    // A request that ends after the install counts, but does not decrement the gauge that it did not increment.
    early.into_body().collect().await.unwrap();
    let text = prometheus.render();
    assert!(text.contains(&format!("{line}11\n")), "{text}");
    let gauge = "http_requests_in_progress{method=\"GET\",endpoint=\"unmatched\"} 0\n";
    assert!(text.contains(gauge), "{text}");
}

#[tokio::test]
async fn two_recorders_in_one_process_stay_separate() {
    let (recorder_one, reader_one) = recorder();
    let (recorder_two, reader_two) = recorder();
    let one = measured(
        layer(recorder_one),
        |_| Response::new(Empty::<Bytes>::new()),
    );
    let two = measured(
        layer(recorder_two),
        |_| Response::new(Empty::<Bytes>::new()),
    );
    call(&one, get("/")).await;
    call(&two, get("/")).await;
    call(&two, get("/")).await;
    assert_eq!(
        (reader_one.take().requests(), reader_two.take().requests()),
        (1, 2)
    );
}

#[tokio::test]
async fn two_prefixes_stay_separate() {
    let built = |prefix| Prometheus::builder().prefix(prefix).build().unwrap();
    let (shop, bank) = (built("shop"), built("bank"));
    for prometheus in [&shop, &bank, &bank] {
        let service = measured(layer(prometheus.clone()), |_| {
            Response::new(Empty::<Bytes>::new())
        });
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

/// A recorder that, at each render, drops series that were idle for longer than 500 ms.
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

/// Renders until the recorder has dropped everything.
fn until_dropped(render: &impl Fn() -> String) {
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while render().contains("http_request") {
        assert!(std::time::Instant::now() < deadline, "{}", render());
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn series_dropped_as_idle_are_registered_again() {
    let (recorder, render) = dropping();
    let layer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .reregister_after(Duration::from_millis(500))
        .build()
        .unwrap();
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
    let (recorder, render) = dropping();
    let layer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .reregister_after(Duration::from_millis(500))
        .build()
        .unwrap();
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

#[tokio::test]
async fn max_endpoints_holds_across_reregistrations() {
    let (recorder, reader) = recorder();
    let layer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .endpoint(|parts| Some(parts.uri.path().to_owned()))
        .max_endpoints(2)
        .reregister_after(Duration::from_nanos(1))
        .build()
        .unwrap();
    let service = measured(layer, |_| Response::new(Empty::<Bytes>::new()));
    for _ in 0..3 {
        for path in ["/a", "/b", "/c", "/d"] {
            call(&service, get(path)).await;
        }
    }
    let taken = reader.take();
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
async fn the_client_layer_reregisters_too() {
    let (recorder, render) = dropping();
    let client = tower::Layer::layer(
        &ClientMetricsLayer::builder("rare")
            .recorder(recorder)
            .reregister_after(Duration::from_millis(500))
            .zero_statuses([])
            .build()
            .unwrap(),
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
