//! Settings are typed and have defaults. One error names every wrong variable, and nothing shows a secret.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_methods,
    reason = "tests panic on failure and compare exact values"
)]

mod secrets;
mod service_links;
#[path = "../support/mod.rs"]
mod support;
mod variables;

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tower_vitals::{ErrorKind, Settings};

use variables::{SECRETS, VARIABLES, exposed, one, problem, right};

#[test]
fn a_wrong_variable_is_named_with_its_value_and_what_is_allowed() {
    for (name, _, _, wrong, allowed) in VARIABLES {
        let error = one(name, wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        let expected = format!("1 setting is wrong: {}", problem(name, wrong, allowed));
        assert_eq!(error.to_string(), expected);
        assert!(!format!("{error:?}").contains("XYZZY"), "{name}");
    }
}

#[test]
fn one_error_names_all_wrong_variables() {
    let wrong = VARIABLES.map(|(name, _, _, wrong, _)| (name, wrong));
    let message = Settings::from_vars(wrong).unwrap_err().to_string();
    assert!(message.starts_with("19 settings are wrong: "), "{message}");
    for (name, _, _, wrong, allowed) in VARIABLES {
        let problem = problem(name, wrong, allowed);
        assert!(message.contains(&problem), "{problem} is not in {message}");
    }
    assert_eq!(message.matches("; ").count(), 18, "{message}");
    assert!(!message.contains("XYZZY"), "{message}");
}

#[test]
fn unset_variables_have_defaults() {
    let nothing = Settings::from_vars::<String, String>([]).unwrap();
    let empty = Settings::from_vars(VARIABLES.map(|(name, ..)| (name, " \t\n"))).unwrap();
    let no_files = SECRETS.map(|name| (format!("{name}_FILE"), ""));
    let no_files = Settings::from_vars(no_files).unwrap();
    for settings in [nothing, empty, no_files, Settings::default()] {
        assert_eq!(settings.address().to_string(), "127.0.0.1:9100");
        assert!(settings.monitoring_token.is_none());
        assert_eq!(settings.health_check_timeout, Duration::from_secs(2));
        assert_eq!(
            settings.metrics_collection_interval,
            Duration::from_secs(15)
        );
        assert!(settings.alert_webhook_url.is_none());
        assert!(settings.telegram_token.is_none());
        assert!(settings.manager_chat_id.is_none());
        assert_eq!(settings.alert_cooldown_minutes, 5);
        assert_eq!(settings.alert_max_notifications_per_hour, 10);
        assert_eq!(settings.alert_threshold_job_failures, 3);
        assert_eq!(settings.alert_threshold_disk, 90.0);
        assert_eq!(settings.alert_threshold_memory, 85.0);
        assert_eq!(settings.log_level, "info");
        assert_eq!(settings.monitoring_log_level, None);
        assert!(!settings.enable_json_logging);
        assert_eq!(settings.log_dir, None);
        assert_eq!(settings.otel_service_name, None);
        assert_eq!(settings.environment, "production");
        assert_eq!(format!("{:?}", settings.guard()), "Guard::closed");
    }
}

#[test]
fn all_variables_are_read() {
    let settings = Settings::from_vars(right()).unwrap();
    assert_eq!(settings.address().to_string(), "0.0.0.0:9200");
    assert_eq!(
        exposed(settings.monitoring_token.as_ref()),
        Some("t0ken-XYZZY")
    );
    assert_eq!(settings.health_check_timeout, Duration::from_millis(500));
    assert_eq!(settings.metrics_collection_interval, Duration::from_mins(1));
    assert_eq!(
        exposed(settings.alert_webhook_url.as_ref()),
        Some("https://hooks.slack.com/services/T0/B0/XYZZY")
    );
    assert_eq!(
        exposed(settings.telegram_token.as_ref()),
        Some("123456789:XYZZY-bot_token")
    );
    assert_eq!(settings.manager_chat_id.as_deref(), Some("-1001234567890"));
    assert_eq!(settings.alert_cooldown_minutes, 15);
    assert_eq!(settings.alert_max_notifications_per_hour, 20);
    assert_eq!(settings.alert_threshold_job_failures, 1);
    assert_eq!(settings.alert_threshold_disk, 92.5);
    assert_eq!(settings.alert_threshold_memory, 70.0);
    assert_eq!(settings.log_level, "info,hyper=warn");
    assert_eq!(settings.monitoring_log_level.as_deref(), Some("debug"));
    assert!(settings.enable_json_logging);
    assert_eq!(settings.log_dir.as_deref(), Some("/var/log/shop"));
    assert_eq!(settings.otel_service_name.as_deref(), Some("shop"));
    assert_eq!(settings.environment, "staging-2.eu_west");
    assert_eq!(
        format!("{:?}", settings.guard()),
        "Guard::bearer([redacted])"
    );
}

#[test]
fn forms_accept_and_refuse_their_edges() {
    let shown = |name: &str, value: &str| {
        let settings = one(name, value).unwrap_or_else(|error| panic!("{error}"));
        serde_json::to_value(settings).unwrap()[name]["value"].clone()
    };
    let right = [
        ("MONITORING_HOST", "LocalHost", json!("127.0.0.1")),
        ("MONITORING_HOST", "::1", json!("::1")),
        ("MONITORING_PORT", " 65535\n", json!(65535)),
        ("HEALTH_CHECK_TIMEOUT", "1.5", json!(1.5)),
        ("HEALTH_CHECK_TIMEOUT", "2 s", json!(2.0)),
        ("HEALTH_CHECK_TIMEOUT", "60m", json!(3600.0)),
        ("HEALTH_CHECK_TIMEOUT", "0.5h", json!(1800.0)),
        ("METRICS_COLLECTION_INTERVAL", "1000ms", json!(1.0)),
        ("ALERT_WEBHOOK_URL", "http://[::1]:9/", json!("[redacted]")),
        ("TELEGRAM_TOKEN", "1:a", json!("[redacted]")),
        ("MANAGER_CHAT_ID", "@a_channel", json!("@a_channel")),
        ("ALERT_COOLDOWN_MINUTES", "0", json!(0)),
        ("ALERT_COOLDOWN_MINUTES", "1440", json!(1440)),
        ("ALERT_MAX_NOTIFICATIONS_PER_HOUR", "10000", json!(10_000)),
        (
            "ALERT_THRESHOLD_JOB_FAILURES",
            "4294967295",
            json!(u32::MAX),
        ),
        (
            "LOG_LEVEL",
            "off,[a{b=1}]=trace",
            json!("off,[a{b=1}]=trace"),
        ),
        ("MONITORING_LOG_LEVEL", "OFF", json!("off")),
        ("ENABLE_JSON_LOGGING", "0", json!(false)),
        ("ENABLE_JSON_LOGGING", "Yes", json!(true)),
        ("LOG_DIR", "log files", json!("log files")),
        ("ALERT_THRESHOLD_DISK", "0.1", json!(0.1)),
        ("ALERT_THRESHOLD_MEMORY", "99.9", json!(99.9)),
    ];
    for (name, value, expected) in right {
        assert_eq!(shown(name, value), expected, "{name}={value}");
    }
    let long = "e".repeat(65);
    let wrong = [
        ("MONITORING_HOST", "127.0.0.1:80"),
        ("MONITORING_PORT", "0"),
        ("MONITORING_PORT", "65536"),
        ("MONITORING_TOKEN", "1234567"),
        ("HEALTH_CHECK_TIMEOUT", "-1"),
        ("HEALTH_CHECK_TIMEOUT", "1e2"),
        ("HEALTH_CHECK_TIMEOUT", "inf"),
        ("HEALTH_CHECK_TIMEOUT", "NaN"),
        ("HEALTH_CHECK_TIMEOUT", "s"),
        ("HEALTH_CHECK_TIMEOUT", "2h"),
        ("HEALTH_CHECK_TIMEOUT", "3600.1"),
        ("HEALTH_CHECK_TIMEOUT", "0.0000000001"),
        ("METRICS_COLLECTION_INTERVAL", "999ms"),
        ("ALERT_WEBHOOK_URL", "ftp://example.org/"),
        ("ALERT_WEBHOOK_URL", "https://"),
        ("ALERT_WEBHOOK_URL", "https://example.org:port/"),
        ("ALERT_WEBHOOK_URL", "https://${HOST}/"),
        ("TELEGRAM_TOKEN", "1:"),
        ("TELEGRAM_TOKEN", "bot1:abc"),
        ("TELEGRAM_TOKEN", "1:a b"),
        ("MANAGER_CHAT_ID", "@"),
        ("MANAGER_CHAT_ID", "@a-channel"),
        ("MANAGER_CHAT_ID", "1.5"),
        ("ALERT_COOLDOWN_MINUTES", "-1"),
        ("ALERT_COOLDOWN_MINUTES", "1441"),
        ("ALERT_MAX_NOTIFICATIONS_PER_HOUR", "10001"),
        ("ALERT_THRESHOLD_JOB_FAILURES", "4294967296"),
        ("ALERT_THRESHOLD_JOB_FAILURES", "1.5"),
        ("ALERT_THRESHOLD_DISK", "0"),
        ("ALERT_THRESHOLD_DISK", "90%"),
        ("ALERT_THRESHOLD_MEMORY", "-1"),
        ("ALERT_THRESHOLD_MEMORY", "inf"),
        ("LOG_LEVEL", "none"),
        ("LOG_LEVEL", "hyper"),
        ("LOG_LEVEL", "hyper=3"),
        ("MONITORING_LOG_LEVEL", "info,hyper=warn"),
        ("ENABLE_JSON_LOGGING", "json"),
        ("ENVIRONMENT", &long),
    ];
    for (name, value) in wrong {
        let error = one(name, value).expect_err(value).to_string();
        assert!(error.contains(name), "{name}={value}: {error}");
    }
}

#[test]
fn settings_serialize_to_values_and_sources() {
    let shown = |settings: &Settings| serde_json::to_string(settings).unwrap();
    let all = VARIABLES.map(|(name, _, value, ..)| {
        format!("{name:?}:{{\"value\":{value},\"source\":\"environment\"}}")
    });
    let settings = Settings::from_vars(right()).unwrap();
    assert_eq!(shown(&settings), format!("{{{}}}", all.join(",")));
    let debug = format!("{settings:?}");
    assert!(debug.starts_with("Settings { MONITORING_HOST: \"0.0.0.0\", MONITORING_PORT: 9200, MONITORING_TOKEN: \"[redacted]\","), "{debug}");
    assert!(!debug.contains("XYZZY"), "{debug}");

    let defaults = serde_json::to_value(Settings::default()).unwrap();
    assert_eq!(defaults.as_object().unwrap().len(), VARIABLES.len());
    for (name, ..) in VARIABLES {
        assert_eq!(defaults[name]["source"], "default", "{name}");
    }
    for name in SECRETS.into_iter().chain(["MANAGER_CHAT_ID"]) {
        assert_eq!(defaults[name]["value"], Value::Null, "{name}");
    }
    assert_eq!(defaults["MONITORING_PORT"]["value"], 9100);
    assert_eq!(defaults["HEALTH_CHECK_TIMEOUT"]["value"], 2.0);
}

/// Runs in a process of its own, because the environment belongs to the process.
#[test]
fn from_env_reads_the_environment_and_names_variables_that_are_not_utf_8() {
    const CHILD: &str = "TOWER_VITALS_SETTINGS_CHILD";
    let child = |expected: &str| {
        let name = "from_env_reads_the_environment_and_names_variables_that_are_not_utf_8";
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", name, "--test-threads=1"])
            .env_clear()
            .env(CHILD, expected);
        command
    };
    if let Some(expected) = std::env::var_os(CHILD) {
        let result = match Settings::from_env() {
            Ok(settings) => settings.address().to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(result, expected.into_string().unwrap());
        return;
    }
    let passes = |mut child: Command| {
        let output = child.output().unwrap();
        let result = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && result.contains("1 passed"),
            "{result}"
        );
    };
    let mut right = child("127.0.0.1:9200");
    right.env("MONITORING_PORT", "9200");
    passes(right);

    #[cfg(unix)]
    {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let mut wrong = child(
            "2 settings are wrong: MONITORING_TOKEN is not UTF-8: text in UTF-8 is allowed; \
             ENVIRONMENT is not UTF-8: text in UTF-8 is allowed",
        );
        for name in ["MONITORING_TOKEN", "ENVIRONMENT", "SOMETHING_ELSE"] {
            wrong.env(name, OsStr::from_bytes(b"s3cret-\xff"));
        }
        passes(wrong);
    }
}

#[test]
fn the_documentation_lists_every_variable() {
    let docs = include_str!("../../docs/settings.md");
    let rows: Vec<_> = docs
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    assert_eq!(rows.len(), VARIABLES.len());
    let defaults = serde_json::to_value(Settings::default()).unwrap();
    for ((name, _, _, _, allowed), row) in VARIABLES.into_iter().zip(rows) {
        let default = match &defaults[name]["value"] {
            Value::Null => "none".to_owned(),
            Value::String(text) => format!("`{text}`"),
            Value::Bool(is_on) => format!("`{is_on}`"),
            number => format!("`{}`", number.as_f64().unwrap()),
        };
        let expected = format!("| `{name}` | {allowed} | {default} | ");
        assert!(row.starts_with(&expected), "{row} is not {expected}..");
        let is_secret = row[expected.len()..].starts_with("Secret. ");
        assert_eq!(is_secret, SECRETS.contains(&name), "{row}");
    }
}
