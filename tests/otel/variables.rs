//! The standard variables of OpenTelemetry.

use std::time::Duration;

use tower_vitals::ErrorKind;
use tower_vitals::telemetry::otel::{Protocol, Tracing, TracingBuilder};
use tracing::info_span;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::collector::{BOTH, Collector, attribute, until};

const MINUTE: Duration = Duration::from_secs(60);

async fn export_one(builder: TracingBuilder) {
    let tracing = builder.run().unwrap();
    let subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    drop(info_span!("span"));
    let counts = tracing.shutdown(MINUTE).await;
    drop(subscribed);
    assert_eq!((counts.exported, counts.lost()), (1, 0));
}

#[tokio::test]
async fn the_variables_name_the_collector_and_the_service() {
    for protocol in BOTH {
        let collector = Collector::start(protocol);
        let (url, address) = (collector.url(), collector.address.to_string());
        let name = match protocol {
            Protocol::Grpc => "gRPC",
            _ => "http/protobuf",
        };
        let with_path = format!("{url}/v1/traces");
        let wrong = "http://localhost:1";
        let mut cases = vec![
            vec![
                ("OTEL_EXPORTER_OTLP_ENDPOINT", &*url),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", name),
            ],
            vec![
                ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &*with_path),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", wrong),
                ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", name),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", ""),
            ],
        ];
        if protocol == Protocol::Grpc {
            cases.push(vec![
                ("OTEL_EXPORTER_OTLP_ENDPOINT", &*address),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", name),
                ("OTEL_EXPORTER_OTLP_INSECURE", "True"),
            ]);
        }
        let common = [
            ("OTEL_SERVICE_NAME", "orders"),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "service.name=other, deployment.environment.name=a%2Cb ,k=v=w",
            ),
            (
                "OTEL_EXPORTER_OTLP_HEADERS",
                "x-tenant=tenant%204711,x-other = o-4711",
            ),
            ("OTEL_TRACES_EXPORTER", "otlp"),
            ("OTEL_SDK_DISABLED", "FALSE"),
            ("OTEL_TRACES_SAMPLER", " "),
        ];
        for case in cases {
            let before = collector.requests().len();
            let vars = case.iter().chain(&common).copied();
            export_one(Tracing::from_vars(vars).unwrap()).await;
            let request = &collector.requests()[before].resource_spans[0];
            let resource = &request.resource.as_ref().unwrap().attributes;
            let value = |key| attribute(resource, key).unwrap();
            assert_eq!(value("service.name"), "orders", "{case:?}");
            assert_eq!(value("deployment.environment.name"), "a,b", "{case:?}");
            assert_eq!(value("k"), "v=w", "{case:?}");
            let headers = &collector.headers()[before];
            assert_eq!(headers["x-tenant"], "tenant 4711", "{case:?}");
            assert_eq!(headers["x-other"], "o-4711", "{case:?}");
        }
    }
}

#[tokio::test]
async fn a_service_without_a_name_has_that_of_its_program() {
    let collector = Collector::start(Protocol::HttpProtobuf);
    let url = collector.url();
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", &*url);
    export_one(Tracing::from_vars([endpoint]).unwrap()).await;
    let attributes = ("OTEL_RESOURCE_ATTRIBUTES", "service.name=stock");
    export_one(Tracing::from_vars([endpoint, attributes]).unwrap()).await;
    let names = collector.requests().into_iter().map(|request| {
        let resource = request.resource_spans[0].resource.clone().unwrap();
        attribute(&resource.attributes, "service.name").unwrap()
    });
    let names: Vec<_> = names.collect();
    assert!(names[0].starts_with("unknown_service:otel-"), "{names:?}");
    assert_eq!(names[1], "stock");
}

