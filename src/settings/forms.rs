//! What a variable may be. Each form reads a text that is trimmed and not empty, or says what is allowed.

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU16;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use http::{HeaderName, Uri};

use super::choices::{OtlpProtocol, Sampler};

const HOUR: Duration = Duration::from_hours(1);

/// The text itself, if it is as it should be.
fn if_so(is: bool, text: &str, allowed: &str) -> Result<String, String> {
    is.then(|| text.to_owned())
        .ok_or_else(|| allowed.to_owned())
}

pub(super) fn host(text: &str) -> Result<IpAddr, String> {
    if text.eq_ignore_ascii_case("localhost") {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    text.parse()
        .map_err(|_| "an IP address or localhost".to_owned())
}

pub(super) fn whole<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String>
where
    T: FromStr + PartialOrd + Display,
{
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| format!("a whole number from {} to {}", range.start(), range.end()))
    }
}

pub(super) fn yes_or_no(text: &str) -> Result<bool, String> {
    match &*text.to_ascii_lowercase() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("one of true, false, 1, 0, yes, no, on, off".to_owned()),
    }
}

/// OpenTelemetry's specification, "Boolean value": whatever is not true is false.
#[expect(clippy::unnecessary_wraps, reason = "a form like the others")]
pub(super) fn true_or_else(text: &str) -> Result<bool, String> {
    Ok(text.eq_ignore_ascii_case("true"))
}

/// Digits and a point: not what else Rust reads as a number (`1e3`, `inf`, `NaN`, `-0`).
fn decimal(text: &str) -> Option<f64> {
    let is_plain = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    is_plain.then(|| text.parse().ok()).flatten()
}

fn time(text: &str) -> Option<Duration> {
    const UNITS: [(&str, f64); 3] = [("ms", 0.001), ("s", 1.0), ("m", 60.0)];
    let with_unit = UNITS
        .iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, *seconds)));
    let (number, seconds) = with_unit.unwrap_or((text, 1.0));
    Duration::try_from_secs_f64(decimal(number.trim_end())? * seconds).ok()
}

pub(super) fn timeout(text: &str) -> Result<Duration, String> {
    let time = time(text).filter(|time| !time.is_zero() && *time <= HOUR);
    time.ok_or_else(|| {
        "more than 0 and at most 3600 seconds (like 2, 0.5, 500ms, 2s, 1m)".to_owned()
    })
}

pub(super) fn interval(text: &str) -> Result<Duration, String> {
    let time = time(text).filter(|time| (Duration::from_secs(1)..=HOUR).contains(time));
    time.ok_or_else(|| "1 to 3600 seconds (like 15, 1.5, 1500ms, 15s, 1m)".to_owned())
}

/// OpenTelemetry's specification, "Duration" and "Timeout".
pub(super) fn milliseconds(text: &str) -> Result<Duration, String> {
    let number = whole(0..=u32::MAX)(text);
    number
        .map(|number| Duration::from_millis(number.into()))
        .map_err(|allowed| format!("{allowed}, of milliseconds (0 is no limit),"))
}

pub(super) fn percent(text: &str) -> Result<f64, String> {
    let number = decimal(text.strip_suffix('%').unwrap_or(text).trim_end());
    number
        .filter(|number| *number > 0.0 && *number <= 100.0)
        .ok_or_else(|| "a percentage of more than 0 and at most 100 (like 90 or 90%)".to_owned())
}

pub(super) fn text(text: &str) -> Result<String, String> {
    let is = !text.contains(char::is_control);
    if_so(is, text, "text without control characters")
}

pub(super) fn environment(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is = text.len() <= 64 && text.chars().all(is_plain);
    if_so(is, text, "a name of at most 64 letters, digits, -, _ and .")
}

pub(super) fn token(text: &str) -> Result<String, String> {
    // What a header can carry as it is.
    let is = text.len() >= 8 && text.chars().all(|c| c.is_ascii_graphic());
    let allowed = "a text of at least 8 visible ASCII characters, without white space,";
    if_so(is, text, allowed)
}

