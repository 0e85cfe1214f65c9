//! A state, a notifier, and short forms of its decisions.

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tower_vitals::alerts::Level;
use tower_vitals::alerts::channels::Notification;
use tower_vitals::alerts::notify::{Decisions, Description, Notifier, NotifierState, Policy};
use tower_vitals::alerts::state::{Alert, AlertId, CodeAlert, State};
use tower_vitals::alerts::stores::Event;
use uuid::Uuid;

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A time in seconds after some begin.
pub(super) fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
}

/// `down/a` is the alert `down` of the pod `a`.
pub(super) fn alert(name: &str, level: Level) -> CodeAlert {
    let (rule, pod) = name.split_once('/').unwrap_or((name, ""));
    let alert = CodeAlert::new("shop", format!("{rule} of {pod}"), level).name(rule);
    if pod.is_empty() {
        alert
    } else {
        alert.label("pod", pod)
    }
}

pub(super) fn id(name: &str) -> AlertId {
    alert(name, Level::Error).id()
}

pub(super) fn described(alert: &Alert) -> Description {
    let mut description = Description::default();
    let text = alert.text.clone().unwrap_or_default();
    description.annotations.insert("summary".into(), text);
    description
}

/// A policy without a cooldown.
pub(super) fn channel(name: &str) -> Policy {
    Policy::new(name).cooldown(Duration::ZERO)
}

pub(super) fn chat() -> Policy {
    channel("chat")
}

pub(super) struct Desk {
    pub(super) state: State,
    pub(super) notifier: Notifier,
    pub(super) describe: fn(&Alert) -> Description,
}

impl Desk {
    pub(super) fn new(policies: impl Into<Vec<Policy>>) -> Self {
        Self {
            state: State::default(),
            notifier: Notifier::new(policies.into()).unwrap(),
            describe: described,
        }
    }

    pub(super) fn fire(&mut self, names: &str, seconds: u64) {
        self.fire_as(Level::Error, names, seconds);
    }

    pub(super) fn fire_as(&mut self, level: Level, names: &str, seconds: u64) {
        for name in names.split_whitespace() {
            self.state.fire(alert(name, level), at(seconds));
        }
    }

    pub(super) fn clear(&mut self, names: &str, seconds: u64) {
        for name in names.split_whitespace() {
            self.state.clear(id(name), at(seconds));
        }
    }

    pub(super) fn acknowledge(&mut self, name: &str, seconds: u64) {
        let done = self
            .state
            .acknowledge(id(name), "ann", Some("mine"), at(seconds));
        done.unwrap();
    }

    /// Ticks, and so does a notifier that was saved as JSON before and restored: both must decide the same.
    pub(super) fn decide(&mut self, now: SystemTime) -> Decisions {
        let before = saved(&self.notifier);
        let state: NotifierState = serde_json::from_str(&before).unwrap();
        let policies = self.notifier.policies().to_vec();
        let mut restored = Notifier::restored(policies, state).unwrap();
        let decisions = self.notifier.tick(&self.state, &self.describe, now);
        let others = restored.tick(&self.state, &self.describe, now);
        assert_eq!(without_ids(&decisions), without_ids(&others));
        assert_eq!(saved(&self.notifier), saved(&restored));
        let stays = saved(&self.notifier) == before;
        assert!(decisions.is_changed || stays, "a change that is not saved");
        decisions
    }

    /// The decisions, such as `chat first +down/a -down/b` and `held chat new_alerts down/c`.
    pub(super) fn tick(&mut self, seconds: u64) -> Vec<String> {
        let decisions = self.decide(at(seconds));
        let queued = decisions.queued.iter();
        let queued = queued.map(|(channel, notification)| short(channel, notification));
        queued
            .chain(decisions.events.iter().map(Self::held))
            .collect()
    }

    /// Ticks every so often, and returns what was decided with its time, from `start` to and without `end`.
    pub(super) fn ticks(&mut self, start: u64, end: u64, step: usize) -> Vec<String> {
        let mut all = Vec::new();
        for seconds in (start..end).step_by(step) {
            let decided = self.tick(seconds).into_iter();
            all.extend(decided.map(|decided| format!("{seconds}: {decided}")));
        }
        all
    }

    fn held(event: &Event) -> String {
        match event {
            Event::Notification(event) => {
                let name = |alert: &AlertId| {
                    let mut names = NAMES.iter().filter(|name| id(name) == *alert);
                    let name = names.next().copied();
                    name.map_or(alert.to_string(), Into::into)
                };
                let alerts: Vec<_> = event.alerts.iter().map(name).collect();
                let (channel, reason) = (&event.channel, json(&event.reason));
                assert_eq!(json(&event.result), "held_back");
                format!("held {channel} {reason} {}", alerts.join(" "))
                    .trim_end()
                    .to_owned()
            }
            Event::Silence(event) => format!("silence {} began {}", event.silence.id, event.began),
            other => format!("{other:?}"),
        }
    }
}

/// The names that events are shown with.
const NAMES: [&str; 8] = [
    "down", "down/a", "down/b", "down/c", "slow", "slow/a", "slow/b", "full",
];

pub(super) fn saved(notifier: &Notifier) -> String {
    serde_json::to_string(notifier.state()).unwrap()
}

pub(super) fn without_ids(decisions: &Decisions) -> Decisions {
    let mut decisions = decisions.clone();
    for (_, notification) in &mut decisions.queued {
        notification.id = Uuid::nil();
    }
    for event in &mut decisions.events {
        if let Event::Notification(event) = event {
            event.notification = Uuid::nil();
        }
    }
    decisions
}

fn json(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap();
    value.as_str().unwrap().to_owned()
}

pub(super) fn short(channel: &str, notification: &Notification) -> String {
    let mut text = format!("{channel} {}", json(&notification.reason));
    for alert in &notification.alerts {
        let sign = if alert.is_firing { '+' } else { '-' };
        let pod = alert.labels.get("pod");
        let pod = pod.map_or(String::new(), |pod| format!("/{pod}"));
        let _ = write!(text, " {sign}{}{pod}", alert.name);
    }
    if let Some(words) = &notification.text {
        let _ = write!(text, " ({words})");
    }
    text
}
