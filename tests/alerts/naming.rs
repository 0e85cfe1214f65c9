//! The default rules read the metrics that the layers record, in each naming.

use std::convert::Infallible;
use std::time::{Duration, UNIX_EPOCH};

use http::{Request, Response, StatusCode};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_vitals::alerts::{
    Evaluated, Evaluation, Rules, RulesBuilder, Samples, Signal, Thresholds,
};
use tower_vitals::http_metrics::Naming;
use tower_vitals::{ClientMetricsLayer, HttpMetricsLayer, Prometheus};

/// A service that answers with the status in the request's path, in 3 s of paused time.
macro_rules! answers {
    () => {
        service_fn(|request: Request<axum::body::Body>| async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            let status: u16 = request.uri().path()[1..].parse().unwrap();
            let mut response = Response::new(axum::body::Body::empty());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            Ok::<_, Infallible>(response)
        })
    };
}

/// Sends ten requests in each of twenty intervals, of which two have this status, and evaluates a default rule.
async fn evaluated<S>(
    rules: &Rules,
    rule: &str,
    prometheus: &Prometheus,
    service: S,
    status: u16,
) -> Vec<Evaluated>
where
    S: Service<Request<axum::body::Body>, Error: std::fmt::Debug> + Clone,
{
    let mut samples = Samples::for_rules(rules);
    let mut now = UNIX_EPOCH;
    for _ in 0..20 {
        for index in 0..10 {
            let status = if index < 2 { status } else { 200 };
            let request = Request::get(format!("http://api.example/{status}"));
            let request = request.body(axum::body::Body::empty()).unwrap();
            drop(service.clone().oneshot(request).await.unwrap());
        }
        now += Duration::from_secs(15);
        samples.add(&prometheus.snapshot(), now);
    }
    match rules.get(rule).unwrap().evaluate(&samples, now) {
        Evaluation::Members(members) => members,
        other => panic!("{rule}: {other:?}"),
    }
}

fn rules(builder: RulesBuilder) -> Rules {
    builder.defaults(Thresholds::default()).build().unwrap()
}

fn is_a_fifth(value: f64) -> bool {
    (value - 0.2).abs() < 1e-9
}

#[tokio::test(start_paused = true)]
async fn the_rules_of_requests_read_the_metrics_of_each_naming() {
    let renamed = Naming::prometheus()
        .requests("shop_requests_total")
        .duration("shop_request_duration_seconds")
        .status_label("code");
    for naming in [
        Naming::prometheus(),
        Naming::open_telemetry(),
        Naming::axum_prometheus(),
        renamed,
    ] {
        for status in [503, 404] {
            let prometheus = Prometheus::builder().build().unwrap();
            let layer = HttpMetricsLayer::builder()
                .naming(naming.clone())
                .recorder(prometheus.clone())
                .zero_statuses([200, 404, 503])
                .build()
                .unwrap();
            let rules = rules(Rules::builder().naming(naming.clone()));
            let service = layer.layer(answers!());
            let found = evaluated(&rules, "HighErrorRate", &prometheus, service, status).await;
            assert_eq!(found.len(), 1, "{naming:?}");
            let value = found[0].value;
            let is_right = if status == 503 {
                is_a_fifth(value)
            } else {
                value == 0.0
            };
            assert!(is_right, "{status} in {naming:?}: {value}");
            assert_eq!(found[0].holds, status == 503, "{naming:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_rule_of_calls_reads_the_metrics_of_each_naming() {
    for (naming, label) in [
        (Naming::external_api(), ("service", "payments")),
        (
            Naming::open_telemetry_client(),
            ("server_address", "api.example"),
        ),
    ] {
        for status in [404, 302] {
            let prometheus = Prometheus::builder().build().unwrap();
            let layer = ClientMetricsLayer::builder("payments")
                .naming(naming.clone())
                .recorder(prometheus.clone())
                .build()
                .unwrap();
            let rules = rules(Rules::builder().naming(naming.clone()));
            let service = layer.layer(answers!());
            let found = evaluated(&rules, "ExternalApiErrors", &prometheus, service, status).await;
            assert_eq!(found.len(), 1, "{naming:?}");
            assert_eq!(found[0].labels[label.0], label.1);
            assert_eq!(found[0].holds, status == 404, "{naming:?}: {found:?}");
        }
    }
}

#[test]
fn the_naming_is_set_before_the_default_rules() {
    let late = Rules::builder()
        .defaults(Thresholds::default())
        .naming(Naming::open_telemetry());
    assert_eq!(
        late.build().unwrap_err().to_string(),
        "the naming was set after the default rules were added: set it before"
    );
}

#[test]
fn metrics_and_labels_of_a_naming_are_known() {
    let naming = Naming::prometheus()
        .requests("shop_requests_total")
        .status_label("code");
    let rule = |label: &str| {
        let signal = Signal::rate("app_shop_requests_total", Duration::from_secs(60)).by([label]);
        let rule = tower_vitals::alerts::Rule::new("R", signal);
        let builder = Rules::builder().prefix("app_").naming(naming.clone());
        builder.rule(rule).build()
    };
    assert!(rule("code").is_ok());
    let old = rule("status").unwrap_err().to_string();
    assert!(old.ends_with("has no label \"status\""), "{old}");
    assert_eq!(
        rule("codes").unwrap_err().to_string(),
        "rule \"R\": metric \"app_shop_requests_total\" has no label \"codes\", did you mean \"code\"?"
    );
}
