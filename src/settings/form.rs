//! The forms that settings can have.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::duration;
use crate::http_url::HttpUrl;
use crate::log_filter::{self, LogFilter};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Parses a text that is trimmed and not empty.
pub(super) struct Form<T> {
    pub(super) parse: fn(&str) -> Option<T>,
    /// Completes `<setting> is <value>: <allowed> is allowed`.
    pub(super) allowed: &'static str,
}

pub(super) const HOST: Form<IpAddr> = Form {
    parse: |text| {
        if text.eq_ignore_ascii_case("localhost") {
            return Some(Ipv4Addr::LOCALHOST.into());
        }
        text.parse().ok()
    },
    allowed: "an IP address or localhost",
};

pub(super) const PORT: Form<u16> = Form {
    parse: |text| text.parse().ok().filter(|port| *port > 0),
    allowed: "a whole number from 1 to 65535",
};

pub(super) const COUNT: Form<u32> = Form {
    parse: |text| text.parse().ok().filter(|count| *count > 0),
    allowed: "a whole number from 1 to 4294967295",
};

pub(super) const PERCENT: Form<f64> = Form {
    parse: |text| {
        let percent = text.parse().ok();
        percent.filter(|percent: &f64| *percent > 0.0 && *percent < 100.0)
    },
    allowed: "a percentage above 0 and below 100 (like 90 or 92.5)",
};

pub(super) const TIMEOUT: Form<Duration> = Form {
    parse: |text| duration::parse(text).filter(|time| !time.is_zero() && *time <= HOUR),
    allowed: "more than 0 and at most 3600 seconds (like 2, 0.5, 500ms, 2s, 1m)",
};

pub(super) const INTERVAL: Form<Duration> = Form {
    parse: |text| {
        duration::parse(text).filter(|time| (Duration::from_secs(1)..=HOUR).contains(time))
    },
    allowed: "1 to 3600 seconds (like 15, 1.5, 1500ms, 15s, 1m)",
};

pub(super) const ENVIRONMENT: Form<String> = Form {
    parse: |text| {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let is_name = text.len() <= 64 && text.chars().all(is_allowed);
        is_name.then(|| text.to_owned())
    },
    allowed: "a name of at most 64 letters, digits, -, _ and .",
};

pub(super) const LOG_FILTER: Form<String> = Form {
    parse: |text| {
        let filter = LogFilter::parse(text).ok();
        filter.map(|filter| filter.to_string())
    },
    allowed: log_filter::ALLOWED,
};

pub(super) const LOG_LEVEL: Form<Option<String>> = Form {
    parse: |text| {
        let level = log_filter::parse_level(text).ok();
        level.map(|level| Some(level.to_owned()))
    },
    allowed: "off, error, warn, info, debug or trace",
};

pub(super) const SWITCH: Form<bool> = Form {
    parse: |text| match &*text.to_ascii_lowercase() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    },
    allowed: "true, 1, yes, on, false, 0, no or off",
};

pub(super) const FOLDER: Form<Option<String>> = Form {
    parse: |text| (!text.contains('\0')).then(|| Some(text.to_owned())),
    allowed: "the path of a folder",
};

pub(super) const SERVICE_NAME: Form<Option<String>> = Form {
    parse: |text| {
        let is_name = text.len() <= 255 && !text.chars().any(char::is_control);
        is_name.then(|| Some(text.to_owned()))
    },
    allowed: "a name of at most 255 bytes without control characters",
};

/// The characters that an `Authorization` header can carry unencoded.
pub(super) const TOKEN: Form<String> = Form {
    parse: |text| {
        let is_token = text.len() >= 8 && text.chars().all(|c| c.is_ascii_graphic());
        is_token.then(|| text.to_owned())
    },
    allowed: "a text of at least 8 visible ASCII characters without white space",
};

pub(super) const URL: Form<String> = Form {
    parse: |text| HttpUrl::parse(text).ok().map(|_| text.to_owned()),
    allowed: "a URL that begins with http:// or https://",
};

/// As Telegram gives it to the owner of a bot.
pub(super) const TELEGRAM_TOKEN: Form<String> = Form {
    parse: |text| {
        let (bot, secret) = text.split_once(':')?;
        let is_part = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        let is_token =
            bot.parse::<u64>().is_ok() && !secret.is_empty() && secret.chars().all(is_part);
        is_token.then(|| text.to_owned())
    },
    allowed: "digits, a colon, then letters, digits, - and _",
};

pub(super) const CHAT_ID: Form<Option<String>> = Form {
    parse: |text| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_name = |name: &str| !name.is_empty() && name.chars().all(is_part);
        let is_id = text.parse::<i64>().is_ok() || text.strip_prefix('@').is_some_and(is_name);
        is_id.then(|| Some(text.to_owned()))
    },
    allowed: "a number, or @ and the name of a public channel",
};

pub(super) const COOLDOWN_MINUTES: Form<u32> = Form {
    parse: |text| text.parse().ok().filter(|minutes| *minutes <= 1440),
    allowed: "a whole number from 0 to 1440",
};

pub(super) const MAX_PER_HOUR: Form<u32> = Form {
    parse: |text| {
        let max = text.parse().ok();
        max.filter(|max| (1..=10_000).contains(max))
    },
    allowed: "a whole number from 1 to 10000",
};
