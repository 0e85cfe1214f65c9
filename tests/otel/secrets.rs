//! Secrets reach neither the collector nor a log.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use opentelemetry::{Array, Value};
use tower_vitals::telemetry::otel::{Protocol, Tracing};
use tracing::{info, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::collector::{BOTH, Collector, Mode, attribute, until};
use crate::quiet::global;
use crate::support::log::Log;

const SECRET: &str = "pl4nted-s3cret";

#[tokio::test]
async fn secrets_in_spans_do_not_leave_the_process() {
    for protocol in BOTH {
        let collector = Collector::start(protocol);
        let tracing = collector.builder().run().unwrap();
        let subscribed = tracing_subscriber::registry()
            .with(tracing.layer())
            .set_default();
        let span = info_span!(
            "login",
            otel.name = format!("GET /login?token={SECRET}"),
            password = SECRET,
            http.request.header.authorization = format!("Bearer {SECRET}"),
            url.full = format!("https://ann:{SECRET}@shop/a?b=c"),
            url.query = format!("page=2&X-Amz-Signature={SECRET}"),
            user = "ann",
            otel.status_code = "error",
            otel.status_description = format!("password={SECRET} is wrong"),
        );
        span.in_scope(|| info!(api_key = SECRET, "tried secret={SECRET}"));
        drop(span);
        assert_eq!(tracing.shutdown(Duration::from_secs(60)).await.exported, 1);
        drop(subscribed);
        let shown = format!("{:?}", collector.requests());
        assert!(!shown.contains(SECRET), "{protocol:?}: {shown}");
        for kept in ["\"ann\"", "page=2", "GET /login", "https://", "is wrong"] {
            assert!(shown.contains(kept), "{protocol:?} {kept}: {shown}");
        }
    }
}

#[tokio::test]
async fn secrets_of_the_collector_are_shown_nowhere() {
    const SECRET: &str = "pl4nted-c0llector";
    let log = &global().log;
    for protocol in BOTH {
        let mut collector = Collector::start(protocol);
        collector.stop();
        let address = collector.address.to_string();
        let url = format!("http://ann:{SECRET}@{address}/{SECRET}");
        let vars = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &*url),
            (
                "OTEL_EXPORTER_OTLP_PROTOCOL",
                if protocol == Protocol::Grpc {
                    "grpc"
                } else {
                    "http/protobuf"
                },
            ),
            (
                "OTEL_EXPORTER_OTLP_HEADERS",
                "authorization=Bearer%20pl4nted-c0llector",
            ),
            ("OTEL_BSP_EXPORT_TIMEOUT", "50"),
            ("OTEL_BSP_SCHEDULE_DELAY", "5"),
        ];
        let builder = Tracing::from_vars(vars).unwrap();
        let shown = format!("{builder:?}");
        let tracing = builder.run().unwrap();
        let shown = format!("{shown} {tracing:?}");
        assert!(!shown.contains(SECRET), "{shown}");
        let subscribed = tracing_subscriber::registry()
            .with(tracing.layer())
            .set_default();
        drop(info_span!("span"));
        until("loss", || tracing.counts().export_failed == 1);
        collector.restart();
        collector.answer(Mode::Refuses(400));
        drop(info_span!("span"));
        // The path of the collector over HTTP is unknown, and that over gRPC has no prefix.
        until("refusal", || tracing.counts().rejected == 1);
        drop(subscribed);
        // The lines are written when the thread has ended.
        tracing.shutdown(Duration::from_secs(60)).await;
        assert_eq!(log.count(&address), 1, "{protocol:?}: {}", log.text());
        assert!(log.count("refused spans") > 0, "{protocol:?}");
        assert!(!log.text().contains(SECRET), "{}", log.text());
    }
    let headers = [(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "authorization: pl4nted-c0llector",
    )];
    let error = Tracing::from_vars(headers).unwrap_err();
    assert_eq!(
        error.to_string(),
        "OTEL_EXPORTER_OTLP_HEADERS is [redacted]: a list of name=value, with commas between them, is allowed"
    );
    let endpoint = [(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "htp://ann:pl4nted-c0llector@host/x",
    )];
    let error = Tracing::from_vars(endpoint).unwrap_err().to_string();
    assert!(!error.contains(SECRET), "{error}");
}

