//! The headers `traceparent` and `tracestate` (W3C Trace Context, section 3).

use std::str::FromStr;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

use super::trace_ids::TraceIds;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The length of version 00: `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`.
const LENGTH: usize = 55;

/// Returns the caller's span. `None` if the headers name no span, name several, or break the format.
///
/// opentelemetry's propagator accepts ids of wrong lengths, and takes the first of several headers.
pub(super) fn read(headers: &HeaderMap) -> Option<SpanContext> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let (trace_id, span_id, flags) = parse(value.as_bytes().trim_ascii())?;
    let state = state(headers).unwrap_or_default();
    let context = SpanContext::new(trace_id, span_id, flags, true, state);
    context.is_valid().then_some(context)
}

fn parse(value: &[u8]) -> Option<(TraceId, SpanId, TraceFlags)> {
    let (known, rest) = value.split_at_checked(LENGTH)?;
    let are_dashes = [2, 35, 52].iter().all(|at| known[*at] == b'-');
    let ([version], [flags]) = (bytes(&known[..2])?, bytes(&known[53..])?);
    let is_rest_allowed = match version {
        0xff => false,
        0 => rest.is_empty(),
        _ => rest.is_empty() || rest.starts_with(b"-"),
    };
    let trace_id = TraceId::from_bytes(bytes(&known[3..35])?);
    let span_id = SpanId::from_bytes(bytes(&known[36..52])?);
    // Other flags have no meaning that is known here, so they are not sent on (section 3.2.2.5.2).
    let flags = TraceFlags::new(flags) & TraceFlags::SAMPLED;
    (are_dashes && is_rest_allowed).then_some((trace_id, span_id, flags))
}

/// The bytes that `2 * N` hexadecimal digits in lower case stand for.
fn bytes<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let (mut bytes, mut seen) = ([0; N], 0);
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let (high, low) = (DIGITS[usize::from(pair[0])], DIGITS[usize::from(pair[1])]);
        *byte = high << 4 | low;
        seen |= high | low;
    }
    (seen < 16).then_some(bytes)
}

/// The value of each digit, and 255 for other bytes.
static DIGITS: [u8; 256] = {
    let mut values = [u8::MAX; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value as usize] as usize] = value;
        value += 1;
    }
    values
};

/// Several headers are one list (section 3.3.1). A list with a wrong member is discarded as a whole (section 3.3.1.4).
fn state(headers: &HeaderMap) -> Option<TraceState> {
    if !headers.contains_key(TRACESTATE) {
        return None;
    }
    let values = headers.get_all(TRACESTATE).iter();
    let values: Result<Vec<_>, _> = values.map(HeaderValue::to_str).collect();
    TraceState::from_str(&values.ok()?.join(",")).ok()
}

/// Writes both headers in place of those that are there. No list means no `tracestate`.
pub(super) fn write(ids: TraceIds, state: &TraceState, headers: &mut HeaderMap) {
    let (trace_id, span_id) = (ids.trace_id(), ids.span_id());
    let mut value = [b'-'; LENGTH];
    value[..2].copy_from_slice(b"00");
    value[3..35].copy_from_slice(trace_id.as_bytes());
    value[36..52].copy_from_slice(span_id.as_bytes());
    value[53..].copy_from_slice(ids.flags().as_bytes());
    let Ok(value) = HeaderValue::from_bytes(&value) else {
        return;
    };
    headers.insert(TRACEPARENT, value);
    match HeaderValue::try_from(state.header()) {
        Ok(state) if !state.is_empty() => headers.insert(TRACESTATE, state),
        _ => headers.remove(TRACESTATE),
    };
}
