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
    let text = std::str::from_utf8(known).ok()?;
    let are_dashes = [2, 35, 52].iter().all(|at| known[*at] == b'-');
    let part = |from, to| {
        let part = text.get(from..to)?;
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        part.bytes().all(is_digit).then_some(part)
    };
    let (version, flags) = (part(0, 2)?, u8::from_str_radix(part(53, 55)?, 16).ok()?);
    let is_rest_allowed = match version {
        "ff" => false,
        "00" => rest.is_empty(),
        _ => rest.is_empty() || rest.starts_with(b"-"),
    };
    let trace_id = TraceId::from_hex(part(3, 35)?).ok()?;
    let span_id = SpanId::from_hex(part(36, 52)?).ok()?;
    // Other flags have no meaning that is known here, so they are not sent on (section 3.2.2.5.2).
    let flags = TraceFlags::new(flags) & TraceFlags::SAMPLED;
    (are_dashes && is_rest_allowed).then_some((trace_id, span_id, flags))
}

/// Several headers are one list (section 3.3.1). A list with a wrong member is discarded as a whole (section 3.3.1.4).
fn state(headers: &HeaderMap) -> Option<TraceState> {
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
