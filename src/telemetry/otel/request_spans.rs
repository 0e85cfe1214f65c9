//! Makes the spans of requests agree with the metrics of the same requests.

use std::time::Duration;

use opentelemetry::Value;
use opentelemetry::trace::Status;
use opentelemetry_sdk::trace::SpanData;

use crate::request_target::REQUEST;
use crate::trace_context::DURATION_UNTIL;

/// Gives the spans of this crate's layers the status and the duration of their metrics.
pub(super) fn agree_with_metrics(spans: &mut [SpanData]) {
    for span in spans {
        if let Some(duration) = duration_of_request(span) {
            reset_status(span);
            if value(span, DURATION_UNTIL).is_none() {
                set_duration(span, duration);
            }
        }
    }
}

/// The metric's duration, if the span is that of a request that was observed.
fn duration_of_request(span: &SpanData) -> Option<Duration> {
    // The service's own spans may have the same attributes, but not this target.
    let is_request =
        matches!(value(span, "target"), Some(Value::String(target)) if target.as_str() == REQUEST);
    // A handler may have recorded another one before.
    let mut durations = span.attributes.iter();
    let duration = durations.rfind(|it| it.key.as_str() == "duration_ms")?;
    match &duration.value {
        Value::F64(millis) if is_request => {
            // Rounds to nanoseconds.
            Duration::try_from_secs_f64(millis / 1e3).ok()
        }
        _ => None,
    }
}

/// Takes the status of an error from requests that succeeded. The layer of tracing-opentelemetry sets it with each event of level
/// ERROR, and with each field `error` of an event, but `error.type` says whether the request failed.
fn reset_status(span: &mut SpanData) {
    if matches!(span.status, Status::Error { .. }) && value(span, "error.type").is_none() {
        span.status = Status::Unset;
    }
}

/// Begin and end are read from the clock of the system at other moments than the metric's, and that clock can be set meanwhile.
fn set_duration(span: &mut SpanData, duration: Duration) {
    if let Some(end) = span.start_time.checked_add(duration) {
        span.end_time = end;
    }
}

fn value<'a>(span: &'a SpanData, name: &str) -> Option<&'a Value> {
    let found = span.attributes.iter().find(|it| it.key.as_str() == name);
    found.map(|it| &it.value)
}
