//! The cost of an evaluation of 1,000 rules over 10,000 series, beside that of a snapshot of the same store.
//!
//! Times are CPU times of this thread, and both are measured in turn, so the load of the machine changes their ratio little.

use std::time::{Duration, SystemTime};

use metrics::{Counter, Histogram, Key, Metadata, Recorder};
use tokio::runtime::{Builder, Runtime};
use tower_vitals::Prometheus;
use tower_vitals::alerts::notify::{Description, Notifier, Policy};
use tower_vitals::alerts::state::{RuleHead, State};
use tower_vitals::alerts::{Alerts, Rule, Rules, Samples, Selector, Signal};
use tower_vitals::exporter::Snapshot;

use crate::support::{CpuTime, median};

const TICK: Duration = Duration::from_secs(15);
const WINDOW: Duration = Duration::from_secs(300);
const METADATA: Metadata<'static> = Metadata::new("bench", metrics::Level::INFO, None);
const ROUNDS: usize = 5;
const TICKS: usize = 25;

/// A store with its rules.
struct Case {
    name: &'static str,
    prometheus: Prometheus,
    /// One in a hundred of them changes with each tick, and of the histograms.
    counters: Vec<Counter>,
    histograms: Vec<Histogram>,
    rules: Rules,
}

impl Case {
    fn new(name: &'static str) -> Self {
        let prometheus = Prometheus::builder().max_series(20_000).build().unwrap();
        Self {
            name,
            prometheus,
            counters: Vec::new(),
            histograms: Vec::new(),
            rules: Rules::default(),
        }
    }

    fn counter(&mut self, name: &'static str, labels: &[(&'static str, String)]) {
        let key = key(name, labels);
        let counter = self.prometheus.register_counter(&key, &METADATA);
        counter.increment(1_000);
        self.counters.push(counter);
    }

    fn tick(&self, tick: usize) -> Snapshot {
        for counter in self.counters.iter().skip(tick % 100).step_by(100) {
            counter.increment(1);
        }
        for histogram in self.histograms.iter().skip(tick % 100).step_by(100) {
            histogram.record(0.2);
        }
        self.prometheus.snapshot()
    }
}

fn key(name: &'static str, labels: &[(&'static str, String)]) -> Key {
    let labels = labels.iter();
    let labels = labels.map(|(name, value)| metrics::Label::new(*name, value.clone()));
    Key::from_parts(name, labels.collect::<Vec<_>>())
}

/// 10,000 counters, and for each ten of them a rule of their rate.
fn counters() -> Case {
    let mut case = Case::new("10,000 counters");
    let mut rules = Rules::builder();
    for group in 0..1_000 {
        let endpoint = format!("/api/v1/resource{group}/{{id}}");
        for status in 0..10 {
            let labels = [
                ("method", "GET".into()),
                ("endpoint", endpoint.clone()),
                ("status", format!("{}", 200 + 33 * status)),
            ];
            case.counter("http_requests_total", &labels);
        }
        let requests = Selector::new("http_requests_total").eq("endpoint", endpoint);
        let rate = Signal::rate(requests, WINDOW);
        rules = rules.rule(Rule::new(format!("Rate{group}"), rate).gt(1e6));
    }
    case.rules = rules.build().unwrap();
    case
}

/// 6,400 counters, 1,600 histograms and 2,000 gauges, and five rules for each of 200 groups of endpoints and jobs: a ratio by
/// endpoint, a rate, an average, a quantile and an age. 1,600 counters are read by no rule.
fn service() -> Case {
    let mut case = Case::new("counters, gauges, histograms");
    let mut rules = Rules::builder();
    for group in 0..200 {
        let prefix = format!("/api/v1/group{group}/");
        for endpoint in 0..4 {
            let endpoint = format!("{prefix}resource{endpoint}/{{id}}");
            for method in ["GET", "POST"] {
                let labels = [("method", method.into()), ("endpoint", endpoint.clone())];
                let durations = key("http_request_duration_seconds", &labels);
                let durations = case.prometheus.register_histogram(&durations, &METADATA);
                for n in 0..100 {
                    durations.record(f64::from(n) / 100.0);
                }
                case.histograms.push(durations);
                for status in ["200", "404", "500"] {
                    let status = [("status", status.to_owned())];
                    let labels: Vec<_> = labels.iter().cloned().chain(status).collect();
                    case.counter("http_requests_total", &labels);
                }
                let labels = [
                    ("service", format!("service{group}")),
                    ("endpoint", endpoint.clone()),
                    ("status", format!("{}", 100 + method.len())),
                ];
                case.counter("external_api_requests_total", &labels);
            }
        }
        for job in 0..10 {
            let job = [("job_name", format!("group{group}/job{job}"))];
            let last = key("scheduler_job_last_success_timestamp_seconds", &job);
            case.prometheus.register_gauge(&last, &METADATA).set(1e9);
        }
        let of_group = |metric: &str| Selector::new(metric).starts_with("endpoint", &prefix);
        let requests = of_group("http_requests_total");
        let failed = requests.clone().starts_with("status", "5");
        let durations = of_group("http_request_duration_seconds");
        let last = Selector::new("scheduler_job_last_success_timestamp_seconds")
            .starts_with("job_name", format!("group{group}/"));
        let signals = [
            Signal::ratio(failed, requests.clone(), WINDOW).by(["endpoint"]),
            Signal::rate(requests, WINDOW),
            Signal::average(durations.clone(), WINDOW),
            Signal::quantile(0.95, durations, WINDOW),
            Signal::age(last),
        ];
        for (index, signal) in signals.into_iter().enumerate() {
            rules = rules.rule(Rule::new(format!("Rule{group}_{index}"), signal).gt(1e12));
        }
    }
    case.rules = rules.build().unwrap();
    case
}

