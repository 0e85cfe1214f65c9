//! Settings are typed, have defaults, and name every wrong variable at once; no secret is ever shown.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and compares with what it recorded"
)]

mod secrets;
mod variables;

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tower_vitals::settings::{LogLevel, OtlpProtocol, Sampler};
use tower_vitals::{ErrorKind, Settings};

use variables::{SECRETS, VARIABLES, exposed, one, problem, right};

#[test]
fn a_wrong_variable_is_named_with_its_value_and_what_is_allowed() {
    for (name, _, _, wrong, allowed) in VARIABLES {
        if wrong.is_empty() {
            continue;
        }
        let error = one(name, wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        let expected = format!("1 setting is wrong: {}", problem(name, wrong, allowed));
        assert_eq!(error.to_string(), expected);
        assert!(!format!("{error:?}").contains("XYZZY"), "{name}");
    }
}

#[test]
fn all_wrong_ones_are_named_at_once() {
    let wrong = VARIABLES.map(|(name, _, _, wrong, _)| (name, wrong));
    let message = Settings::from_vars(wrong).unwrap_err().to_string();
    assert!(message.starts_with("25 settings are wrong: "), "{message}");
    for (name, _, _, wrong, allowed) in VARIABLES {
        let problem = problem(name, wrong, allowed);
        assert!(
            wrong.is_empty() || message.contains(&problem),
            "{problem} is not in {message}"
        );
    }
    assert_eq!(message.matches("; ").count(), 24, "{message}");
    assert!(!message.contains("XYZZY"), "{message}");
}

#[test]
fn nothing_set_is_the_defaults() {
    let nothing = Settings::from_vars::<String, String>([]).unwrap();
    let empty = Settings::from_vars(VARIABLES.map(|(name, ..)| (name, " \t\n"))).unwrap();
    let no_files = SECRETS.map(|name| (format!("{name}_FILE"), ""));
    let no_files = Settings::from_vars(no_files).unwrap();
    for settings in [nothing, empty, no_files, Settings::default()] {
        assert_eq!(settings.address().to_string(), "127.0.0.1:9100");
        assert!(settings.monitoring_token.is_none());
        assert_eq!(settings.log_level, LogLevel::Info);
        assert_eq!(settings.monitoring_log_level, LogLevel::Info);
        assert!(!settings.enable_json_logging);
        assert_eq!(settings.health_check_timeout, Duration::from_secs(2));
        assert_eq!(
            settings.metrics_collection_interval,
            Duration::from_secs(15)
        );
        assert!(settings.alert_webhook_url.is_none());
        assert_eq!(settings.alert_cooldown_minutes, 15);
        assert_eq!(settings.alert_max_notifications_per_hour, 60);
        assert_eq!(settings.alert_threshold_disk, 90.0);
        assert_eq!(settings.alert_threshold_memory, 90.0);
        assert_eq!(settings.alert_threshold_job_failures, 3);
        assert!(settings.telegram_token.is_none());
        assert_eq!(settings.manager_chat_id, None);
        assert_eq!(settings.environment, "production");
        assert!(!settings.otel_sdk_disabled);
        assert_eq!(settings.otel_service_name, None);
        assert_eq!(settings.otel_resource_attributes, None);
        assert_eq!(settings.otel_exporter_otlp_endpoint, None);
        assert!(settings.otel_exporter_otlp_headers.is_none());
        assert_eq!(
            settings.otel_exporter_otlp_protocol,
            OtlpProtocol::HttpProtobuf
        );
        assert_eq!(settings.otel_exporter_otlp_timeout, Duration::from_secs(10));
        assert_eq!(settings.otel_traces_sampler, Sampler::ParentBasedAlwaysOn);
        assert_eq!(settings.otel_traces_sampler_arg, None);
        assert_eq!(format!("{:?}", settings.guard()), "Guard::closed");
    }
}

#[test]
fn all_that_is_set_is_read() {
    let settings = Settings::from_vars(right()).unwrap();
    assert_eq!(settings.address().to_string(), "0.0.0.0:9200");
    assert_eq!(
        exposed(settings.monitoring_token.as_ref()),
        Some("t0ken-XYZZY")
    );
    assert_eq!(settings.log_level, LogLevel::Warn);
    assert_eq!(settings.monitoring_log_level, LogLevel::Trace);
    assert!(settings.enable_json_logging);
    assert_eq!(settings.health_check_timeout, Duration::from_millis(500));
    assert_eq!(settings.metrics_collection_interval, Duration::from_mins(1));
    assert_eq!(
        exposed(settings.alert_webhook_url.as_ref()),
        Some("https://hooks.example.org/XYZZY")
    );
    assert_eq!(settings.alert_cooldown_minutes, 0);
    assert_eq!(settings.alert_max_notifications_per_hour, 3600);
    assert_eq!(settings.alert_threshold_disk, 87.5);
    assert_eq!(settings.alert_threshold_memory, 95.0);
    assert_eq!(settings.alert_threshold_job_failures, 1);
    assert_eq!(
        exposed(settings.telegram_token.as_ref()),
        Some("123456:XYZZY-a_1")
    );
    assert_eq!(settings.manager_chat_id.as_deref(), Some("-100123"));
    assert_eq!(settings.environment, "staging-2.eu_west");
    assert!(settings.otel_sdk_disabled);
    assert_eq!(settings.otel_service_name.as_deref(), Some("shop front"));
    assert_eq!(
        settings.otel_resource_attributes.as_deref(),
        Some("team=a%20b,tier=")
    );
    assert_eq!(
        settings.otel_exporter_otlp_endpoint.as_deref(),
        Some("http://[::1]:4318/x")
    );
    assert_eq!(
        exposed(settings.otel_exporter_otlp_headers.as_ref()),
        Some("authorization=Bearer%20XYZZY==,b=")
    );
    assert_eq!(settings.otel_exporter_otlp_protocol, OtlpProtocol::Grpc);
    assert_eq!(
        settings.otel_exporter_otlp_timeout,
        Duration::from_millis(2500)
    );
    assert_eq!(settings.otel_traces_sampler, Sampler::TraceIdRatio);
    assert_eq!(settings.otel_traces_sampler_arg.as_deref(), Some("0.25"));
    assert_eq!(
        format!("{:?}", settings.guard()),
        "Guard::bearer([redacted])"
    );
}

#[test]
fn the_edges_of_each_form() {
    let shown = |name: &str, value: &str| {
        let settings = one(name, value).unwrap_or_else(|error| panic!("{error}"));
        serde_json::to_value(settings).unwrap()[name]["value"].clone()
    };
    let right = [
        ("MONITORING_HOST", "LocalHost", json!("127.0.0.1")),
        ("MONITORING_HOST", "::1", json!("::1")),
        ("MONITORING_PORT", " 65535\n", json!(65535)),
        ("ENABLE_JSON_LOGGING", "off", json!(false)),
        ("ENABLE_JSON_LOGGING", "1", json!(true)),
        ("HEALTH_CHECK_TIMEOUT", "1.5", json!(1.5)),
        ("HEALTH_CHECK_TIMEOUT", "2 s", json!(2.0)),
        ("HEALTH_CHECK_TIMEOUT", "60m", json!(3600.0)),
        ("METRICS_COLLECTION_INTERVAL", "1000ms", json!(1.0)),
        ("ALERT_COOLDOWN_MINUTES", "10080", json!(10080)),
        ("ALERT_THRESHOLD_DISK", "100 %", json!(100.0)),
        ("MANAGER_CHAT_ID", "@ops_team", json!("@ops_team")),
        ("OTEL_SDK_DISABLED", "1", json!(false)),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0", json!(0)),
        ("OTEL_TRACES_SAMPLER", "xray", json!("xray")),
        (
            "OTEL_TRACES_SAMPLER_ARG",
            "endpoint=http://a:1,b=2",
            json!("endpoint=http://a:1,b=2"),
        ),
    ];
    for (name, value, expected) in right {
        assert_eq!(shown(name, value), expected, "{name}={value}");
    }
    let long = "e".repeat(65);
    let wrong = [
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
        ("ALERT_COOLDOWN_MINUTES", "10081"),
        ("ALERT_MAX_NOTIFICATIONS_PER_HOUR", "0"),
        ("ALERT_THRESHOLD_DISK", "%"),
        ("ALERT_THRESHOLD_DISK", "90%%"),
        ("ALERT_WEBHOOK_URL", "/hook"),
        ("ALERT_WEBHOOK_URL", "hooks.example.org"),
        ("ALERT_WEBHOOK_URL", "https://"),
        ("ALERT_WEBHOOK_URL", "https://:443/x"),
        ("ALERT_WEBHOOK_URL", "https://host:port/x"),
        ("ALERT_WEBHOOK_URL", "https://host:0/x"),
        ("ALERT_WEBHOOK_URL", "https://user:pw@:443/x"),
        ("ALERT_WEBHOOK_URL", "https://${HOST}/x"),
        ("ALERT_WEBHOOK_URL", "https://$HOST/x"),
        ("TELEGRAM_TOKEN", "123456:"),
        ("TELEGRAM_TOKEN", ":abc"),
        ("MANAGER_CHAT_ID", "@"),
        ("MANAGER_CHAT_ID", "1.5"),
        ("ENVIRONMENT", &long),
        ("OTEL_RESOURCE_ATTRIBUTES", "a=1,"),
        ("OTEL_RESOURCE_ATTRIBUTES", "=1"),
        ("OTEL_RESOURCE_ATTRIBUTES", "a b=1"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x y=1"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x=1\ny=2"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "1.5"),
    ];
    for (name, value) in wrong {
        let error = one(name, value).expect_err(value).to_string();
        assert!(error.contains(name), "{name}={value}: {error}");
    }
}

#[test]
fn what_hangs_on_another_variable() {
    let debug = one("LOG_LEVEL", "debug").unwrap();
    assert_eq!(debug.monitoring_log_level, LogLevel::Debug);
    let both = [("LOG_LEVEL", "debug"), ("MONITORING_LOG_LEVEL", "off")];
    let both = Settings::from_vars(both).unwrap();
    assert_eq!(
        (both.log_level, both.monitoring_log_level),
        (LogLevel::Debug, LogLevel::Off)
    );

    for sampler in ["traceidratio", "parentbased_traceidratio"] {
        let with = |argument| {
            let sampler = ("OTEL_TRACES_SAMPLER", sampler);
            Settings::from_vars([sampler, ("OTEL_TRACES_SAMPLER_ARG", argument)])
        };
        for right in ["0", "1", "0.5", "1e-3"] {
            let argument = with(right).unwrap().otel_traces_sampler_arg;
            assert_eq!(argument.as_deref(), Some(right));
        }
        for wrong in ["1.1", "-0.1", "NaN", "half"] {
            let expected = format!(
                "1 setting is wrong: OTEL_TRACES_SAMPLER_ARG is {wrong:?}: a number from 0 to 1, for the sampler \
                 {sampler}, is allowed"
            );
            assert_eq!(with(wrong).unwrap_err().to_string(), expected);
        }
    }
}

#[test]
fn serialized_each_variable_has_its_value_and_source() {
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
    assert_eq!(defaults.as_object().unwrap().len(), 26);
    for (name, ..) in VARIABLES {
        assert_eq!(defaults[name]["source"], "default", "{name}");
    }
    for name in SECRETS {
        assert_eq!(defaults[name]["value"], Value::Null, "{name}");
    }
    assert_eq!(defaults["MONITORING_PORT"]["value"], 9100);
    assert_eq!(defaults["HEALTH_CHECK_TIMEOUT"]["value"], 2.0);
    assert_eq!(defaults["OTEL_EXPORTER_OTLP_TIMEOUT"]["value"], 10_000);
}

/// In a process of its own, for the environment is the process'.
#[test]
fn the_environment_is_read_and_what_is_not_utf_8_is_named() {
    const CHILD: &str = "TOWER_VITALS_SETTINGS_CHILD";
    let child = |expected: &str| {
        let name = "the_environment_is_read_and_what_is_not_utf_8_is_named";
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", name, "--test-threads=1"])
            .env_clear()
            .env(CHILD, expected);
        command
    };
    if let Some(expected) = std::env::var_os(CHILD) {
        let said = match Settings::from_env() {
            Ok(settings) => settings.address().to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(said, expected.into_string().unwrap());
        return;
    }
    let passes = |mut child: Command| {
        let output = child.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}"
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
             OTEL_SDK_DISABLED is not UTF-8: text in UTF-8 is allowed",
        );
        for name in ["MONITORING_TOKEN", "OTEL_SDK_DISABLED", "SOMETHING_ELSE"] {
            wrong.env(name, OsStr::from_bytes(b"s3cret-\xff"));
        }
        passes(wrong);
    }
}

#[test]
fn a_grpc_endpoint_may_be_a_target_of_grpc() {
    for (protocol, endpoint, is_allowed) in [
        ("grpc", "collector:4317", true),
        ("grpc", "unix:///run/otel.sock", true),
        ("grpc", "https://collector:4317", true),
        ("grpc", "http-collector:4317", true),
        ("grpc", "http://", false),
        ("grpc", "HTTP://", false),
        ("grpc", "collector 4317", false),
        ("http/protobuf", "collector:4317", false),
    ] {
        let settings = Settings::from_vars([
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
        ]);
        assert_eq!(settings.is_ok(), is_allowed, "{protocol} {endpoint}");
    }
    // Which it was to be, nobody knows: that alone is wrong.
    let error = Settings::from_vars([
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "gprc"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
    ]);
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("1 setting is wrong"), "{error}");
}
