//! The examples with curl, promtool, a real Prometheus and load.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::example::Example;
use crate::support::prometheus::{Target, curl, output, prometheus_answers};
use crate::support::python::python;
use serde_json::Value;
use tower_vitals::catalog::{FAMILIES, Family};

fn get(example: &Example, path: &str) -> String {
    curl(&[&format!("{}{path}", example.url)])
}

fn promtool_check(text: &str) {
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*said), (Some(0), ""), "{text}");
}

/// The value of the first series with this name and these labels, in any order.
fn value(text: &str, name: &str, labels: &[&str]) -> Option<f64> {
    text.lines()
        .filter(|line| line.starts_with(&format!("{name}{{")))
        .find(|line| labels.iter().all(|label| line.contains(label)))
        .map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
}

fn serves_is_scraped_and_answers(name: &str) {
    let example = Example::start(name);
    assert!(get(&example, "/users/7").contains('7'));
    let liveness: Value = serde_json::from_str(&get(&example, "/livez")).unwrap();
    assert_eq!(liveness["status"], "healthy");

    let text = get(&example, "/metrics");
    let families = [
        ("http_requests_total", "counter"),
        ("http_request_duration_seconds", "histogram"),
        ("http_requests_in_progress", "gauge"),
    ];
    for (family, kind) in families {
        assert!(text.contains(&format!("# HELP {family} ")), "{text}");
        assert!(
            text.contains(&format!("# TYPE {family} {kind}\n")),
            "{text}"
        );
    }
    let user = ["endpoint=\"/users/{id}\"", "status=\"200\""];
    assert_eq!(
        value(&text, "http_requests_total", &user),
        Some(1.0),
        "{text}"
    );
    promtool_check(&text);

    let _target = Target::add(example.address(), name);

    // Two loads, one scrape apart, because a rate needs two different samples.
    let total =
        format!("sum(http_requests_total{{example=\"{name}\",endpoint=\"/users/{{id}}\"}})");
    for round in 1..=2 {
        let load = [
            "-n",
            "5000",
            "-c",
            "50",
            &format!("{}/users/7", example.url),
        ];
        let report = output(Command::new("hey").args(load));
        assert!(report.contains("[200]\t5000 responses"), "{report}");
        let wanted = f64::from(round) * 5_000.0 + 1.0;
        prometheus_answers(&total, |total| total == wanted);
    }
    let rate = format!("sum(rate(http_requests_total{{example=\"{name}\"}}[1m]))");
    let rate = prometheus_answers(&rate, |rate| rate > 0.0);
    println!("{name}: Prometheus sees {rate:.0} requests a second over the last minute");
    let quantile = format!(
        "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{{example=\"{name}\",\
         endpoint=\"/users/{{id}}\"}}[1m])))"
    );
    prometheus_answers(&quantile, |p99| p99 > 0.0 && p99 < 5.0);
    let in_progress = value(
        &get(&example, "/metrics"),
        "http_requests_in_progress",
        &user[..1],
    );
    assert_eq!(in_progress, Some(0.0));
}

#[test]
#[ignore = "needs Prometheus and hey: tests/run"]
fn quickstart_serves_is_scraped_and_answers() {
    serves_is_scraped_and_answers("quickstart");
}

#[test]
#[ignore = "needs Prometheus and hey: tests/run"]
fn hyper_serves_is_scraped_and_answers() {
    serves_is_scraped_and_answers("hyper");
}

