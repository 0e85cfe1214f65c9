//! Each default rule fires and resolves, and none fires in a healthy service.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::StatusCode;
use metrics::{Key, Label, Metadata, Recorder};
use tower_vitals::Prometheus;
use tower_vitals::alerts::state::AlertState::{Firing, Resolved};
use tower_vitals::alerts::state::{Limits, RuleHead, State, Transition};
use tower_vitals::alerts::{Evaluation, Level, Rules, Samples, Scope, Thresholds};
use tower_vitals::instrument::{DatabaseConnections, ExternalApi};

const INTERVAL: Duration = Duration::from_secs(15);

/// Evaluations in 20 minutes.
const LONG: u32 = 80;

/// A service whose metrics are set by a script, and its alerts in simulated time.
struct Service {
    prometheus: Prometheus,
    rules: Rules,
    samples: Samples,
    state: State,
    steps: u32,
}

impl Service {
    fn new(rules: Rules) -> Self {
        Self {
            prometheus: Prometheus::builder().build().unwrap(),
            samples: Samples::for_rules(&rules),
            rules,
            state: State::new(Limits::default()),
            steps: 0,
        }
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_700_000_000) + self.steps * INTERVAL
    }

    fn gauge(&self, name: &str, labels: &[(&str, &str)], value: f64) {
        let key = key(name, labels);
        self.prometheus.register_gauge(&key, &metadata()).set(value);
    }

    /// Requests that are answered in this interval.
    fn requests(&self, status: &str, count: u64, duration: f64) {
        let labels = [("method", "GET"), ("endpoint", "/"), ("status", status)];
        let total = key("http_requests_total", &labels);
        let total = self.prometheus.register_counter(&total, &metadata());
        total.increment(count);
        let durations = key("http_request_duration_seconds", &labels[..2]);
        let durations = self.prometheus.register_histogram(&durations, &metadata());
        durations.record_many(duration, usize::try_from(count).unwrap());
    }

    fn calls(&self, service: &'static str, status: StatusCode, count: u32) {
        let api = ExternalApi::new(service, "/").recorder(self.prometheus.clone());
        for _ in 0..count {
            api.record(status, Duration::from_millis(50));
        }
    }

    fn connections(&self, in_use: usize) {
        let connections = DatabaseConnections::new().recorder(self.prometheus.clone());
        connections.set(in_use, in_use);
        connections.set_max(10);
    }

    fn problem(&self, problem: &str, value: f64) {
        let labels = [("job_name", "nightly"), ("problem", problem)];
        self.gauge("scheduler_job_problem", &labels, value);
    }

    /// Everything is well at this time.
    fn gauges_are_healthy(&self) {
        self.gauge("system_cpu_usage_ratio", &[], 0.8);
        self.gauge("system_memory_used_ratio", &[], 0.85);
        self.gauge("system_disk_used_ratio", &[("mount", "/")], 0.9);
        self.gauge("system_disk_used_ratio", &[("mount", "/data")], 0.9);
        self.gauge("health_check_status", &[("check", "database")], 1.0);
        // Degraded is not unhealthy.
        self.gauge("health_check_status", &[("check", "cache")], 0.5);
        self.gauge("tokio_scheduling_delay_seconds", &[], 5.0);
        self.connections(8);
        for problem in ["late", "missed", "too_long", "failing"] {
            self.problem(problem, 0.0);
        }
    }

    fn traffic_is_healthy(&self) {
        self.requests("200", 95, 0.05);
        self.requests("404", 5, 0.05);
        self.requests("500", 4, 0.05);
        self.calls("stripe", StatusCode::OK, 19);
        self.calls("stripe", StatusCode::PAYMENT_REQUIRED, 1);
        self.calls("maps", StatusCode::OK, 10);
    }

    /// Evaluates all rules this many times, and returns the changes.
    fn run(&mut self, times: u32, script: impl Fn(&Self)) -> Vec<(u32, Transition)> {
        let mut changes = Vec::new();
        for step in 0..times {
            script(self);
            let now = self.now();
            self.samples.add(&self.prometheus.snapshot(), now);
            for rule in self.rules.iter() {
                let evaluation = rule.evaluate(&self.samples, now);
                assert!(
                    !matches!(evaluation, Evaluation::Failed(_)),
                    "{evaluation:?}"
                );
                let head = RuleHead::of(rule, INTERVAL);
                let transitions = self.state.evaluate(&head, evaluation, now).unwrap();
                changes.extend(transitions.into_iter().map(|change| (step, change)));
            }
            self.steps += 1;
        }
        changes
    }
}

fn metadata() -> Metadata<'static> {
    Metadata::new("test", metrics::Level::INFO, None)
}

fn key(name: &str, labels: &[(&str, &str)]) -> Key {
    let labels = labels.iter();
    let labels = labels.map(|(name, value)| Label::new((*name).to_owned(), (*value).to_owned()));
    Key::from_parts(name.to_owned(), labels.collect::<Vec<_>>())
}

