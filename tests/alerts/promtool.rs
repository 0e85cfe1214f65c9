//! The same random series, evaluated here and by the promtool of Prometheus 3.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::process::Command;
use std::time::{Duration, SystemTime};

use tower_vitals::alerts::{Evaluation, Measure, Rule, Samples, Selector, Signal};
use tower_vitals::exporter::{Snapshot, Value};

use super::metrics::{Cell, Series, rule, snapshot};
use super::support::env;

/// Random numbers from a seed (`SplitMix64`).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

/// Snapshots at a regular interval from 1970 on, of which some are missing.
struct History {
    interval: u64,
    snapshots: Vec<Option<Snapshot>>,
}

const GROUPS: [&[(&str, &str)]; 6] = [
    &[("g", "a"), ("k", "bad")],
    &[("g", "a"), ("k", "good")],
    &[("g", "a"), ("k", "best")],
    &[("g", "b"), ("k", "good")],
    &[("g", "c"), ("k", "bad")],
    &[("k", "bad")],
];

impl History {
    /// The first snapshot is never missing. Counters that rise, rest and are reset; histograms alike; gauges; series that come late, leave and return.
    fn random(random: &mut Random) -> Self {
        let interval = [1, 7, 10, 15, 60][random.below(5) as usize];
        let mut counters = GROUPS.map(|_| {
            if random.one_in(2) {
                0
            } else {
                random.below(500)
            }
        });
        let mut waits = GROUPS.map(|_| Vec::new());
        let mut present = GROUPS.map(|_| !random.one_in(3));
        let pace = 1 + random.below(40);
        let values = [0.05, 0.1, 0.3, 0.7, 2.0, 30.0];
        let snapshots = (0..20 + random.below(40)).map(|step| {
            let mut series: Vec<Series<'_>> = Vec::new();
            for (index, labels) in GROUPS.iter().enumerate() {
                if random.one_in(12) {
                    present[index] = !present[index];
                }
                if random.one_in(15) {
                    counters[index] = random.below(5);
                    waits[index].clear();
                }
                if !random.one_in(4) {
                    counters[index] += random.below(pace);
                    let value = values[random.below(6) as usize];
                    waits[index].push((value, random.below(pace) as usize));
                }
                if present[index] {
                    let gauge = match random.below(30) {
                        0 => f64::NAN,
                        _ => random.below(1000) as f64 / 7.0 - 20.0,
                    };
                    series.push(("c_total", labels, Cell::Counter(counters[index])));
                    series.push((
                        "wait_seconds",
                        labels,
                        Cell::Histogram(waits[index].clone()),
                    ));
                    series.push(("g", labels, Cell::Gauge(gauge)));
                }
            }
            let snapshot = snapshot(&series);
            (step == 0 || !random.one_in(10)).then_some(snapshot)
        });
        Self {
            interval,
            snapshots: snapshots.collect(),
        }
    }

    /// The series as promtool reads them. A missing snapshot is a missing scrape, and a series that a snapshot lacks is stale.
    fn input(&self) -> BTreeMap<String, String> {
        let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let values: Vec<_> = self
            .snapshots
            .iter()
            .map(|snapshot| snapshot.as_ref().map(flat))
            .collect();
        let names: HashSet<_> = values.iter().flatten().flat_map(BTreeMap::keys).collect();
        for values in &values {
            for name in &names {
                let value = values.as_ref().map_or("_".to_owned(), |values| {
                    values.get(*name).map_or("stale".to_owned(), f64::to_string)
                });
                lines.entry((*name).clone()).or_default().push(value);
            }
        }
        lines
            .into_iter()
            .map(|(name, values)| (name, values.join(" ")))
            .collect()
    }
}

/// The series of a snapshot as Prometheus stores them.
fn flat(snapshot: &Snapshot) -> BTreeMap<String, f64> {
    let mut all = BTreeMap::new();
    let names = ["c_total", "g", "wait_seconds"];
    for family in names.iter().filter_map(|name| snapshot.family(name)) {
        for series in &family.series {
            let labels: Vec<_> = series
                .labels
                .iter()
                .map(|(name, value)| format!("{name}=\"{value}\""))
                .collect();
            let labels = labels.join(",");
            let name = &family.name;
            match &series.value {
                Value::Counter(value) | Value::Gauge(value) => {
                    all.insert(format!("{name}{{{labels}}}"), *value);
                }
                Value::Histogram(histogram) => {
                    all.insert(format!("{name}_sum{{{labels}}}"), histogram.sum);
                    all.insert(format!("{name}_count{{{labels}}}"), histogram.count as f64);
                    for (bound, count) in &histogram.buckets {
                        let bound = bound.to_string().replace("inf", "+Inf");
                        all.insert(
                            format!("{name}_bucket{{{labels},le=\"{bound}\"}}"),
                            *count as f64,
                        );
                    }
                }
            }
        }
    }
    all
}

