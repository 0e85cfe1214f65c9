//! Variables with right and wrong values.

use tower_vitals::settings::{ExposeSecret, SecretString};
use tower_vitals::{Error, Settings};

pub(crate) const SECRETS: [&str; 3] = ["MONITORING_TOKEN", "ALERT_WEBHOOK_URL", "TELEGRAM_TOKEN"];

/// Each variable: a right value, its serialized form, a wrong value, and the allowed values.
pub(crate) const VARIABLES: [(&str, &str, &str, &str, &str); 19] = [
    (
        "MONITORING_HOST",
        "0.0.0.0",
        r#""0.0.0.0""#,
        "example.org",
        "an IP address or localhost",
    ),
    (
        "MONITORING_PORT",
        "9200",
        "9200",
        "http",
        "a whole number from 1 to 65535",
    ),
    (
        "MONITORING_TOKEN",
        "t0ken-XYZZY",
        r#""[redacted]""#,
        "t0ken XYZZY",
        "a text of at least 8 visible ASCII characters without white space",
    ),
    (
        "HEALTH_CHECK_TIMEOUT",
        "500ms",
        "0.5",
        "0",
        "more than 0 and at most 3600 seconds (like 2, 0.5, 500ms, 2s, 1m)",
    ),
    (
        "METRICS_COLLECTION_INTERVAL",
        "1m",
        "60.0",
        "0.5",
        "1 to 3600 seconds (like 15, 1.5, 1500ms, 15s, 1m)",
    ),
    (
        "ALERT_WEBHOOK_URL",
        "https://hooks.slack.com/services/T0/B0/XYZZY",
        r#""[redacted]""#,
        "hooks.slack.com/services/T0/B0/XYZZY",
        "a URL that begins with http:// or https://",
    ),
    (
        "TELEGRAM_TOKEN",
        "123456789:XYZZY-bot_token",
        r#""[redacted]""#,
        "XYZZY-bot_token",
        "digits, a colon, then letters, digits, - and _",
    ),
    (
        "MANAGER_CHAT_ID",
        "-1001234567890",
        r#""-1001234567890""#,
        "the manager",
        "a number, or @ and the name of a public channel",
    ),
    (
        "ALERT_COOLDOWN_MINUTES",
        "15",
        "15",
        "5m",
        "a whole number from 0 to 1440",
    ),
    (
        "ALERT_MAX_NOTIFICATIONS_PER_HOUR",
        "20",
        "20",
        "0",
        "a whole number from 1 to 10000",
    ),
    (
        "ALERT_THRESHOLD_JOB_FAILURES",
        "1",
        "1",
        "0",
        "a whole number from 1 to 4294967295",
    ),
    (
        "ALERT_THRESHOLD_DISK",
        "92.5",
        "92.5",
        "100",
        "a percentage above 0 and below 100 (like 90 or 92.5)",
    ),
    (
        "ALERT_THRESHOLD_MEMORY",
        "70",
        "70.0",
        "NaN",
        "a percentage above 0 and below 100 (like 90 or 92.5)",
    ),
    (
        "LOG_LEVEL",
        "INFO, hyper=Warn",
        r#""info,hyper=warn""#,
        "warning",
        "a level (off, error, warn, info, debug, trace) and target=level, separated by commas (like info,hyper=warn)",
    ),
    (
        "MONITORING_LOG_LEVEL",
        "Debug",
        r#""debug""#,
        "none",
        "off, error, warn, info, debug or trace",
    ),
    (
        "ENABLE_JSON_LOGGING",
        "True",
        "true",
        "maybe",
        "true, 1, yes, on, false, 0, no or off",
    ),
    (
        "LOG_DIR",
        "/var/log/shop",
        r#""/var/log/shop""#,
        "a\0b",
        "the path of a folder",
    ),
    (
        "OTEL_SERVICE_NAME",
        "shop",
        r#""shop""#,
        "a\u{7}b",
        "a name of at most 255 bytes without control characters",
    ),
    (
        "ENVIRONMENT",
        "staging-2.eu_west",
        r#""staging-2.eu_west""#,
        "the cloud",
        "a name of at most 64 letters, digits, -, _ and .",
    ),
];

pub(crate) fn one(name: &str, value: &str) -> Result<Settings, Error> {
    Settings::from_vars([(name, value)])
}

pub(crate) fn right() -> impl Iterator<Item = (&'static str, &'static str)> {
    VARIABLES.into_iter().map(|(name, value, ..)| (name, value))
}

/// The part of the error that is about a variable with its wrong value.
pub(crate) fn problem(name: &str, wrong: &str, allowed: &str) -> String {
    if SECRETS.contains(&name) {
        format!("{name} is [redacted]: {allowed} is allowed")
    } else {
        format!("{name} is {wrong:?}: {allowed} is allowed")
    }
}

pub(crate) fn exposed(secret: Option<&SecretString>) -> Option<&str> {
    secret.map(ExposeSecret::expose_secret)
}
