//! The names of metrics and labels are configurable.

use crate::support::{Script, Step, Taken, call, get, layer, measured, recorder};
use bytes::Bytes;
use http::Response;
use http_body_util::Empty;
use tower::Layer;
use tower_vitals::HttpMetricsLayer;
use tower_vitals::http_metrics::Naming;

fn names(taken: &Taken) -> Vec<&str> {
    let mut names: Vec<_> = taken.0.iter().map(|series| series.name.as_str()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn open_telemetry_carries_the_status_on_the_duration() {
    let (recorder, reader) = recorder();
    let layer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .response_body_size()
        .naming(Naming::open_telemetry())
        .build()
        .unwrap();
    let service = measured(layer, |request| {
        let status = if request.uri() == "/" { 200 } else { 404 };
        Response::builder()
            .status(status)
            .body(Script::new([Step::Data(b"abc")]))
            .unwrap()
    });
    for path in ["/", "/", "/x"] {
        let body = call(&service, get(path)).await.into_body();
        http_body_util::BodyExt::collect(body).await.unwrap();
    }
    drop(call(&service, get("/")).await);

    let taken = reader.take();
    let duration = "http_server_request_duration_seconds";
    let with = |status| {
        let labels = [
            ("http_request_method", "GET"),
            ("http_route", "unmatched"),
            ("http_response_status_code", status),
        ];
        taken.samples(duration, &labels).len()
    };
    assert_eq!((with("200"), with("404")), (3, 1));
    assert_eq!(taken.gauge("http_server_active_requests", &[]), 0.0);
    let dropped = [("error_type", "body_dropped")];
    assert_eq!(
        taken.counter("http_server_requests_aborted_total", &dropped),
        1
    );
    let sizes = taken.samples("http_server_response_body_size_bytes", &[]);
    assert_eq!(sizes, [3.0, 3.0, 3.0, 0.0]);
    assert_eq!(
        names(&taken),
        [
            "http_server_active_requests",
            "http_server_request_duration_seconds",
            "http_server_request_duration_seconds",
            "http_server_requests_aborted_total",
            "http_server_response_body_size_bytes",
        ]
    );
}

#[tokio::test]
async fn two_layers_with_different_names_record_side_by_side() {
    let (recorder, reader) = recorder();
    let recorder = std::sync::Arc::new(recorder);
    let inner = layer(std::sync::Arc::clone(&recorder));
    let outer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .naming(
            Naming::prometheus()
                .requests("shop_requests_total")
                .duration("shop_seconds")
                .in_progress("shop_in_progress")
                .aborted("shop_aborted_total")
                .request_body_size("shop_request_bytes")
                .response_body_size("shop_response_bytes")
                .method_label("verb")
                .endpoint_label("route")
                .status_label("code")
                .reason_label("why"),
        )
        .build()
        .unwrap();
    let service = outer.layer(measured(inner, |_| Response::new(Empty::<Bytes>::new())));
    call(&service, get("/")).await;

    let taken = reader.take();
    let labels = [("verb", "GET"), ("route", "unmatched"), ("code", "200")];
    assert_eq!(taken.counter("shop_requests_total", &labels), 1);
    assert_eq!(taken.samples("shop_seconds", &labels[..2]).len(), 1);
    assert_eq!(taken.requests(), 1);
    assert_eq!(taken.0.len(), 6);
    let help = |name| taken.family(name).next().unwrap().help.clone();
    assert_eq!(help("shop_requests_total"), help("http_requests_total"));
}

#[test]
fn an_extra_label_that_clashes_with_the_naming_is_refused() {
    let error = HttpMetricsLayer::builder()
        .label("verb", ["x"], |_| None)
        .naming(Naming::prometheus().method_label("verb"))
        .build()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "label name \"verb\" is a label of the layer itself: choose another"
    );
}
