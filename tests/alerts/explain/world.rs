//! An engine with one rule over the lengths of queues, and its explanation with times relative to the first evaluation.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tower_vitals::Prometheus;
use tower_vitals::alerts::state::AlertId;
use tower_vitals::alerts::{
    Alerts, AlertsBuilder, Computed, Labels, Receiver, Rule, Rules, Signal,
};

use crate::kept::Kept;

pub(super) const RULE: &str = "Backlog";

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The lengths of queues, or an error.
type Lengths = Result<Vec<(&'static str, f64)>, &'static str>;

fn labels(queue: &str) -> Labels {
    [("queue".to_owned(), queue.to_owned())].into()
}

pub(super) fn id(queue: &str) -> AlertId {
    AlertId::of(RULE, &labels(queue))
}

/// A queue is too long from 11 on.
pub(super) fn rule() -> Rule {
    Rule::new(RULE, Signal::computed("lengths").by(["queue"]))
        .gt(10.0)
        .summary("{{ labels.queue }}: {{ value }} wait")
}

/// The channel `chat` tells each queue alone and at once.
pub(super) fn chat(kept: &Kept) -> Receiver {
    Receiver::new("chat", kept.clone())
        .group_by(["queue"])
        .group_wait(Duration::ZERO)
}

pub(super) struct World {
    pub(super) alerts: Alerts,
    pub(super) prometheus: Prometheus,
    lengths: Arc<Mutex<Lengths>>,
    start: SystemTime,
}

impl World {
    pub(super) fn new(rules: impl IntoIterator<Item = Rule>, receiver: Receiver) -> Self {
        Self::with(rules, |builder| builder.channel(receiver))
    }

    pub(super) fn with(
        rules: impl IntoIterator<Item = Rule>,
        configure: impl FnOnce(AlertsBuilder) -> AlertsBuilder,
    ) -> Self {
        let lengths = Arc::new(Mutex::new(Lengths::Ok(Vec::new())));
        let of_closure = Arc::clone(&lengths);
        let computed = Computed::values(move || {
            let lengths = of_closure.lock().clone();
            let values = lengths.map(|lengths| {
                let labelled = lengths.into_iter();
                let labelled = labelled.map(|(queue, length)| (labels(queue), length));
                labelled.collect()
            });
            std::future::ready(values)
        });
        let rules = Rules::builder().rules(rules).build().unwrap();
        let builder = Alerts::builder()
            .rules(rules)
            .computed("lengths", computed)
            .manual();
        let age = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Self {
            alerts: configure(builder).run().unwrap(),
            prometheus: Prometheus::builder().build().unwrap(),
            lengths,
            // A minute ago, because the explanation is about the present.
            start: UNIX_EPOCH + seconds(age.as_secs() - 60),
        }
    }

    pub(super) fn at(&self, time: u64) -> SystemTime {
        self.start + seconds(time)
    }

    /// Evaluates the rules so many seconds after the start, up to 60.
    pub(super) async fn evaluate(&self, time: u64, lengths: &[(&'static str, f64)]) {
        *self.lengths.lock() = Ok(lengths.to_vec());
        self.evaluate_again(time).await;
    }

    pub(super) async fn fail(&self, time: u64, error: &'static str) {
        *self.lengths.lock() = Err(error);
        self.evaluate_again(time).await;
    }

    async fn evaluate_again(&self, time: u64) {
        let snapshot = self.prometheus.snapshot();
        let done = self.alerts.evaluate_at(&snapshot, self.at(time)).await;
        done.unwrap();
    }

    /// The explanation of a rule. Times are seconds after the start, or `now` if they are no whole ones.
    pub(super) fn explain_rule(&self, rule: &str) -> Value {
        let mut view = serde_json::to_value(self.alerts.explain(rule).unwrap()).unwrap();
        self.shorten(&mut view);
        view
    }

    pub(super) fn explain(&self) -> Value {
        self.explain_rule(RULE)
    }

    fn shorten(&self, value: &mut Value) {
        match value {
            Value::Array(values) => values.iter_mut().for_each(|value| self.shorten(value)),
            Value::Object(values) => values.values_mut().for_each(|value| self.shorten(value)),
            Value::String(text) => {
                if let Ok(time) = text.parse::<Timestamp>() {
                    let since = SystemTime::from(time).duration_since(self.start).unwrap();
                    *text = match since.subsec_nanos() {
                        0 => format!("+{}", since.as_secs()),
                        _ => "now".to_owned(),
                    };
                }
            }
            _ => {}
        }
    }
}

/// The view of the rule with these alerts.
pub(super) fn view(alerts: &[Value]) -> Value {
    json!({
        "kind": "rule", "name": RULE, "level": "warning", "comparison": ">", "threshold": 10.0, "data": "current", "stale": null,
        "alerts": alerts,
    })
}

/// The view of a queue's alert that fires since its first evaluation, with these changes.
pub(super) fn firing(queue: &str, changes: Value) -> Value {
    let alert = json!({
        "id": id(queue).to_string(), "name": RULE, "level": "warning", "state": "firing",
        "labels": {"queue": queue, "severity": "warning"}, "annotations": {"summary": format!("{queue}: 20 wait")},
        "value": "20", "since": "+0", "active_at": "+0", "deadline": null, "acknowledged": null, "held_back": [],
        "channels": {},
    });
    with(alert, changes)
}

/// A view with these changes.
pub(super) fn with(mut view: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else {
        panic!("{changes}")
    };
    for (field, value) in changes {
        let before = view.as_object_mut().unwrap().insert(field.clone(), value);
        assert!(before.is_some(), "there is no field {field}");
    }
    view
}
