//! The variables, right and wrong.

use tower_vitals::settings::{ExposeSecret, SecretString};
use tower_vitals::{Error, Settings};

pub(crate) const SECRETS: [&str; 4] = [
    "MONITORING_TOKEN",
    "ALERT_WEBHOOK_URL",
    "TELEGRAM_TOKEN",
    "OTEL_EXPORTER_OTLP_HEADERS",
];

/// Each variable: a right value, how it is serialized, a wrong value, and what is allowed instead. `OTEL_SDK_DISABLED` cannot be
/// wrong.
pub(crate) const VARIABLES: [(&str, &str, &str, &str, &str); 26] = [
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
        "a text of at least 8 visible ASCII characters, without white space,",
    ),
    (
        "LOG_LEVEL",
        "Warning",
        r#""warn""#,
        "loud",
        "one of trace, debug, info, warn, error, off",
    ),
    (
        "MONITORING_LOG_LEVEL",
        "TRACE",
        r#""trace""#,
        "loud",
        "one of trace, debug, info, warn, error, off",
    ),
    (
        "ENABLE_JSON_LOGGING",
        "Yes",
        "true",
        "si",
        "one of true, false, 1, 0, yes, no, on, off",
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
        "https://hooks.example.org/XYZZY",
        r#""[redacted]""#,
        "ftp://XYZZY.org",
        "an http or https URL with a host",
    ),
    (
        "ALERT_COOLDOWN_MINUTES",
        "0",
        "0",
        "-1",
        "a whole number from 0 to 10080",
    ),
    (
        "ALERT_MAX_NOTIFICATIONS_PER_HOUR",
        "3600",
        "3600",
        "3601",
        "a whole number from 1 to 3600",
    ),
    (
        "ALERT_THRESHOLD_DISK",
        "87.5",
        "87.5",
        "100.1",
        "a percentage of more than 0 and at most 100 (like 90 or 90%)",
    ),
    (
        "ALERT_THRESHOLD_MEMORY",
        "95%",
        "95.0",
        "0%",
        "a percentage of more than 0 and at most 100 (like 90 or 90%)",
    ),
    (
        "ALERT_THRESHOLD_JOB_FAILURES",
        "1",
        "1",
        "0",
        "a whole number from 1 to 4294967295",
    ),
    (
        "TELEGRAM_TOKEN",
        "123456:XYZZY-a_1",
        r#""[redacted]""#,
        "bot:XYZZY",
        "a bot's token (digits, a colon, and letters, digits, _ and -)",
    ),
    (
        "MANAGER_CHAT_ID",
        "-100123",
        r#""-100123""#,
        "ops",
        "a chat's number, or @ and its name of at most 32 letters, digits and _,",
    ),
    (
        "ENVIRONMENT",
        "staging-2.eu_west",
        r#""staging-2.eu_west""#,
        "the cloud",
        "a name of at most 64 letters, digits, -, _ and .",
    ),
    ("OTEL_SDK_DISABLED", "TRUE", "true", "", ""),
    (
        "OTEL_SERVICE_NAME",
        "shop front",
        r#""shop front""#,
        "shop\tfront",
        "text without control characters",
    ),
    (
        "OTEL_RESOURCE_ATTRIBUTES",
        "team=a%20b,tier=",
        r#""team=a%20b,tier=""#,
        "team",
        "a list like key=value,key=value",
    ),
    (
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "http://[::1]:4318/x",
        r#""http://[::1]:4318/x""#,
        "http://",
        "an http or https URL with a host",
    ),
    (
        "OTEL_EXPORTER_OTLP_HEADERS",
        "authorization=Bearer%20XYZZY==,b=",
        r#""[redacted]""#,
        "XYZZY",
        "a list of headers like name=value,name=value",
    ),
    (
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "GRPC",
        r#""grpc""#,
        "http",
        "one of grpc, http/protobuf, http/json",
    ),
    (
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        "2500",
        "2500",
        "10s",
        "a whole number from 0 to 4294967295, of milliseconds (0 is no limit),",
    ),
    (
        "OTEL_TRACES_SAMPLER",
        "traceidratio",
        r#""traceidratio""#,
        "some",
        "one of always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, \
        parentbased_traceidratio, parentbased_jaeger_remote, jaeger_remote, xray",
    ),
    (
        "OTEL_TRACES_SAMPLER_ARG",
        "0.25",
        r#""0.25""#,
        "a\u{7}b",
        "text without control characters",
    ),
];

pub(crate) fn one(name: &str, value: &str) -> Result<Settings, Error> {
    Settings::from_vars([(name, value)])
}

pub(crate) fn right() -> impl Iterator<Item = (&'static str, &'static str)> {
    VARIABLES.into_iter().map(|(name, value, ..)| (name, value))
}

/// What is said of a variable that has its wrong value.
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