pub(super) fn telegram_token(text: &str) -> Result<String, String> {
    let is_number = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    let is = text
        .split_once(':')
        .is_some_and(|(bot, key)| is_number(bot) && is_name(key, "_-"));
    let allowed = "a bot's token (digits, a colon, and letters, digits, _ and -)";
    if_so(is, text, allowed)
}

pub(super) fn chat(text: &str) -> Result<String, String> {
    let is = match text.strip_prefix('@') {
        Some(name) => name.len() <= 32 && is_name(name, "_"),
        None => text.parse::<i64>().is_ok(),
    };
    let allowed = "a chat's number, or @ and its name of at most 32 letters, digits and _,";
    if_so(is, text, allowed)
}

fn is_name(text: &str, signs: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || signs.contains(c);
    !text.is_empty() && text.chars().all(is_part)
}

pub(super) fn url(text: &str) -> Result<String, String> {
    let is = text.parse().is_ok_and(|uri| is_web(&uri));
    if_so(is, text, "an http or https URL with a host")
}

/// gRPC has targets of its own (`collector:4317`, `unix:/run/otel.sock`), and OTLP's specification lets them be.
pub(super) fn endpoint(protocol: OtlpProtocol) -> impl Fn(&str) -> Result<String, String> {
    move |text| match protocol {
        OtlpProtocol::Grpc if !is_http(text) => {
            let is = !text.contains(char::is_whitespace);
            if_so(is, text, "a URL or a target of gRPC, without white space,")
        }
        _ => url(text),
    }
}

/// Not by its first letters: a target may be a host named `http-collector`.
fn is_http(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| {
        scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
    })
}

/// `Uri` lets hosts be empty or a template that nobody filled in (`${HOST}`), and ports be no numbers.
fn is_web(uri: &Uri) -> bool {
    let Some(authority) = uri.authority() else {
        return false;
    };
    let host = authority.host();
    let is_host = |c: char| c.is_ascii_alphanumeric() || "-._~%[]:".contains(c);
    let server = authority.as_str().rsplit('@').next().unwrap_or_default();
    let port = server.strip_prefix(host).unwrap_or_default();
    let is_port = |port: &str| port.parse::<NonZeroU16>().is_ok();
    matches!(uri.scheme_str(), Some("http" | "https"))
        && !host.is_empty()
        && host.chars().all(is_host)
        && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

pub(super) fn pairs(text: &str) -> Result<String, String> {
    let is_key = |key: &str| !key.is_empty() && !key.contains(char::is_whitespace);
    let allowed = "a list like key=value,key=value";
    if_so(are_pairs(text, is_key), text, allowed)
}

pub(super) fn headers(text: &str) -> Result<String, String> {
    let is_key = |key: &str| key.parse::<HeaderName>().is_ok();
    let allowed = "a list of headers like name=value,name=value";
    if_so(are_pairs(text, is_key), text, allowed)
}

/// The form of W3C Baggage, which OpenTelemetry's specification names for both. What is escaped stays so.
fn are_pairs(text: &str, is_key: impl Fn(&str) -> bool) -> bool {
    let is_pair = |pair: &str| {
        pair.split_once('=')
            .is_some_and(|(key, _)| is_key(key.trim()))
    };
    !text.contains(char::is_control) && text.split(',').all(is_pair)
}

pub(super) fn argument(sampler: Sampler) -> impl Fn(&str) -> Result<String, String> {
    move |argument| {
        if sampler.is_by_ratio() {
            let ratio = argument.parse::<f64>();
            let is = ratio.is_ok_and(|ratio| (0.0..=1.0).contains(&ratio));
            if_so(
                is,
                argument,
                &format!("a number from 0 to 1, for the sampler {sampler},"),
            )
        } else {
            text(argument)
        }
    }
}