fn defaults() -> Rules {
    Rules::defaults(Thresholds::default()).unwrap()
}

fn healthy(service: &Service) {
    service.gauges_are_healthy();
    service.traffic_is_healthy();
}

/// The fault of a script, set after the healthy values.
type Fault = fn(&Service);

/// A fault that makes a rule fire.
struct Case {
    rule: &'static str,
    fault: Fault,
    /// The evaluation of the fault at which the rule fires, from 0.
    fires_at: u32,
    /// The labels of the alert.
    labels: &'static [(&'static str, &'static str)],
    /// The other rules that fire.
    others: &'static [&'static str],
}

const fn case(
    rule: &'static str,
    fault: Fault,
    fires_at: u32,
    labels: &'static [(&'static str, &'static str)],
    others: &'static [&'static str],
) -> Case {
    Case {
        rule,
        fault,
        fires_at,
        labels,
        others,
    }
}

const CASES: &[Case] = &[
    case(
        "HighCpu",
        |service| service.gauge("system_cpu_usage_ratio", &[], 0.81),
        1,
        &[],
        &[],
    ),
    case(
        "HighMemory",
        |service| service.gauge("system_memory_used_ratio", &[], 0.86),
        1,
        &[],
        &[],
    ),
    case(
        "CriticalMemory",
        |service| service.gauge("system_memory_used_ratio", &[], 0.91),
        0,
        &[],
        &["HighMemory"],
    ),
    case(
        "DiskAlmostFull",
        |service| service.gauge("system_disk_used_ratio", &[("mount", "/data")], 0.91),
        0,
        &[("mount", "/data")],
        &[],
    ),
    case(
        // A window of five minutes has 80 failures of 2080 requests before. Of the new series, four points add 27, and 4.5 before
        // the first.
        "HighErrorRate",
        |service| service.requests("503", 9, 0.05),
        3,
        &[],
        &[],
    ),
    case(
        // A window of five minutes has 2080 requests before: 6 times 20 are more than 5 % of all.
        "SlowRequests",
        |service| service.requests("200", 20, 3.0),
        5,
        &[],
        &[],
    ),
    case(
        // Of the new series, five points add 20, and 2.5 before the first: more than 10 % of 222. Two more evaluations confirm it.
        "ExternalApiErrors",
        |service| service.calls("maps", StatusCode::TOO_MANY_REQUESTS, 5),
        6,
        &[("service", "maps")],
        &[],
    ),
    case(
        "DatabasePoolBusy",
        |service| service.connections(9),
        1,
        &[],
        &[],
    ),
    case(
        "HealthCheckUnhealthy",
        |service| service.gauge("health_check_status", &[("check", "database")], 0.0),
        0,
        &[("check", "database")],
        &[],
    ),
    case(
        "RuntimeStuck",
        |service| service.gauge("tokio_scheduling_delay_seconds", &[], 5.1),
        0,
        &[],
        &[],
    ),
    case(
        "JobFailing",
        |service| service.problem("failing", 1.0),
        0,
        &[("job_name", "nightly")],
        &[],
    ),
    case(
        "JobLate",
        |service| service.problem("late", 1.0),
        0,
        &[("job_name", "nightly")],
        &[],
    ),
    case(
        "JobLate",
        |service| service.problem("missed", 1.0),
        0,
        &[("job_name", "nightly")],
        &[],
    ),
    case(
        "JobTooLong",
        |service| service.problem("too_long", 1.0),
        0,
        &[("job_name", "nightly")],
        &[],
    ),
];

#[test]
fn every_default_rule_fires_and_resolves() {
    for case in CASES {
        let (name, fault, labels) = (case.rule, case.fault, case.labels);
        let mut service = Service::new(defaults());
        let before = service.run(LONG, healthy);
        assert_eq!(before, [], "{name}: before the fault");
        let during = service.run(LONG, |service| {
            healthy(service);
            fault(service);
        });
        let after = service.run(LONG, healthy);
        let reached = |changes: &[(u32, Transition)], state| {
            let changes = changes.iter().filter(|(_, change)| change.to == state);
            let changes = changes.map(|(step, change)| (change.name.clone(), *step));
            changes.collect::<BTreeSet<_>>()
        };
        let firing = reached(&during, Firing);
        let first = firing.iter().find(|(rule, _)| rule == name);
        assert_eq!(first.map(|(_, step)| *step), Some(case.fires_at), "{name}");
        let named: BTreeSet<_> = firing.iter().map(|(rule, _)| &**rule).collect();
        let expected: BTreeSet<_> = case.others.iter().copied().chain([name]).collect();
        assert_eq!(named, expected, "{name}");
        let (_, change) = during
            .iter()
            .find(|(_, change)| change.name == name && change.to == Firing)
            .unwrap();
        let labels = labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        assert_eq!(change.labels, labels.collect(), "{name}");
        assert!(reached(&during, Resolved).is_empty(), "{name}: {during:?}");
        let resolved = reached(&after, Resolved);
        let resolved: BTreeSet<_> = resolved.iter().map(|(rule, _)| &**rule).collect();
        assert_eq!(resolved, expected, "{name}");
        assert!(reached(&after, Firing).is_empty(), "{name}: {after:?}");
    }
    let tried: BTreeSet<_> = CASES.iter().map(|case| case.rule).collect();
    let rules = defaults();
    let all: BTreeSet<_> = rules.iter().map(|rule| &*rule.name).collect();
    assert_eq!(tried, all);
}

