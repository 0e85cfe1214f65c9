//! The names of metrics and labels are configurable.

use crate::support::{Script, Step, Taken, call, get, layer, measured, recorder};
use bytes::Bytes;
use futures_util::FutureExt;
use http::Response;
use http_body_util::Empty;
use tower::{Layer, ServiceExt};
use tower_vitals::HttpMetricsLayer;
use tower_vitals::http_metrics::Naming;

fn names(taken: &Taken) -> Vec<&str> {
    let mut names: Vec<_> = taken.0.iter().map(|series| series.name.as_str()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn open_telemetry_has_the_labels_of_the_convention_and_no_others() {
    let (recorder, reader) = recorder();
    let layer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .response_body_size()
        .naming(Naming::open_telemetry())
        .build()
        .unwrap();
    let app = axum::Router::new()
        .route("/users/{id}", axum::routing::get(respond))
        .route("/hang", axum::routing::get(std::future::pending::<()>))
        .layer(layer);
    let send = async |request: http::request::Builder| {
        let request = request.body(axum::body::Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        http_body_util::BodyExt::collect(response.into_body())
            .await
            .unwrap();
    };
    let get = |path: &str| http::Request::get(path);
    send(get("/users/200")).await;
    send(get("/users/200").header("x-forwarded-proto", "https")).await;
    send(get("/users/404")).await;
    send(get("/users/503")).await;
    send(get("/none")).await;
    let request = get("/hang").body(axum::body::Body::empty()).unwrap();
    assert!(app.clone().oneshot(request).now_or_never().is_none());
    let request = get("/users/200").body(axum::body::Body::empty()).unwrap();
    drop(app.clone().oneshot(request).await.unwrap());

    let taken = reader.take();
    let ok = "http_request_method=GET http_response_status_code=200 http_route=/users/{id}";
    let not_found = "http_request_method=GET http_response_status_code=404";
    assert_eq!(
        label_sets(&taken, "http_server_request_duration_seconds"),
        [
            "error_type=503 http_request_method=GET http_response_status_code=503 \
             http_route=/users/{id} url_scheme=http",
            &format!("error_type=body_dropped {ok} url_scheme=http"),
            "error_type=cancelled http_request_method=GET http_route=/hang url_scheme=http",
            &format!("{ok} url_scheme=http"),
            &format!("{ok} url_scheme=https"),
            &format!("{not_found} http_route=/users/{{id}} url_scheme=http"),
            &format!("{not_found} url_scheme=http"),
        ]
    );
    assert_eq!(
        taken
            .samples("http_server_request_duration_seconds", &[])
            .len(),
        7
    );
    assert_eq!(
        label_sets(&taken, "http_server_active_requests"),
        [
            "http_request_method=GET url_scheme=http",
            "http_request_method=GET url_scheme=https"
        ]
    );
    assert_eq!(taken.gauge("http_server_active_requests", &[]), 0.0);
    for reason in ["cancelled", "body_dropped"] {
        let labels = [("error_type", reason)];
        assert_eq!(
            taken.counter("http_server_requests_aborted_total", &labels),
            1
        );
    }
    assert!(names(&taken).contains(&"http_server_response_body_size_bytes"));
}

/// A response with the status that the path ends in.
async fn respond(
    axum::extract::Path(status): axum::extract::Path<u16>,
) -> (http::StatusCode, axum::body::Body) {
    let body = axum::body::Body::new(Script::new([Step::Data(b"abc")]));
    (http::StatusCode::from_u16(status).unwrap(), body)
}

/// The labels of each series of a family, sorted.
fn label_sets(taken: &Taken, family: &str) -> Vec<String> {
    let text = |(name, value): &(String, String)| format!("{name}={value}");
    let sets = taken.family(family).map(|series| {
        let labels: Vec<_> = series.labels.iter().map(text).collect();
        labels.join(" ")
    });
    let mut sets: Vec<_> = sets.collect();
    sets.sort();
    sets
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
    assert_eq!(taken.0.len(), 8);
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

#[tokio::test]
async fn server_and_protocol_version_are_optional_and_bounded() {
    let (recorder, reader) = recorder();
    let layer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .naming(Naming::open_telemetry())
        .network_protocol_version()
        .server_addresses(["shop.example", "admin.example:8443"])
        .url_scheme("https")
        .build()
        .unwrap();
    let service = measured(layer, |_| Response::new(Empty::<Bytes>::new()));
    for host in ["shop.example", "admin.example:8443"] {
        let request = http::Request::get("/").header("host", host);
        call(&service, request.body(()).unwrap()).await;
    }
    for number in 0..1_000 {
        let request = http::Request::get("/").version(http::Version::HTTP_2);
        let request = request.header("host", format!("h{number}.example"));
        call(&service, request.body(()).unwrap()).await;
    }
    let taken = reader.take();
    let ok = "http_request_method=GET http_response_status_code=200 network_protocol_version";
    let (shop, admin) = (
        "server_address=shop.example url_scheme=https",
        "server_address=admin.example server_port=8443 url_scheme=https",
    );
    assert_eq!(
        label_sets(&taken, "http_server_request_duration_seconds"),
        [
            format!("{ok}=1.1 {admin}"),
            format!("{ok}=1.1 {shop}"),
            format!("{ok}=2 url_scheme=https")
        ]
    );
    assert_eq!(
        label_sets(&taken, "http_server_active_requests"),
        [
            format!("http_request_method=GET {admin}"),
            format!("http_request_method=GET {shop}"),
            "http_request_method=GET url_scheme=https".to_owned()
        ]
    );
    assert_eq!(
        taken
            .samples("http_server_request_duration_seconds", &[])
            .len(),
        1_002
    );
    let error = HttpMetricsLayer::builder().url_scheme("gopher").build();
    assert_eq!(
        error.unwrap_err().to_string(),
        "URL scheme \"gopher\" is neither \"http\" nor \"https\""
    );
}