#[test]
#[ignore = "needs curl and promtool: tests/run"]
fn other_routes_of_quickstart_are_recorded_by_their_end() {
    let example = Example::start("quickstart");
    assert!(get(&example, "/slow").contains("done"));
    get(&example, "/fail");
    get(&example, "/nowhere");
    assert_eq!(get(&example, "/stream").lines().count(), 10);
    curl(&["--head", &format!("{}/stream", example.url)]);
    // One client leaves in mid-stream, and one before the response head.
    for path in ["/stream", "/slow"] {
        let left = Command::new("curl")
            .args([
                "-sS",
                "-N",
                "--max-time",
                "0.3",
                &format!("{}{path}", example.url),
            ])
            .output()
            .unwrap();
        assert_eq!(left.status.code(), Some(28), "curl's code for a timeout");
    }
    let count = |labels: &[&str], name: &str, text: &str| value(text, name, labels).unwrap_or(0.0);
    let deadline = Instant::now() + Duration::from_secs(10);
    let text = loop {
        let text = get(&example, "/metrics");
        let aborted = [
            ["endpoint=\"/stream\"", "reason=\"body_dropped\""],
            ["endpoint=\"/slow\"", "reason=\"cancelled\""],
        ];
        if aborted
            .iter()
            .all(|labels| count(labels, "http_requests_aborted_total", &text) == 1.0)
        {
            break text;
        }
        assert!(Instant::now() < deadline, "{text}");
    };
    let requests = |endpoint: &str, method: &str, status: &str| {
        let labels = [
            format!("endpoint=\"{endpoint}\""),
            format!("method=\"{method}\""),
            format!("status=\"{status}\""),
        ];
        let labels: Vec<_> = labels.iter().map(String::as_str).collect();
        count(&labels, "http_requests_total", &text)
    };
    assert_eq!(requests("/slow", "GET", "200"), 1.0);
    assert_eq!(requests("/slow", "GET", "499"), 1.0);
    assert_eq!(requests("/fail", "GET", "500"), 1.0);
    assert_eq!(requests("unmatched", "GET", "404"), 1.0);
    assert_eq!(requests("/stream", "GET", "200"), 2.0);
    assert_eq!(requests("/stream", "HEAD", "200"), 1.0);
    let aborted = text
        .lines()
        .filter(|line| line.starts_with("http_requests_aborted_total{"));
    assert_eq!(aborted.count(), 2, "{text}");
    let slow = ["endpoint=\"/slow\"", "method=\"GET\""];
    let sum = value(&text, "http_request_duration_seconds_sum", &slow).unwrap();
    assert!((1.2..3.0).contains(&sum), "{sum}");
    promtool_check(&text);
}

#[test]
#[ignore = "needs curl and promtool: tests/run"]
fn an_existing_stack_keeps_its_layers_and_is_recorded() {
    let example = Example::start("existing_stack");
    let head = curl(&["--include", &format!("{}/", example.url)]);
    assert!(head.contains("x-request-id: "), "{head}");
    let status = ["--output", "/dev/null", "--write-out", "%{http_code}"];
    for (path, code) in [("/late", "408"), ("/panic", "500")] {
        let url = format!("{}{path}", example.url);
        assert_eq!(curl(&[&status[..], &[&url]].concat()), code);
    }
    let text = get(&example, "/metrics");
    for (path, status) in [("/", "200"), ("/late", "408"), ("/panic", "500")] {
        let labels = [
            format!("endpoint=\"{path}\""),
            format!("status=\"{status}\""),
        ];
        let labels: Vec<_> = labels.iter().map(String::as_str).collect();
        assert_eq!(
            value(&text, "http_requests_total", &labels),
            Some(1.0),
            "{text}"
        );
    }
    promtool_check(&text);
}

/// Each series has the labels of its family in the catalogue.
#[test]
#[ignore = "needs curl, promtool and prometheus_client: tests/run"]
fn the_instruments_example_records_every_family_of_the_catalogue() {
    let example = Example::start("instruments");
    // The scrape duration appears with the second scrape, and CPU usage with the second collection.
    let deadline = Instant::now() + Duration::from_secs(10);
    let text = loop {
        let text = get(&example, "/metrics");
        let names = [
            "system_cpu_usage_ratio ",
            "monitoring_scrape_duration_seconds_sum ",
        ];
        if names.iter().all(|name| text.contains(&format!("\n{name}"))) {
            break text;
        }
        assert!(Instant::now() < deadline, "{text}");
    };
    promtool_check(&text);
    let json: Value = serde_json::from_str(&get(&example, "/metrics/json")).unwrap();
    // Only a fault of the service's own metrics has the first one. The example has no alerts, SLOs, exemplars, log and traces.
    let is_left_out = |family: &&Family| {
        family.name == "monitoring_series_rejected_total"
            || family.name == "monitoring_exemplars_dropped_total"
            || [
                "monitoring_alert_",
                "monitoring_span",
                "monitoring_log_",
                "log_",
                "slo_",
            ]
            .iter()
            .any(|prefix| family.name.starts_with(prefix))
    };
    for family in FAMILIES.iter().filter(|family| !is_left_out(family)) {
        let recorded = &json["metrics"][family.name];
        assert_eq!(recorded["type"], family.kind.as_str(), "{}", family.name);
        assert_eq!(recorded["help"], family.help);
        let series = recorded["series"].as_array().unwrap();
        assert!(!series.is_empty(), "{}", family.name);
        let mut labels = family.labels.to_vec();
        labels.sort_unstable();
        for one in series {
            let own: Vec<_> = one["labels"].as_object().unwrap().keys().collect();
            if is_open_telemetry(family.name) {
                assert!(
                    own.iter().all(|label| labels.contains(&&***label)),
                    "{own:?}"
                );
            } else {
                assert_eq!(own, labels, "{}", family.name);
            }
        }
        let type_line = format!("# TYPE {} {}\n", family.name, family.kind.as_str());
        assert!(text.contains(&type_line), "{type_line}");
    }
    for line in [
        "shop_baskets_total{country=\"other\"} 1",
        "# TYPE shop_energy_joules_total counter",
        "shop_energy_joules_total 0.75",
        "monitoring_series_dropped_total{metric=\"events_total\"} 24",
    ] {
        assert!(text.lines().any(|own| own == line), "{line}\n{text}");
    }

    let url = format!("{}/metrics", example.url);
    let open = curl(&["-H", "accept: application/openmetrics-text", &url]);
    let families = python(
        "import sys\nfrom prometheus_client.openmetrics.parser import text_string_to_metric_families\n\
         print(len(list(text_string_to_metric_families(sys.stdin.read()))))",
        &open,
    );
    let types = open
        .lines()
        .filter(|line| line.starts_with("# TYPE "))
        .count();
    assert_eq!(families.trim(), types.to_string());
    let left_out = FAMILIES.iter().filter(is_left_out).count();
    assert!(types > FAMILIES.len() - left_out);

    // A real Prometheus scrapes it as OpenMetrics.
    let _target = Target::add(example.address(), "instruments");
    let cost = "token_cost_total{example=\"instruments\"}";
    prometheus_answers(cost, |cost| cost == 0.0031);
    let baskets = "sum(shop_baskets_total{example=\"instruments\"})";
    prometheus_answers(baskets, |baskets| baskets == 4.0);
    prometheus_answers("process_open_fds{example=\"instruments\"}", |fds| fds > 3.0);
}