#[tokio::test]
async fn batches_follow_the_variables() {
    let collector = Collector::start(Protocol::HttpProtobuf);
    let url = collector.url();
    let vars = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*url),
        ("OTEL_BSP_SCHEDULE_DELAY", "60000"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "2"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "5"),
    ];
    let tracing = Tracing::from_vars(vars).unwrap().run().unwrap();
    let subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    (0..3).for_each(|_| drop(info_span!("span")));
    collector.wait_for(2);
    until("rest", || tracing.counts().exported == 2);
    (0..4).for_each(|_| drop(info_span!("span")));
    collector.wait_for(6);
    tracing.shutdown(MINUTE).await;
    drop(subscribed);
    assert_eq!(
        (collector.requests().len(), tracing.counts().exported),
        (4, 7)
    );
}

#[test]
fn off_and_disabled() {
    let none = Tracing::from_vars([("OTEL_TRACES_EXPORTER", "none")]).unwrap();
    assert!(!none.run().unwrap().is_exporting());
    let disabled = Tracing::from_vars([("OTEL_SDK_DISABLED", "true")]).unwrap();
    assert!(!disabled.run().unwrap().is_exporting());
    let nothing = Tracing::from_vars(Vec::<(String, String)>::new()).unwrap();
    assert!(
        nothing.run().unwrap().is_exporting(),
        "to the collector on this machine"
    );
}

#[test]
fn every_wrong_variable_is_named_in_one_error() {
    let wrong = [
        ("OTEL_SDK_DISABLED", "1", "true or false"),
        ("OTEL_TRACES_EXPORTER", "zipkin", "otlp or none"),
        (
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "http/json",
            "grpc or http/protobuf",
        ),
        (
            "OTEL_EXPORTER_OTLP_TIMEOUT",
            "10s",
            "a whole number of milliseconds",
        ),
        (
            "OTEL_EXPORTER_OTLP_CERTIFICATE",
            "/nowhere/ca.pem",
            "the path of a file",
        ),
        ("OTEL_EXPORTER_OTLP_INSECURE", "yes", "true or false"),
        (
            "OTEL_TRACES_SAMPLER",
            "jaeger_remote",
            "always_on, always_off, traceidratio",
        ),
        ("OTEL_TRACES_SAMPLER_ARG", "1.5", "a number from 0 to 1"),
        ("OTEL_RESOURCE_ATTRIBUTES", "region", "a list of key=value"),
        (
            "OTEL_BSP_SCHEDULE_DELAY",
            "0",
            "a whole number of milliseconds",
        ),
        (
            "OTEL_BSP_EXPORT_TIMEOUT",
            "-1",
            "a whole number of milliseconds",
        ),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "many", "a whole number from 1"),
        (
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
            "0",
            "a whole number from 1",
        ),
    ];
    let vars = wrong.iter().map(|(name, value, _)| (*name, *value));
    let error = Tracing::from_vars(vars).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    for (name, value, allowed) in wrong {
        let part = format!("{name} is {value:?}: {allowed}");
        assert!(error.to_string().contains(&part), "{part}\n{error}");
        let alone = Tracing::from_vars([(name, value)]).unwrap_err();
        assert!(alone.to_string().starts_with(&part), "{alone}");
    }
    for endpoint in ["collector:4318", "ftp://collector", "http://"] {
        let error = Tracing::from_vars([("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)]);
        let error = error.unwrap_err().to_string();
        assert!(
            error.starts_with("OTEL_EXPORTER_OTLP_ENDPOINT is \""),
            "{error}"
        );
        assert!(
            error.ends_with("a URL that begins with http:// or https:// is allowed"),
            "{error}"
        );
    }
}

#[test]
fn wrong_values_of_the_builder_are_named_in_one_error() {
    let builder = Tracing::builder()
        .endpoint("collector")
        .header("a b", "c")
        .sample_ratio(2.0);
    let error = builder.max_batch(10).max_queue(9).run().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    for part in [
        "4 mistakes: ",
        "the URL \"collector\" of the collector is invalid",
        "the header \"a b\" of the collector is invalid",
        "the sampled share 2 is invalid",
        "a batch of 10 spans and a queue of 9 are invalid",
    ] {
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
    let builder = Tracing::builder().root_certificates("no PEM");
    let error = builder.run().unwrap_err().to_string();
    assert!(
        error.contains("the root certificates are invalid"),
        "{error}"
    );
}