/// A signal and the expression that it stands for.
fn signals(window: u64) -> Vec<(Rule, String)> {
    let length = Duration::from_secs(window);
    let all = || Selector::new("c_total");
    let whole = format!("sum by (g) (increase(c_total[{window}s]))");
    let part = format!("sum by (g) (increase(c_total{{k=~\"b.*\"}}[{window}s]))");
    let signals = [
        (
            Signal::rate("c_total", length),
            format!("sum(rate(c_total[{window}s]))"),
        ),
        (
            Signal::rate("c_total", length).by(["g", "k"]),
            format!("sum by (g, k) (rate(c_total[{window}s]))"),
        ),
        (Signal::increase("c_total", length).by(["g"]), whole.clone()),
        (
            Signal::increase(all().ne("k", "bad").eq("g", "a"), length),
            format!("sum(increase(c_total{{k!=\"bad\",g=\"a\"}}[{window}s]))"),
        ),
        (
            Signal::ratio(all().starts_with("k", "b"), all(), length).by(["g"]),
            format!("({part} or 0 * {whole}) / {whole}"),
        ),
        (
            Signal::average("wait_seconds", length).by(["g"]),
            format!(
                "sum by (g) (rate(wait_seconds_sum[{window}s])) / sum by (g) (rate(wait_seconds_count[{window}s]))"
            ),
        ),
        (
            Signal::increase("wait_seconds_count", length).by(["g"]),
            format!("sum by (g) (increase(wait_seconds_count[{window}s]))"),
        ),
        (
            Signal::rate("wait_seconds_sum", length),
            format!("sum(rate(wait_seconds_sum[{window}s]))"),
        ),
        (
            Signal::absent(all().eq("g", "a").eq("k", "bad")),
            "absent(c_total{g=\"a\",k=\"bad\"})".to_owned(),
        ),
        (
            Signal::increase(
                all().not_starts_with("k", "b").not_starts_with("g", "c"),
                length,
            ),
            format!("sum(increase(c_total{{k!~\"b.*\",g!~\"c.*\"}}[{window}s]))"),
        ),
        (Signal::value("g").by(["g"]), "sum by (g) (g)".to_owned()),
        (Signal::max("g").by(["g"]), "max by (g) (g)".to_owned()),
        (Signal::min("g"), "min(g)".to_owned()),
        (Signal::avg("g").by(["k"]), "avg by (k) (g)".to_owned()),
        (
            Signal::quotient(Selector::new("g").eq("k", "bad"), "g").by(["g"]),
            "sum by (g) (g{k=\"bad\"}) / sum by (g) (g)".to_owned(),
        ),
        (
            Signal::quotient("g", "c_total"),
            "sum(g) / sum(c_total)".to_owned(),
        ),
        (
            Signal::age("g").by(["g"]),
            "time() - min by (g) (g)".to_owned(),
        ),
    ];
    let quantiles = [0.0, 0.5, 0.9, 0.99, 1.0].map(|share| {
        let signal = Signal::quantile(share, "wait_seconds", length).by(["g"]);
        let rates = format!("sum by (g, le) (rate(wait_seconds_bucket[{window}s]))");
        (signal, format!("histogram_quantile({share}, {rates})"))
    });
    let signals = signals.into_iter().chain(quantiles);
    signals
        .map(|(signal, expression)| (rule(signal), expression))
        .collect()
}

/// Labels as promtool writes them, and values.
type Vector = BTreeMap<String, f64>;

fn ours(rule: &Rule, samples: &Samples, now: SystemTime) -> Vector {
    let is_absence = matches!(rule.signal.measure, Measure::Absent { .. });
    match rule.evaluate(samples, now) {
        Evaluation::Members(members) => members
            .into_iter()
            // PromQL has no value where a series is present.
            .filter(|member| !is_absence || member.holds)
            .map(|member| {
                let labels: Vec<_> = member
                    .labels
                    .iter()
                    .map(|(name, value)| format!("{name}=\"{value}\""))
                    .collect();
                (format!("{{{}}}", labels.join(", ")), member.value)
            })
            .collect(),
        Evaluation::NoData => Vector::new(),
        Evaluation::Failed(error) => panic!("{error}"),
    }
}

/// One evaluation, as asked of promtool.
struct Case {
    seed: u64,
    expression: String,
    at: u64,
    ours: Vector,
}

