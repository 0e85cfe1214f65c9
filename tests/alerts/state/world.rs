//! One rule, its state, and short forms of its transitions.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tower_vitals::Error;
use tower_vitals::alerts::Level;
use tower_vitals::alerts::state::{
    AlertId, AlertState, Inhibition, Limits, RuleHead, State, Timing, Transition,
};
use tower_vitals::alerts::{Evaluated, Evaluation, Labels};

pub(crate) const RULE: &str = "too_slow";

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A time in seconds after some begin.
pub(crate) fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
}

pub(crate) fn pod(name: &str) -> Labels {
    match name {
        "" => Labels::new(),
        name => [("pod".to_owned(), name.to_owned())].into(),
    }
}

pub(crate) fn id(name: &str) -> AlertId {
    AlertId::of(RULE, &pod(name))
}

/// `a+` is pod `a` whose condition holds, `a-` one whose condition does not; `+` and `-` stand for no labels.
pub(crate) fn members(text: &str) -> Evaluation {
    let member = |text: &str| {
        let (name, sign) = text.split_at(text.len() - 1);
        let holds = sign == "+";
        Evaluated {
            labels: pod(name),
            value: if holds { 1.0 } else { 0.0 },
            holds,
        }
    };
    Evaluation::Members(text.split_whitespace().map(member).collect())
}

/// `a: pending > firing, condition_true`
pub(crate) fn short(transitions: &[Transition]) -> Vec<String> {
    let short = |transition: &Transition| {
        let name = transition.labels.get("pod").map_or("", |name| name);
        let reason = serde_json::to_value(transition.reason).unwrap();
        let (from, to) = (transition.from, transition.to);
        format!("{name}: {from} > {to}, {}", reason.as_str().unwrap())
    };
    transitions.iter().map(short).collect()
}

#[derive(Default)]
pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) timing: Timing,
    pub(crate) inhibited_by: Vec<Inhibition>,
}

impl World {
    pub(crate) fn new(for_duration: u64, keep_firing_for: u64) -> Self {
        let timing = Timing {
            for_duration: seconds(for_duration),
            keep_firing_for: seconds(keep_firing_for),
            ..Timing::default()
        };
        Self {
            timing,
            ..Self::default()
        }
    }

    pub(crate) fn limited(limits: impl FnOnce(&mut Limits)) -> Self {
        let mut world = Self::default();
        let mut bounds = Limits::default();
        limits(&mut bounds);
        world.state = State::new(bounds);
        world
    }

    pub(crate) fn try_take(
        &mut self,
        evaluation: Evaluation,
        now: SystemTime,
    ) -> Result<Vec<Transition>, Error> {
        self.take_as(RULE, evaluation, now)
    }

    pub(crate) fn take_as(
        &mut self,
        name: &str,
        evaluation: Evaluation,
        now: SystemTime,
    ) -> Result<Vec<Transition>, Error> {
        let rule = RuleHead {
            name,
            level: Level::Error,
            timing: self.timing,
            inhibited_by: &self.inhibited_by,
        };
        self.state.evaluate(&rule, evaluation, now)
    }

    pub(crate) fn take(&mut self, evaluation: Evaluation, seconds: u64) -> Vec<String> {
        short(&self.try_take(evaluation, at(seconds)).unwrap())
    }

    pub(crate) fn members(&mut self, text: &str, seconds: u64) -> Vec<String> {
        self.take(members(text), seconds)
    }

    pub(crate) fn no_data(&mut self, seconds: u64) -> Vec<String> {
        self.take(Evaluation::NoData, seconds)
    }

    pub(crate) fn failed(&mut self, seconds: u64) -> Vec<String> {
        let error = Error::external("no snapshot", "broken");
        self.take(Evaluation::Failed(error), seconds)
    }

    pub(crate) fn tick(&mut self, seconds: u64) -> Vec<String> {
        short(&self.state.tick(at(seconds)))
    }

    pub(crate) fn state_of(&self, name: &str) -> Option<AlertState> {
        let mut alerts = self.state.alerts();
        let known = alerts.find(|alert| alert.id == id(name));
        known.map(|alert| alert.state)
    }

    /// Saves the state as JSON and reads it again, as a restart does.
    pub(crate) fn restart(&mut self) {
        let saved = serde_json::to_string(&self.state).unwrap();
        self.state = serde_json::from_str(&saved).unwrap();
        assert_eq!(serde_json::to_string(&self.state).unwrap(), saved);
    }
}
