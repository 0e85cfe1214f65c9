//! Current values and values of closures.

use tower_vitals::alerts::{Computed, Evaluation, Labels, Rule, Selector, Signal};

use super::metrics::{Cell, Series, at, members, rule, samples, seconds, snapshot};

/// The values at once of gauges `g{g, k}` and `h{g}`.
fn values(signal: Signal) -> Vec<(String, f64)> {
    let gauges: [Series<'_>; 6] = [
        ("g", &[("g", "a"), ("k", "x")], Cell::Gauge(3.0)),
        ("g", &[("g", "a"), ("k", "y")], Cell::Gauge(-5.0)),
        ("g", &[("g", "b"), ("k", "x")], Cell::Gauge(f64::NAN)),
        ("g", &[("g", "b"), ("k", "y")], Cell::Gauge(7.0)),
        ("h", &[("g", "a")], Cell::Gauge(4.0)),
        ("h", &[("g", "c")], Cell::Gauge(4.0)),
    ];
    let rule = rule(signal);
    let mut samples = samples(&rule);
    samples.add(&snapshot(&gauges), at(1000));
    let evaluation = rule.evaluate(&samples, at(1000));
    if matches!(evaluation, Evaluation::NoData) {
        return Vec::new();
    }
    let members = members(evaluation).into_iter();
    members
        .map(|member| (member.labels.values().cloned().collect(), member.value))
        .collect()
}

fn named(values: &[(&str, f64)]) -> Vec<(String, f64)> {
    let values = values.iter();
    values
        .map(|(name, value)| ((*name).to_owned(), *value))
        .collect()
}

#[test]
fn extremes_ignore_nan_unless_there_is_nothing_else() {
    assert_eq!(
        values(Signal::max("g").by(["g"])),
        named(&[("a", 3.0), ("b", 7.0)])
    );
    assert_eq!(
        values(Signal::min("g").by(["g"])),
        named(&[("a", -5.0), ("b", 7.0)])
    );
    assert_eq!(values(Signal::max("g")), named(&[("", 7.0)]));
    let nan = Selector::new("g").eq("g", "b").eq("k", "x");
    assert!(values(Signal::max(nan.clone()))[0].1.is_nan());
    assert!(values(Signal::min(nan))[0].1.is_nan());
}

#[test]
fn a_mean_is_nan_with_one_nan() {
    let means = values(Signal::avg("g").by(["g"]));
    assert_eq!(means[0], ("a".to_owned(), -1.0));
    assert!(means[1].1.is_nan());
}

#[test]
fn a_quotient_has_the_groups_of_both() {
    let quotient = |part: Selector, whole| values(Signal::quotient(part, whole).by(["g"]));
    let x = Selector::new("g").eq("k", "x");
    assert_eq!(quotient(x.clone(), "h"), named(&[("a", 0.75)]));
    let none = quotient(Selector::new("h").eq("g", "b"), "g");
    assert_eq!(none, []);
}

#[test]
fn current_values_end_with_their_series() {
    for signal in [
        Signal::max("g"),
        Signal::min("g"),
        Signal::avg("g"),
        Signal::quotient("g", "g"),
    ] {
        let rule = rule(signal);
        let mut samples = samples(&rule);
        samples.add(&snapshot(&[("g", &[], Cell::Gauge(1.0))]), at(1000));
        samples.add(&snapshot(&[]), at(1015));
        let evaluation = rule.evaluate(&samples, at(1015));
        assert!(matches!(evaluation, Evaluation::NoData), "{evaluation:?}");
    }
}

#[test]
fn labels_can_be_excluded_by_their_beginning() {
    let signal = Signal::max(Selector::new("g").not_starts_with("k", "x")).by(["k"]);
    assert_eq!(values(signal), named(&[("y", 7.0)]));
}

fn computed() -> Rule {
    rule(Signal::computed("queue").by(["queue"])).gt(10.0)
}

fn queue(name: &str) -> Labels {
    let shard = ("shard".to_owned(), "1".to_owned());
    Labels::from([("queue".to_owned(), name.to_owned()), shard])
}

#[test]
fn computed_values_are_summed_by_group_and_replace_those_before() {
    let rule = computed();
    let mut samples = samples(&rule);
    let values = vec![
        (queue("mail"), 7.0),
        (queue("mail"), 4.0),
        (queue("pdf"), 2.0),
        (Labels::new(), 1.0),
    ];
    samples.set_computed("queue", Ok(values));
    let found = members(rule.evaluate(&samples, at(0))).into_iter();
    let found: Vec<_> = found
        .map(|member| {
            (
                member.labels.into_iter().collect(),
                member.value,
                member.holds,
            )
        })
        .collect();
    let label = |name: &str| vec![("queue".to_owned(), name.to_owned())];
    assert_eq!(
        found,
        [
            (vec![], 1.0, false),
            (label("mail"), 11.0, true),
            (label("pdf"), 2.0, false)
        ]
    );
    samples.set_computed("queue", Ok(Vec::new()));
    assert!(matches!(rule.evaluate(&samples, at(0)), Evaluation::NoData));
}

#[test]
fn without_values_of_the_closure_the_evaluation_fails() {
    let rule = computed();
    let mut samples = samples(&rule);
    let failure = |evaluation| match evaluation {
        Evaluation::Failed(error) => error.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        failure(rule.evaluate(&samples, at(0))),
        "no values of \"queue\" were computed: register a closure of this name"
    );
    let error = tower_vitals::Error::external("password=hunter2 refused", "no route");
    samples.set_computed("queue", Err(error));
    let shown = failure(rule.evaluate(&samples, at(0)));
    assert!(shown.starts_with("computing \"queue\" failed: "), "{shown}");
    assert!(shown.ends_with("refused: no route"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_closure_runs_each_time_it_is_asked() {
    let runs = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let own = runs.clone();
    let computed = Computed::values(move || {
        let run = own.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        async move {
            tokio::time::sleep(seconds(1)).await;
            Ok::<_, std::io::Error>(vec![(queue("mail"), f64::from(run))])
        }
    });
    assert_eq!(computed.run().await.unwrap(), [(queue("mail"), 0.0)]);
    assert_eq!(
        computed.clone().run().await.unwrap(),
        [(queue("mail"), 1.0)]
    );
    let broken = Computed::value(async || {
        let source = std::io::Error::other("connection refused");
        Err(tower_vitals::Error::external(
            "the queue is unreachable",
            source,
        ))
    });
    assert_eq!(
        broken.run().await.unwrap_err().to_string(),
        "the queue is unreachable: connection refused"
    );
}
