//! Collectors behind TLS.

use std::time::Duration;

use tower_vitals::telemetry::otel::{Protocol, Tracing};
use tracing::info_span;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::collector::{BOTH, Collector};
use crate::support::tls::{Certificates, terminate_protocol};

#[tokio::test]
async fn spans_are_sent_over_tls_with_the_certificates_of_the_variables() {
    let certificates = Certificates::new("otel");
    let authority = certificates.path("ca.pem");
    for protocol in BOTH {
        let collector = Collector::start(protocol);
        // Servers of gRPC in Go require that a client offers HTTP/2.
        let offered = (protocol == Protocol::Grpc).then_some(&b"h2"[..]);
        let port = terminate_protocol(&certificates, collector.address, offered)
            .await
            .port();
        let (url, bare) = (
            format!("https://localhost:{port}"),
            format!("localhost:{port}"),
        );
        // Without a scheme, gRPC uses TLS.
        let (name, endpoint) = match protocol {
            Protocol::Grpc => ("grpc", &bare),
            _ => ("http/protobuf", &url),
        };
        let vars = [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", name),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", &authority),
            ("OTEL_BSP_EXPORT_TIMEOUT", "500"),
        ];
        for (vars, exported) in [(&vars[..], 1), (&[vars[0], vars[1], vars[3]], 0)] {
            let tracing = Tracing::from_vars(vars.iter().copied())
                .unwrap()
                .run()
                .unwrap();
            let subscribed = tracing_subscriber::registry()
                .with(tracing.layer())
                .set_default();
            drop(info_span!("span"));
            let counts = tracing.shutdown(Duration::from_secs(60)).await;
            drop(subscribed);
            // The system does not trust the tests' authority.
            assert_eq!(counts.exported, exported, "{protocol:?}");
            assert_eq!(counts.export_failed, 1 - exported, "{protocol:?}");
        }
        assert_eq!(collector.spans().len(), 1, "{protocol:?}");
    }
}
