//! The status of the spans of requests.

use opentelemetry::trace::{SpanKind, Status};
use opentelemetry_sdk::trace::SpanData;

/// Takes the status of an error from the spans of requests that succeeded. The layer of tracing-opentelemetry sets it with each event
/// of level ERROR, and with each field `error` of an event, but `error.type` says whether the request failed.
pub(super) fn reset_statuses(spans: &mut [SpanData]) {
    for span in spans {
        if matches!(span.status, Status::Error { .. }) && is_success(span) {
            span.status = Status::Unset;
        }
    }
}

/// Whether the span is one of this crate's, of a request that ended without an error.
fn is_success(span: &SpanData) -> bool {
    let has = |name| span.attributes.iter().any(|it| it.key.as_str() == name);
    matches!(span.span_kind, SpanKind::Server | SpanKind::Client)
        && has("duration_ms")
        && !has("error.type")
}
