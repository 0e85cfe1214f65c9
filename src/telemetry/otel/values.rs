//! The forms of values in the variables of OpenTelemetry.

use std::borrow::Cow;
use std::time::Duration;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;

use super::protocol::Protocol;
use crate::redact::register_own;

/// The longest time that a variable can set: a day.
const DAY_IN_MILLIS: u64 = 24 * 60 * 60 * 1000;

pub(super) fn bool(text: &str) -> Option<bool> {
    match &*text.to_ascii_lowercase() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

pub(super) fn millis(text: &str) -> Option<Duration> {
    let millis = text.parse().ok();
    let millis = millis.filter(|millis| (1..=DAY_IN_MILLIS).contains(millis));
    millis.map(Duration::from_millis)
}

pub(super) fn count(text: &str) -> Option<usize> {
    let count = text.parse().ok();
    count.filter(|count| (1..=1_000_000).contains(count))
}

pub(super) fn ratio(text: &str) -> Option<f64> {
    let ratio = text.parse().ok();
    ratio.filter(|ratio| (0.0..=1.0).contains(ratio))
}

pub(super) fn protocol(text: &str) -> Option<Protocol> {
    match &*text.to_ascii_lowercase() {
        "grpc" => Some(Protocol::Grpc),
        "http/protobuf" => Some(Protocol::HttpProtobuf),
        _ => None,
    }
}

/// Returns whether spans are exported.
pub(super) fn exporter(text: &str) -> Option<bool> {
    match &*text.to_ascii_lowercase() {
        "otlp" => Some(true),
        "none" => Some(false),
        _ => None,
    }
}

/// `key=value,key=value`, with percent-encoded values (W3C Baggage, section 3.3).
pub(super) fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let members = text.split(',').map(str::trim);
    let members = members.filter(|member| !member.is_empty());
    let pairs = members.map(|member| {
        let (key, value) = member.split_once('=')?;
        let decode = |text: &str| {
            let text = percent_decode_str(text.trim()).decode_utf8().ok();
            text.map(Cow::into_owned)
        };
        let key = decode(key).filter(|key| !key.is_empty())?;
        Some((key, decode(value)?))
    });
    pairs.collect()
}

/// The values are secrets.
pub(super) fn headers(text: &str) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs(text)? {
        let (name, value) = header(&name, &value)?;
        headers.insert(name, value);
    }
    Some(headers)
}

/// The value is a secret from now on.
pub(super) fn header(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::try_from(name).ok()?;
    let mut secret = HeaderValue::try_from(value).ok()?;
    secret.set_sensitive(true);
    register_own(value);
    // `Bearer` and the token after it are two words: the token alone is as secret.
    if let Some((_, token)) = value.split_once(' ') {
        register_own(token);
    }
    Some((name, secret))
}
