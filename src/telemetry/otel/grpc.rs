//! `OtlpGrpc`: OTLP over gRPC.

use std::error::Error as _;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::header::HeaderMap;
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Extensions, Request, Status};
use tower_service::Service;

use super::failure::{Failure, MAX_RETRY_AFTER, Retry};
use super::retry_info::retry_delay;
use crate::error::{Error, with_sources};
use crate::http_client::{HttpClient, Stream};
use crate::redact::redact_line;
use crate::tls::Tls;

const SHORTEST_PING: Duration = Duration::from_millis(50);
const LONGEST_PING: Duration = Duration::from_secs(10);

/// OTLP over gRPC. The connection stays open, and is opened again when it is gone.
pub(super) struct OtlpGrpc {
    client: TraceServiceClient<Channel>,
    metadata: MetadataMap,
}

impl OtlpGrpc {
    /// Must be called in a runtime. `timeout` is that of an attempt.
    pub(super) fn new(tls: Tls, uri: Uri, headers: HeaderMap, timeout: Duration) -> Self {
        let mut client = HttpClient::new();
        client.set_tls(tls.http2());
        let connector = Connector {
            client: Arc::new(client),
            uri: uri.clone(),
        };
        // TLS is the connector's task. For a scheme of https, tonic would want to do it.
        // A connection that became silent is replaced after about one attempt. Without a request there are no pings, because many
        // servers close a connection that sends such pings.
        let pause = (timeout / 2).clamp(SHORTEST_PING, LONGEST_PING);
        let channel = Endpoint::from(without_tls(&uri))
            .origin(uri)
            .http2_keep_alive_interval(pause)
            .keep_alive_timeout(pause);
        let channel = channel.connect_with_connector_lazy(connector);
        Self {
            client: TraceServiceClient::new(channel),
            metadata: MetadataMap::from_headers(headers),
        }
    }

    /// Returns the number of spans that the collector refused.
    pub(super) async fn send(&self, spans: &ExportTraceServiceRequest) -> Result<i64, Failure> {
        let request = Request::from_parts(self.metadata.clone(), Extensions::new(), spans.clone());
        match self.client.clone().export(request).await {
            Ok(response) => {
                let refused = response.into_inner().partial_success;
                Ok(refused.map_or(0, |refused| refused.rejected_spans))
            }
            Err(status) => Err(failure(&status)),
        }
    }
}

fn without_tls(uri: &Uri) -> Uri {
    let mut parts = uri.clone().into_parts();
    parts.scheme = Some(http::uri::Scheme::HTTP);
    Uri::from_parts(parts).unwrap_or_default()
}

fn failure(status: &Status) -> Failure {
    if let Some(error) = status.source() {
        let message = redact_line(&with_sources(error), 300);
        return Failure {
            message,
            retry: Retry::Soon,
        };
    }
    let message = redact_line(status.message(), 200);
    let code = status.code();
    Failure {
        message: format!("the collector answered with {code:?} ({message})"),
        retry: retry(status),
    }
}

/// OTLP/gRPC, section "Failures". A lack of resources is for good unless the collector says when it ends.
fn retry(status: &Status) -> Retry {
    let asked = retry_delay(status.details()).map(|asked| Retry::After(asked.min(MAX_RETRY_AFTER)));
    match status.code() {
        // An answer about a rate may say "exceeds maximum", too, but it asks for a pause.
        Code::ResourceExhausted | Code::OutOfRange
            if asked.is_none() && is_too_large(status.message()) =>
        {
            Retry::Halved
        }
        // A proxy's answer of HTTP, in the words of tonic.
        Code::Unknown if status.message().ends_with("HTTP status code 413") => Retry::Halved,
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => asked.unwrap_or(Retry::Soon),
        Code::ResourceExhausted => asked.unwrap_or(Retry::Never),
        _ => Retry::Never,
    }
}

/// gRPC has no code for it. These are the messages of grpc-go, grpc-java, grpc-dotnet and tonic.
fn is_too_large(message: &str) -> bool {
    let parts = [
        "larger than max",
        "exceeds maximum",
        "exceeds the maximum",
        "length too large",
    ];
    parts.iter().any(|part| message.contains(part))
}

/// Opens connections with the crate's own TLS.
struct Connector {
    client: Arc<HttpClient>,
    uri: Uri,
}

type Connecting = dyn Future<Output = Result<TokioIo<Box<dyn Stream>>, Error>> + Send;

impl Service<Uri> for Connector {
    type Response = TokioIo<Box<dyn Stream>>;
    type Error = Error;
    type Future = Pin<Box<Connecting>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _uri: Uri) -> Self::Future {
        let (client, uri) = (Arc::clone(&self.client), self.uri.clone());
        Box::pin(async move { Ok(TokioIo::new(client.connect(&uri).await?)) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::retry_info::tests::details;
    use super::*;

    #[test]
    fn only_the_codes_that_otlp_names_are_followed_by_another_attempt() {
        let soon = [1, 4, 10, 11, 14, 15].map(Code::from);
        for code in (1..=16).map(Code::from) {
            let expected = if soon.contains(&code) {
                Retry::Soon
            } else {
                Retry::Never
            };
            let status = Status::new(code, "no");
            assert_eq!(retry(&status), expected, "{code:?}");
        }
        for code in soon.into_iter().chain([Code::ResourceExhausted]) {
            let status = |seconds| Status::with_details(code, "no", details(seconds, 0).into());
            assert_eq!(
                retry(&status(7)),
                Retry::After(Duration::from_secs(7)),
                "{code:?}"
            );
            assert_eq!(retry(&status(i64::MAX)), Retry::After(MAX_RETRY_AFTER));
        }
        let status = Status::with_details(Code::Internal, "no", details(7, 0).into());
        assert_eq!(retry(&status), Retry::Never);
    }

    #[test]
    fn a_request_that_is_too_large_is_halved() {
        for (code, message) in [
            (
                8,
                "grpc: received message larger than max (5242880 vs. 4194304)",
            ),
            (8, "gRPC message exceeds maximum size 4194304: 5242880"),
            (
                11,
                "Error, decoded message length too large: found 5242880 bytes, the limit is: 4194304 bytes",
            ),
            (
                8,
                "Received message exceeds the maximum configured message size.",
            ),
            (
                2,
                "grpc-status header missing, mapped from HTTP status code 413",
            ),
        ] {
            let status = Status::new(Code::from(code), message);
            assert_eq!(retry(&status), Retry::Halved, "{message}");
        }
        let busy = Status::new(Code::ResourceExhausted, "the quota is used up");
        assert_eq!(retry(&busy), Retry::Never);
        let message = "request rate exceeds maximum of 1000/s";
        let busy = Status::with_details(Code::ResourceExhausted, message, details(5, 0).into());
        assert_eq!(retry(&busy), Retry::After(Duration::from_secs(5)));
        let other = "grpc-status header missing, mapped from HTTP status code 418";
        assert_eq!(retry(&Status::unknown(other)), Retry::Never);
    }

    #[test]
    fn a_failure_shows_no_secret() {
        let status = Status::unauthenticated("token=pl4nted-s3cret is not known");
        let shown = failure(&status).message;
        assert!(!shown.contains("pl4nted"), "{shown}");
        assert!(
            shown.starts_with("the collector answered with Unauthenticated"),
            "{shown}"
        );
    }
}