#[test]
fn no_default_rule_fires_in_a_healthy_service() {
    let scripts: [(&str, Fault); 4] = [
        ("traffic", healthy),
        ("idle", Service::gauges_are_healthy),
        ("one error in a quiet service", |service| {
            service.gauges_are_healthy();
            if service.steps.is_multiple_of(20) {
                service.requests("500", 1, 30.0);
                service.calls("maps", StatusCode::BAD_GATEWAY, 1);
            }
        }),
        ("nothing is recorded", |_| {}),
    ];
    for (name, script) in scripts {
        let mut service = Service::new(defaults());
        let changes = service.run(3 * LONG, script);
        assert_eq!(changes, [], "{name}");
    }
}

#[test]
fn without_metrics_a_default_rule_has_no_data() {
    let service = Service::new(defaults());
    for rule in service.rules.iter() {
        let evaluation = rule.evaluate(&service.samples, service.now());
        assert!(matches!(evaluation, Evaluation::NoData), "{}", rule.name);
    }
}

#[test]
fn every_default_rule_has_texts() {
    for rule in defaults().iter() {
        assert!(!rule.summary.is_empty(), "{}", rule.name);
        assert!(!rule.description.is_empty(), "{}", rule.name);
        let is_of_jobs = rule.name.starts_with("Job");
        assert_eq!(rule.scope == Scope::Shared, is_of_jobs, "{}", rule.name);
    }
}

#[test]
fn thresholds_change_the_rules() {
    let thresholds = Thresholds::default()
        .cpu(0.7)
        .memory(0.95)
        .disk(0.99)
        .external_api_errors(0.2)
        .request_errors(0.01)
        .request_duration(Duration::from_millis(500))
        .database_connections(0.5)
        .scheduling_delay(Duration::from_secs(3));
    let rules = Rules::defaults(thresholds).unwrap();
    for (name, expected) in [
        ("HighCpu", 0.7),
        ("HighMemory", 0.95),
        // A critical threshold below the other one would come first.
        ("CriticalMemory", 0.95),
        ("DiskAlmostFull", 0.99),
        ("ExternalApiErrors", 0.2),
        ("HighErrorRate", 0.01),
        ("SlowRequests", 0.5),
        ("DatabasePoolBusy", 0.5),
        ("RuntimeStuck", 3.0),
    ] {
        assert_eq!(rules.get(name).unwrap().threshold, expected, "{name}");
    }
}

#[test]
fn a_threshold_in_percent_is_a_mistake() {
    let thresholds = Thresholds::default().disk(90.0).cpu(f64::NAN).memory(1.0);
    let error = Rules::defaults(thresholds).unwrap_err().to_string();
    let expected = "2 mistakes: the threshold cpu is NaN: a share from 0 to 1 is needed; \
                    the threshold disk is 90: a share from 0 to 1 is needed";
    assert_eq!(error, expected);
}

#[test]
fn default_rules_take_the_prefix_and_removals() {
    let rules = Rules::builder()
        .prefix("shop_")
        .defaults(Thresholds::default())
        .remove("CriticalMemory")
        .remove("JobTooLong")
        .change("HighMemory", |rule| rule.level(Level::Critical))
        .build()
        .unwrap();
    assert_eq!(rules.len(), defaults().len() - 2);
    let json = serde_json::to_string(&rules.get("DatabasePoolBusy").unwrap()).unwrap();
    assert!(json.contains("\"shop_db_connections_active\""), "{json}");
    assert!(json.contains("\"shop_database_connections_max\""), "{json}");
    assert!(rules.get("HighMemory").unwrap().inhibited_by.is_empty());
}

#[test]
fn the_documentation_lists_every_default_rule_with_its_level() {
    let docs = include_str!("../../docs/alert_defaults.md");
    let rows = docs.lines().filter(|line| line.starts_with("| `"));
    let rules = defaults();
    let expected = rules.iter();
    let expected = expected.map(|rule| format!("| `{}` | {} | ", rule.name, rule.level));
    let rows: Vec<_> = rows.collect();
    assert_eq!(rows.len(), rules.len());
    for expected in expected {
        let is_listed = rows.iter().any(|row| row.starts_with(&expected));
        assert!(is_listed, "{expected}");
    }
}
