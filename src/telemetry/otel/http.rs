//! `OtlpHttp`: OTLP in HTTP requests.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{Request, StatusCode, Uri};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;

use super::failure::{Failure, MAX_RETRY_AFTER, Retry};
use crate::error::logged;
use crate::http_client::HttpClient;
use crate::tls::Tls;

/// Bytes of a response that are read.
const MAX_RESPONSE: usize = 64 * 1024;

/// OTLP in HTTP requests, with protobuf.
pub(super) struct OtlpHttp {
    client: HttpClient,
    uri: Uri,
    headers: HeaderMap,
}

impl OtlpHttp {
    pub(super) fn new(tls: Tls, uri: Uri, mut headers: HeaderMap) -> Self {
        let mut client = HttpClient::new();
        client.set_tls(tls);
        // rotel refuses a content type with parameters.
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-protobuf"),
        );
        Self {
            client,
            uri,
            headers,
        }
    }

    /// Returns the number of spans that the collector refused.
    pub(super) async fn send(&self, spans: &ExportTraceServiceRequest) -> Result<i64, Failure> {
        let mut request = Request::new(Bytes::from(spans.encode_to_vec()));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        let response = self.client.exchange(request, MAX_RESPONSE).await;
        let response = response.map_err(|error| Failure {
            message: logged(&error),
            retry: Retry::Soon,
        })?;
        let status = response.status();
        if status.is_success() {
            // A body that cannot be read says nothing about refused spans.
            let body = response.into_body().ok();
            let answer = body.and_then(|body| ExportTraceServiceResponse::decode(body).ok());
            let refused = answer.and_then(|answer| answer.partial_success);
            return Ok(refused.map_or(0, |refused| refused.rejected_spans));
        }
        Err(Failure {
            message: format!("the collector answered with status {}", status.as_u16()),
            retry: retry(status, response.headers()),
        })
    }
}

/// OTLP/HTTP, section "Retryable Response Codes".
fn retry(status: StatusCode, headers: &HeaderMap) -> Retry {
    match status.as_u16() {
        413 => return Retry::Halved,
        429 | 502 | 503 | 504 => {}
        _ => return Retry::Never,
    }
    let after = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    let seconds = after.and_then(|after| after.trim().parse().ok());
    seconds.map_or(Retry::Soon, |seconds| {
        Retry::After(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_answers_that_otlp_names_are_followed_by_another_attempt() {
        let retry = |status: u16, after: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(after) = after {
                headers.insert(RETRY_AFTER, HeaderValue::from_static(after));
            }
            super::retry(StatusCode::from_u16(status).unwrap(), &headers)
        };
        for status in [429, 502, 503, 504] {
            assert_eq!(retry(status, None), Retry::Soon, "{status}");
            let asked = Retry::After(Duration::from_secs(7));
            assert_eq!(retry(status, Some("7")), asked, "{status}");
            assert_eq!(retry(status, Some("Fri, 31 Dec 2027")), Retry::Soon);
            let longest = Some("18446744073709551615");
            assert_eq!(retry(status, longest), Retry::After(MAX_RETRY_AFTER));
        }
        assert_eq!(retry(413, Some("7")), Retry::Halved);
        for status in [301, 400, 401, 404, 500, 501] {
            assert_eq!(retry(status, Some("7")), Retry::Never, "{status}");
        }
    }
}