/// The last shutdown is logged where it is called.
#[tokio::test]
async fn a_loss_at_the_shutdown_is_logged() {
    let collector = Collector::start(Protocol::HttpProtobuf);
    collector.answer(Mode::Hangs);
    let tracing = collector.builder().run().unwrap();
    let subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    drop(info_span!("span"));
    drop(subscribed);
    let (log, _logged) = Log::of_this_thread();
    assert_eq!(
        tracing.shutdown(Duration::from_millis(20)).await.shutdown,
        1
    );
    assert_eq!(log.count("WARN"), 1, "{}", log.text());
    assert_eq!(log.count("spans=1"), 1, "{}", log.text());
}

/// A value that is no text is masked by its name, too. A count is not.
#[tokio::test]
async fn values_of_every_type_are_masked_by_their_names() {
    let collector = Collector::start(Protocol::HttpProtobuf);
    let tracing = collector.builder().run().unwrap();
    let subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    let span = info_span!(
        "login",
        password = 271_828_183,
        pin = 314_159.25,
        tokens = 1_618,
        has_token = true,
        header = "authorization",
        value = "Zm9vYmFy1",
        data = 577_215,
    );
    let numbers = vec![141_421, 356_237];
    span.set_attribute("otp", Value::Array(Array::I64(numbers)));
    span.in_scope(|| {
        info!(otp = 173_205, "tried");
        info!(name = "DB_PASSWORD", value = "Zm9vYmFy2", "set");
        info!(name = "colour", value = "green", "set");
    });
    drop(span);
    assert_eq!(tracing.shutdown(Duration::from_secs(60)).await.exported, 1);
    drop(subscribed);
    let span = &collector.spans()[0];
    let mut seen: Vec<_> = span.attributes.iter().map(|it| &*it.key).collect();
    seen.sort_unstable();
    let seen = seen
        .into_iter()
        .map(|key| (key, attribute(&span.attributes, key).unwrap()));
    let masked = "[redacted]";
    let mut expected = [
        ("password", masked),
        ("pin", masked),
        ("tokens", "1618"),
        ("has_token", "true"),
        ("header", "authorization"),
        ("value", masked),
        ("data", masked),
        ("otp", masked),
    ];
    expected.sort_unstable();
    let expected = expected.map(|(key, value)| (key, value.to_owned()));
    let seen: Vec<_> = seen
        .filter(|(key, _)| *key != "target" && *key != "level")
        .collect();
    assert_eq!(seen, expected);
    let event = |at: usize, key| attribute(&span.events[at].attributes, key).unwrap();
    assert_eq!(event(0, "otp"), masked);
    assert_eq!(
        (&*event(1, "name"), &*event(1, "value")),
        ("DB_PASSWORD", masked)
    );
    assert_eq!(
        (&*event(2, "name"), &*event(2, "value")),
        ("colour", "green")
    );
}

/// An error whose field has a secret name leaves no copy, not even on the span when that has no room for another event.
#[tokio::test]
async fn errors_are_masked_by_the_names_of_their_fields() {
    let collector = Collector::start(Protocol::HttpProtobuf);
    let tracing = collector.builder().run().unwrap();
    let subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    let secret = Wrong(std::io::Error::other(SECRET));
    let secret: &(dyn Error + 'static) = &secret;
    let shown = std::io::Error::other("no such file");
    let shown: &(dyn Error + 'static) = &shown;
    let span = info_span!("login", password = secret);
    span.in_scope(|| {
        info!(token = secret, error = shown, "tried");
        for _ in 0..200 {
            info!("tried");
        }
        info!(token = secret, "tried");
    });
    drop(span);
    assert_eq!(tracing.shutdown(Duration::from_secs(60)).await.exported, 1);
    drop(subscribed);
    let span = &collector.spans()[0];
    assert!(span.dropped_events_count > 0);
    assert!(!format!("{span:?}").contains(SECRET), "{span:?}");
    let event = &span.events[0].attributes;
    for (list, key, expected) in [
        (&span.attributes, "password", "[redacted]"),
        (event, "token", "[redacted]"),
        (event, "error", "no such file"),
    ] {
        assert_eq!(attribute(list, key).as_deref(), Some(expected), "{key}");
    }
    // Such a copy stays when the event has no room for the field.
    for list in [&span.attributes, event] {
        let mut keys = list.iter().map(|it| &*it.key);
        assert!(!keys.any(|key| key.starts_with("exception.")), "{list:?}");
    }
}

/// Its text and its source are secrets.
#[derive(Debug)]
struct Wrong(std::io::Error);

impl fmt::Display for Wrong {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{SECRET} is wrong")
    }
}

impl Error for Wrong {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}