/// Families with labels that only some series have.
fn is_open_telemetry(name: &str) -> bool {
    let rooms = ["http_server_", "http_client_", "rpc_"];
    rooms.iter().any(|room| name.starts_with(room))
}

/// In text and in JSON, with labels.
#[test]
#[ignore = "needs curl and promtool: tests/run"]
fn the_instruments_example_records_every_instrument() {
    let example = Example::start("instruments");
    let text = get(&example, "/metrics");
    promtool_check(&text);
    let json: Value = serde_json::from_str(&get(&example, "/metrics/json")).unwrap();
    for (name, labels, expected) in [
        (
            "service_calls_total",
            &[("service_name", "billing"), ("status", "failure")][..],
            2.0,
        ),
        (
            "service_calls_total",
            &[("service_name", "billing"), ("status", "cancelled")],
            1.0,
        ),
        (
            "service_call_duration_seconds_count",
            &[("service_name", "billing")],
            3.0,
        ),
        (
            "external_api_requests_total",
            &[
                ("service", "stripe"),
                ("endpoint", "/v1/charges"),
                ("status", "402"),
            ],
            2.0,
        ),
        (
            "external_api_duration_seconds_count",
            &[("service", "stripe")],
            2.0,
        ),
        ("db_connections_active", &[], 4.0),
        ("database_connections", &[], 10.0),
        ("redis_connections", &[], 1.0),
        (
            "db_query_duration_seconds_count",
            &[("query_type", "select")],
            4.0,
        ),
        (
            "storage_operations_total",
            &[("operation", "get"), ("namespace", "sessions")],
            4.0,
        ),
        ("events_total", &[("event_type", "order.placed")], 2.0),
        ("events_total", &[("event_type", "internal.*")], 1.0),
        ("plugins_loaded", &[], 2.0),
        (
            "errors_total",
            &[("error_type", "card_declined"), ("component", "billing")],
            2.0,
        ),
        (
            "tokens_total",
            &[("model", "small-1"), ("kind", "prompt")],
            812.0,
        ),
        (
            "token_cost_total",
            &[("model", "small-1"), ("currency", "USD")],
            0.0031,
        ),
        ("active_connections", &[], 1.0),
    ] {
        let pairs: Vec<_> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{value}\""))
            .collect();
        let line = match pairs.len() {
            0 => format!("{name} {expected}"),
            _ => format!("{name}{{{}}} {expected}", pairs.join(",")),
        };
        assert!(
            text.lines().any(|own| own == line),
            "{line} is not in\n{text}"
        );
        let (family, field) = match name.strip_suffix("_count") {
            Some(family) => (family, "count"),
            None => (name, "value"),
        };
        let series = json["metrics"][family]["series"].as_array().unwrap();
        let is_it = |series: &&Value| {
            labels
                .iter()
                .all(|(name, value)| series["labels"][*name] == *value)
        };
        let series = series.iter().find(is_it).unwrap();
        assert_eq!(series[field].as_f64(), Some(expected), "{name}");
    }
}
