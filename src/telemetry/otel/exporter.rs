//! `Exporter`: sends batches of spans to the collector.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::batch::Batch;
use super::counters::Counters;
use super::failure::{Failure, Retry};
use super::grpc::OtlpGrpc;
use super::http::OtlpHttp;
use super::otlp::Otlp;
use super::protocol::Protocol;
use super::redacted::redact_spans;
use super::request_spans::agree_with_metrics;
use crate::error::Error;
use crate::time::later_instant;
use crate::tls::Tls;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Sends batches of spans to the collector. Tries again until the time of a batch is over.
pub(super) struct Exporter {
    transport: Transport,
    resource: ResourceAttributesWithSchema,
    timeout: Duration,
    export_timeout: Duration,
}

enum Transport {
    Grpc(OtlpGrpc),
    Http(OtlpHttp),
}

/// The end of a batch.
#[derive(Debug)]
pub(super) enum Exported {
    /// The collector took all spans but these.
    Taken { rejected: u64 },
    /// The collector refused the batch.
    Refused(Failure),
    /// The collector refused the batch because it is too large.
    TooLarge(Failure),
    /// The time is over.
    Failed(Failure),
}

impl Exporter {
    /// Must be called in a runtime.
    pub(super) fn new(otlp: Otlp, resource: &Resource) -> Result<Self, Error> {
        let tls = match &otlp.certificate {
            Some(pem) => Tls::with_roots(pem)?,
            None => Tls::system(),
        };
        let transport = match otlp.protocol {
            Protocol::Grpc => {
                Transport::Grpc(OtlpGrpc::new(tls, otlp.uri, otlp.headers, otlp.timeout))
            }
            Protocol::HttpProtobuf => Transport::Http(OtlpHttp::new(tls, otlp.uri, otlp.headers)),
        };
        Ok(Self {
            transport,
            resource: resource.into(),
            timeout: otlp.timeout,
            export_timeout: otlp.export_timeout,
        })
    }

    pub(super) fn batch(&self, mut spans: Vec<SpanData>) -> Batch {
        agree_with_metrics(&mut spans);
        redact_spans(&mut spans);
        Batch::new(group_spans_by_resource_and_scope(spans, &self.resource))
    }

    /// The end of the time for a batch, and for all its parts, if it begins now.
    pub(super) fn deadline(&self) -> Instant {
        later_instant(Instant::now(), self.export_timeout)
    }

    pub(super) async fn export(
        &self,
        batch: &Batch,
        deadline: Instant,
        counters: &Counters,
    ) -> Exported {
        let mut pause = FIRST_PAUSE;
        loop {
            let failure = match self.attempt(&batch.request, deadline).await {
                Ok(rejected) => return Exported::Taken { rejected },
                Err(failure) => failure,
            };
            counters.failures.add(1);
            let wait = match failure.retry {
                Retry::Never => return Exported::Refused(failure),
                Retry::Halved => return Exported::TooLarge(failure),
                Retry::Soon => pause.mul_f64(jitter()),
                Retry::After(asked) => asked.max(pause),
            };
            // A pause that ends too late for another attempt only delays other spans.
            if later_instant(Instant::now(), wait) >= deadline {
                return Exported::Failed(failure);
            }
            sleep(wait).await;
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }

    async fn attempt(
        &self,
        request: &ExportTraceServiceRequest,
        deadline: Instant,
    ) -> Result<u64, Failure> {
        let send = async {
            match &self.transport {
                Transport::Grpc(grpc) => grpc.send(request).await,
                Transport::Http(http) => http.send(request).await,
            }
        };
        match timeout_at(deadline, timeout(self.timeout, send)).await {
            Ok(Ok(answer)) => answer.map(|rejected| u64::try_from(rejected).unwrap_or(0)),
            _ => Err(Failure {
                message: "the collector did not answer in time".to_owned(),
                retry: Retry::Soon,
            }),
        }
    }
}

/// From 0.8 to 1.2, so that the instances of a service do not come back at once.
fn jitter() -> f64 {
    let random = RandomState::new().hash_one(0) % 1024;
    0.8 + 0.4 * random as f64 / 1024.0
}
