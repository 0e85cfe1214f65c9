//! Traces as the settings name them.

use std::time::Duration;

use tower_vitals::Settings;
use tower_vitals::telemetry::otel::{Protocol, Tracing};
use tracing::info_span;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::collector::{Collector, attribute};

#[tokio::test]
async fn the_settings_name_the_collector_the_service_and_its_environment() {
    let collector = Collector::start(Protocol::Grpc);
    let url = collector.url();
    let vars = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*url),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_SERVICE_NAME", "shop"),
        ("ENVIRONMENT", "staging"),
    ];
    let own = [(
        "OTEL_RESOURCE_ATTRIBUTES",
        "deployment.environment.name=blue",
    )];
    for (vars, environment) in [
        (vars.to_vec(), "staging"),
        ([&vars[..], &own].concat(), "blue"),
    ] {
        let settings = Settings::from_vars(vars).unwrap();
        let tracing = Tracing::from_settings(&settings).unwrap().run().unwrap();
        let subscribed = tracing_subscriber::registry()
            .with(tracing.layer())
            .set_default();
        drop(info_span!("span"));
        assert_eq!(tracing.shutdown(Duration::from_secs(60)).await.exported, 1);
        drop(subscribed);
        let last = collector.requests().pop().unwrap();
        let resource = last.resource_spans[0].resource.clone().unwrap().attributes;
        let value = |key| attribute(&resource, key).unwrap();
        assert_eq!(value("service.name"), "shop");
        assert_eq!(value("deployment.environment.name"), environment);
    }
}

#[test]
fn wrong_variables_are_named_with_the_other_wrong_settings() {
    let wrong = Settings::from_vars([
        ("MONITORING_PORT", "http"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "pl4nted-s3cret"),
    ]);
    let error = wrong.unwrap_err().to_string();
    assert!(
        error.starts_with("3 settings are wrong: MONITORING_PORT is "),
        "{error}"
    );
    assert!(
        error.contains("OTEL_TRACES_SAMPLER is \"sometimes\""),
        "{error}"
    );
    assert!(
        error.contains("OTEL_EXPORTER_OTLP_HEADERS is [redacted]"),
        "{error}"
    );
}

#[test]
fn settings_show_the_variables_that_are_set_without_secrets() {
    let settings = Settings::from_vars([
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "authorization=Bearer%20pl4nted-s3cret",
        ),
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "https://ann:pl4nted-s3cret@collector/pl4nted-s3cret",
        ),
        ("OTEL_TRACES_SAMPLER", "always_off"),
    ]);
    let settings = settings.unwrap();
    let json = serde_json::to_value(&settings).unwrap();
    assert_eq!(json["OTEL_TRACES_SAMPLER"]["value"], "always_off");
    assert_eq!(json["OTEL_TRACES_SAMPLER"]["source"], "environment");
    assert_eq!(json["OTEL_EXPORTER_OTLP_HEADERS"]["value"], "[redacted]");
    let endpoint = &json["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]["value"];
    assert_eq!(endpoint, "https://[redacted]@collector");
    assert_eq!(json["OTEL_BSP_SCHEDULE_DELAY"], serde_json::Value::Null);
    let shown = format!("{settings:?} {json}");
    assert!(!shown.contains("pl4nted"), "{shown}");
    assert!(
        shown.contains("OTEL_TRACES_SAMPLER: \"always_off\""),
        "{shown}"
    );
}
