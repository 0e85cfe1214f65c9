//! Kubernetes gives every container variables of each Service of its namespace. One of them can have a setting's name.

use tower_vitals::Settings;

use crate::support::log::Log;
use crate::variables::{VARIABLES, one};

/// The variables that Kubernetes makes of a Service `monitoring`: kubelet's `envvars.FromServices`.
const OF_A_SERVICE: [(&str, &str); 7] = [
    ("MONITORING_SERVICE_HOST", "10.96.12.7"),
    ("MONITORING_SERVICE_PORT", "9090"),
    ("MONITORING_PORT", "tcp://10.96.12.7:9090"),
    ("MONITORING_PORT_9090_TCP", "tcp://10.96.12.7:9090"),
    ("MONITORING_PORT_9090_TCP_PROTO", "tcp"),
    ("MONITORING_PORT_9090_TCP_PORT", "9090"),
    ("MONITORING_PORT_9090_TCP_ADDR", "10.96.12.7"),
];

#[test]
fn the_variables_of_a_service_named_monitoring_are_ignored_with_one_log_line() {
    let (log, _guard) = Log::of_this_thread();
    let settings = Settings::from_vars(OF_A_SERVICE).unwrap();
    assert_eq!(settings.monitoring_port, 9100);
    let json = serde_json::to_value(&settings).unwrap();
    assert_eq!(json["MONITORING_PORT"]["source"], "default");
    assert_eq!(log.count("variable"), 1, "{}", log.text());
    let line = "the variable is a service link of Kubernetes: ignored \
                variable=\"MONITORING_PORT\" value=\"tcp://10.96.12.7:9090\"";
    assert_eq!(log.count(line), 1, "{}", log.text());
}

#[test]
fn service_links_of_every_protocol_and_address_family_are_ignored() {
    for link in [
        "tcp://10.96.12.7:1",
        "udp://0.0.0.0:53",
        "sctp://10.96.12.7:65535",
        "tcp://[fd00::1]:9090",
        "udp://[::1]:53",
        "  tcp://10.96.12.7:9090\n",
    ] {
        let settings = one("MONITORING_PORT", link).unwrap();
        assert_eq!(settings.monitoring_port, 9100, "{link}");
    }
}

#[test]
fn values_that_only_look_like_service_links_are_wrong() {
    for value in [
        "tcp://monitoring:9090",
        "tcp://localhost:9090",
        "tcp://10.96.12.7",
        "tcp://10.96.12.7:",
        "tcp://10.96.12.7:0",
        "tcp://10.96.12.7:09090",
        "tcp://10.96.12.7:+9090",
        "tcp://10.96.12.7:65536",
        "tcp://10.96.12.7:9090/",
        "tcp://10.96.12.7:9090 9200",
        "tcp://10.96.12:9090",
        "tcp://10.96.12.07:9090",
        "tcp://[10.96.12.7]:9090",
        "tcp://fd00::1:9090",
        "tcp://[fd00::1%1]:9090",
        "tcp://[fd00::1]",
        "tcp://me:XYZZY@10.96.12.7:9090",
        "TCP://10.96.12.7:9090",
        "http://10.96.12.7:9090",
        "tls://10.96.12.7:9090",
        "tcp:10.96.12.7:9090",
        "tcp//10.96.12.7:9090",
        "://10.96.12.7:9090",
        "10.96.12.7:9090",
    ] {
        let error = one("MONITORING_PORT", value).expect_err(value).to_string();
        let ending = "a whole number from 1 to 65535 is allowed";
        assert!(error.ends_with(ending), "{value}: {error}");
    }
}

#[test]
fn a_service_link_in_a_variable_that_no_service_could_make_is_wrong() {
    for name in ["MONITORING_HOST", "HEALTH_CHECK_TIMEOUT", "ENVIRONMENT"] {
        let error = one(name, "tcp://10.96.12.7:9090")
            .expect_err(name)
            .to_string();
        let begin = format!("1 setting is wrong: {name} is \"tcp://10.96.12.7:9090\": ");
        assert!(error.starts_with(&begin), "{error}");
    }
}

/// An address, a port or a protocol in these variables could not be told from a setting's value.
#[test]
fn no_setting_has_a_name_that_a_service_gives_to_a_plain_value() {
    let has_plain_value = |name: &str| {
        let parts: Vec<_> = name.split('_').collect();
        let is_service = |parts: &[&str]| {
            matches!(parts, [.., "SERVICE", "HOST" | "PORT"])
                || parts.windows(2).any(|two| two == ["SERVICE", "PORT"])
        };
        let is_port = |parts: &[&str]| {
            parts.windows(3).any(|three| {
                let is_number = three[1].bytes().all(|byte| byte.is_ascii_digit());
                three[0] == "PORT" && is_number && matches!(three[2], "TCP" | "UDP" | "SCTP")
            })
        };
        is_service(&parts) || is_port(&parts)
    };
    for (name, value) in OF_A_SERVICE {
        let is_plain = !value.contains("://");
        assert!(!is_plain || has_plain_value(name), "{name}");
    }
    for (name, ..) in VARIABLES {
        assert!(!has_plain_value(name), "{name}");
    }
}