/// The history of a seed, evaluated at random times.
fn cases(seed: u64, file: &mut String) -> Vec<Case> {
    let mut random = Random(seed);
    let history = History::random(&mut random);
    let window =
        [2, 3, 5, 10, 30][random.below(5) as usize] * history.interval + random.below(2) * 3;
    let signals = signals(window);
    writeln!(
        file,
        "  - interval: {}s\n    input_series:",
        history.interval
    )
    .unwrap();
    for (series, values) in history.input() {
        writeln!(
            file,
            "      - series: '{series}'\n        values: '{values}'"
        )
        .unwrap();
    }
    writeln!(file, "    promql_expr_test:").unwrap();
    let rules: Vec<_> = signals.iter().map(|(rule, _)| rule.clone()).collect();
    let mut samples = Samples::for_rules(&rules);
    let mut cases = Vec::new();
    for (index, snapshot) in history.snapshots.iter().enumerate() {
        let time = Duration::from_secs(index as u64 * history.interval);
        if let Some(snapshot) = snapshot {
            samples.add(snapshot, SystemTime::UNIX_EPOCH + time);
        }
        if !random.one_in(6) {
            continue;
        }
        // At the time of the snapshot, or up to half an interval later.
        let at = time.as_millis() as u64 + random.below(2) * random.below(history.interval * 500);
        for (rule, expression) in &signals {
            // No expected sample is right, so that promtool prints what it got.
            let expression = expression.clone();
            let quoted = expression.replace('\'', "''");
            writeln!(file, "      - expr: '{quoted}'\n        eval_time: {at}ms").unwrap();
            writeln!(file, "        exp_samples: [{{labels: never, value: 1}}]").unwrap();
            let now = SystemTime::UNIX_EPOCH + Duration::from_millis(at);
            let ours = ours(rule, &samples, now);
            cases.push(Case {
                seed,
                expression,
                at,
                ours,
            });
        }
    }
    cases
}

/// Parses `{g="a"} 1E+00, {g="b"} NaN`.
fn vector(text: &str) -> Vector {
    if text == "nil" {
        return Vector::new();
    }
    let sample = |sample: &str| {
        let (labels, value) = sample.rsplit_once(' ').unwrap();
        let value = value.parse().unwrap();
        (labels.to_owned(), value)
    };
    // A comma that is not in braces separates samples.
    let samples = text.replace(", {", "\n{");
    samples.lines().map(sample).collect()
}

fn is_equal(one: f64, other: f64) -> bool {
    let scale = one.abs().max(other.abs()).max(1.0);
    one == other || one.is_nan() && other.is_nan() || (one - other).abs() <= 1e-9 * scale
}

#[test]
#[ignore = "needs Prometheus: tests/run"]
fn random_series_have_the_values_of_prometheus_3() {
    let promtool = env("VITALS_PROMTOOL_3");
    if promtool.is_empty() {
        println!("left out: there is no promtool of Prometheus 3");
        return;
    }
    let mut file = "evaluation_interval: 1s\ntests:\n".to_owned();
    let cases: Vec<_> = (0..50).flat_map(|seed| cases(seed, &mut file)).collect();
    let path = std::env::temp_dir().join(format!("alerts-{}.yml", std::process::id()));
    std::fs::write(&path, file).unwrap();
    let output = Command::new(promtool)
        .args(["test", "rules"])
        .arg(&path)
        .output()
        .unwrap();
    std::fs::remove_file(&path).unwrap();
    let output =
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    let got: Vec<_> = output
        .lines()
        .filter_map(|line| line.trim().strip_prefix("got: "))
        .collect();
    assert_eq!(
        got.len(),
        cases.len(),
        "{}",
        &output[..output.len().min(2000)]
    );
    let (mut compared, mut wrong) = (0, Vec::new());
    for (case, got) in cases.iter().zip(got) {
        let theirs = vector(got);
        let is_same = case.ours.len() == theirs.len()
            && case.ours.iter().all(|(labels, value)| {
                theirs
                    .get(labels)
                    .is_some_and(|other| is_equal(*value, *other))
            });
        compared += theirs.len();
        if !is_same {
            let Case {
                seed,
                expression,
                at,
                ours,
            } = case;
            wrong.push(format!(
                "seed {seed} at {at} ms: {expression}\n  here {ours:?}\n  there {theirs:?}"
            ));
        }
    }
    println!(
        "{} expressions, {compared} values, {} differ",
        cases.len(),
        wrong.len()
    );
    assert!(
        wrong.is_empty(),
        "{} of {} differ:\n{}",
        wrong.len(),
        cases.len(),
        wrong[..wrong.len().min(8)].join("\n")
    );
    assert!(compared > 5000, "{compared}");
}
