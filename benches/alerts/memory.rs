//! The memory of active alerts: bytes as requested from the allocator.

use std::hint::black_box;
use std::time::{Duration, SystemTime};

use allocation_counter::measure as allocated;
use tower_vitals::alerts::notify::{Description, Notifier, Policy};
use tower_vitals::alerts::state::{Limits, RuleHead, State, Timing};
use tower_vitals::alerts::{Evaluated, Evaluation, Level};

const ALERTS: usize = 10_000;

fn results() -> Evaluation {
    let results = (0..ALERTS).map(|n| Evaluated {
        labels: [
            (
                "endpoint".to_owned(),
                format!("/api/v1/resource{n:05}/{{id}}"),
            ),
            ("method".to_owned(), "GET".to_owned()),
        ]
        .into(),
        value: 0.5,
        holds: true,
    });
    Evaluation::Members(results.collect())
}

pub(crate) fn measure() {
    let rule = RuleHead {
        name: "HighErrorRatio",
        level: Level::Error,
        timing: Timing::default(),
        inhibited_by: &[],
    };
    // The store keeps the history.
    let mut limits = Limits::default();
    limits.history = 0;
    let mut state = State::new(limits);
    let mut notifier = Notifier::new(vec![Policy::new("chat")]).unwrap();
    let describe = |_: &_| {
        let summary = "50 % of requests to /api/v1/resource00000/{id} fail".to_owned();
        Description {
            annotations: [("summary".to_owned(), summary)].into(),
            ..Description::default()
        }
    };
    let now = SystemTime::now();
    let mut list = Some(results());
    let of_state = allocated(|| {
        let results = list.take().unwrap();
        drop(state.evaluate(&rule, results, now).unwrap());
    });
    // The results were allocated before, and parts of them are kept.
    let given = allocated(|| list = Some(results()));
    let of_notifier = allocated(|| {
        for after in [0, 30, 60] {
            let now = now + Duration::from_secs(after);
            drop(black_box(notifier.tick(&state, &describe, now)));
        }
    });
    let [of_state, of_notifier] = [
        of_state.bytes_current + given.bytes_current,
        of_notifier.bytes_current,
    ]
    .map(|bytes| bytes as f64 / ALERTS as f64);
    println!("allocated bytes per firing alert, of {ALERTS} (wanted <= 1024 in all)");
    println!("  State     {of_state:>8.0}");
    println!("  Notifier  {of_notifier:>8.0}");
    println!("  both      {:>8.0}", of_state + of_notifier);
}