/// The medians of nanoseconds of CPU time: a snapshot, `Alerts::evaluate_at`, and of the ratios of the two in one tick.
fn whole(case: &Case, runtime: &Runtime) -> [f64; 3] {
    let alerts = runtime.block_on(async {
        Alerts::builder()
            .rules(case.rules.clone())
            .manual()
            .run()
            .unwrap()
    });
    let mut now = SystemTime::now();
    let (mut snapshots, mut evaluations) = (Vec::new(), Vec::new());
    for tick in 0..2 * TICKS {
        now += TICK;
        let began = CpuTime::now();
        let snapshot = case.tick(tick);
        let took = began.nanos();
        let began = CpuTime::now();
        let changes = runtime
            .block_on(alerts.evaluate_at(&snapshot, now))
            .unwrap();
        let evaluated = began.nanos();
        assert!(changes.is_empty());
        // The windows are full.
        if tick >= TICKS {
            snapshots.push(took);
            evaluations.push(evaluated);
        }
    }
    let pairs = evaluations.iter().zip(&snapshots);
    let ratios = pairs.map(|(evaluation, snapshot)| evaluation / snapshot);
    let ratio = median(ratios.collect());
    [median(snapshots), median(evaluations), ratio]
}

/// The medians of nanoseconds of CPU time of the public parts.
fn parts(case: &Case) -> [f64; 4] {
    let mut samples = Samples::for_rules(&case.rules);
    let mut state = State::default();
    let mut notifier = Notifier::new(vec![Policy::new("chat")]).unwrap();
    let mut now = SystemTime::now();
    let mut times: [Vec<f64>; 4] = Default::default();
    for tick in 0..2 * TICKS {
        now += TICK;
        let snapshot = case.tick(tick);
        let mut evaluations = Vec::new();
        let took = [
            CpuTime::of(|| samples.add(&snapshot, now)),
            CpuTime::of(|| {
                let all = case.rules.iter().map(|rule| rule.evaluate(&samples, now));
                evaluations.extend(all);
            }),
            CpuTime::of(|| {
                for (rule, evaluation) in case.rules.iter().zip(evaluations.drain(..)) {
                    let head = RuleHead::of(rule, TICK);
                    state.evaluate(&head, evaluation, now).unwrap();
                }
            }),
            CpuTime::of(|| {
                state.tick(now);
                notifier.tick(&state, &|_| Description::default(), now);
            }),
        ];
        if tick >= TICKS {
            for (times, took) in times.iter_mut().zip(took) {
                times.push(took);
            }
        }
    }
    times.map(median)
}

pub(crate) fn measure() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    println!(
        "1,000 rules over 10,000 series, ms of CPU time, medians of {ROUNDS} rounds of {TICKS} ticks"
    );
    println!(
        "{:<30}{:>10}{:>13}{:>7}{:>16}{:>16}{:>17}{:>15}",
        "",
        "snapshot",
        "evaluate_at",
        "ratio",
        "Samples::add",
        "Rule::evaluate",
        "State::evaluate",
        "ticks"
    );
    for case in [counters(), service()] {
        assert_eq!(case.rules.len(), 1_000);
        let mut columns: [Vec<f64>; 7] = Default::default();
        for _ in 0..ROUNDS {
            let [snapshot, evaluation, ratio] = whole(&case, &runtime);
            let [add, evaluate, state, ticks] = parts(&case);
            let round = [
                snapshot,
                evaluation,
                ratio * 1e6,
                add,
                evaluate,
                state,
                ticks,
            ];
            for (column, value) in columns.iter_mut().zip(round) {
                column.push(value / 1e6);
            }
        }
        let [snapshot, evaluation, ratio, add, evaluate, state, ticks] = columns.map(median);
        println!(
            "{:<30}{snapshot:>10.3}{evaluation:>13.3}{ratio:>7.2}{add:>16.3}{evaluate:>16.3}{state:>17.3}{ticks:>15.3}",
            case.name
        );
    }
}
