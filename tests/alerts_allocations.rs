//! An evaluation allocates nothing for rules whose state does not change.
#![allow(clippy::unwrap_used, reason = "tests panic on failure")]

use std::time::{Duration, SystemTime};

use metrics::{Key, Level, Metadata, Recorder};
use tokio::runtime::Builder;
use tower_vitals::Prometheus;
use tower_vitals::alerts::{Alerts, Rule, Rules, Selector, Signal};

const TICK: Duration = Duration::from_secs(15);
const WINDOW: Duration = Duration::from_secs(60);
/// The allocations of an evaluation besides: the calls of the store, and the room that all rules share.
const REST: u64 = 10;
const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

/// Rules of all signals that are read from metrics, about one endpoint. Those about the first endpoint
/// fire in part, and one has no data.
fn rules_of(n: usize) -> Vec<Rule> {
    let of_endpoint = |metric: &str| Selector::new(metric).eq("endpoint", format!("/{n}"));
    let requests = || of_endpoint("http_requests_total");
    let durations = || of_endpoint("http_request_duration_seconds");
    let in_progress = || of_endpoint("http_requests_in_progress");
    let failed = requests().starts_with("status", "5");
    let signals = [
        Signal::ratio(failed, requests(), WINDOW).by(["endpoint", "method"]),
        Signal::rate(requests(), WINDOW).by(["status", "method"]),
        Signal::increase(requests(), WINDOW),
        Signal::average(durations(), WINDOW),
        Signal::quantile(0.95, durations(), WINDOW).by(["method"]),
        Signal::value(in_progress()),
        Signal::max(in_progress()).by(["method"]),
        Signal::absent(of_endpoint("external_api_requests_total")),
        Signal::value(requests().eq("status", "418")),
    ];
    let rules = signals.into_iter().enumerate().map(|(index, signal)| {
        let fires = n == 0 && index % 2 == 1;
        let threshold = if fires { -1.0 } else { 1e9 };
        Rule::new(format!("Rule{n}_{index}"), signal).gt(threshold)
    });
    rules.collect()
}

/// The allocations of the last of several evaluations of the rules about this number of endpoints.
fn allocations(endpoints: usize) -> u64 {
    let prometheus = Prometheus::builder().build().unwrap();
    let mut counters = Vec::new();
    for n in 0..endpoints {
        let endpoint = format!("/{n}");
        for method in ["GET", "POST"] {
            let labels = [
                ("method", method.to_owned()),
                ("endpoint", endpoint.clone()),
            ];
            let key = Key::from_parts("http_request_duration_seconds", &labels);
            prometheus.register_histogram(&key, &METADATA).record(0.2);
            let key = Key::from_parts("http_requests_in_progress", &labels);
            prometheus.register_gauge(&key, &METADATA).set(1.0);
            for status in ["200", "500"] {
                let [method, endpoint] = labels.clone();
                let labels = [method, endpoint, ("status", status.to_owned())];
                let key = Key::from_parts("http_requests_total", &labels);
                counters.push(prometheus.register_counter(&key, &METADATA));
            }
        }
    }
    let rules = (0..endpoints).flat_map(rules_of);
    let rules = rules.fold(Rules::builder(), tower_vitals::alerts::RulesBuilder::rule);
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let alerts = runtime.block_on(async {
        let builder = Alerts::builder().rules(rules.build().unwrap()).manual();
        builder.run().unwrap()
    });
    let mut now = SystemTime::now();
    let mut last = 0;
    // All windows are full after 20 of them, those of current values last, and the groups of the log channel wait for 5 minutes after 30 s.
    for _ in 0..22 {
        now += TICK;
        for counter in &counters {
            counter.increment(50);
        }
        let snapshot = prometheus.snapshot();
        let evaluate = || {
            runtime
                .block_on(alerts.evaluate_at(&snapshot, now))
                .unwrap()
        };
        let mut changes = Vec::new();
        last = allocation_counter::measure(|| changes = evaluate()).count_total;
    }
    last
}

#[test]
fn an_unchanged_rule_costs_no_allocation() {
    let few = allocations(60);
    let many = allocations(120);
    assert_eq!(many, few, "more allocations for more rules");
    assert_eq!(few, REST);
}
