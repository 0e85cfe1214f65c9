//! `SharedEntry`: what people asked for, as the instances that share a store read it.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::alerts::state::{
    AlertId, PersonalAct, Recurrence, Silence, SilenceId, SilenceTarget, State, Transition,
};
use crate::alerts::{redacted, wire};
use crate::error::Error;

/// How long the end of a silence is kept, so that each instance sees who ended it.
const ENDED: Duration = Duration::from_secs(60 * 60);
/// How long a silence that is over is kept, because clocks differ.
const OVER: Duration = Duration::from_secs(24 * 60 * 60);

/// What people asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SharedEntry {
    /// The instance that holds the alert does it once.
    Act(SharedAct),
    /// Each instance holds to it.
    Silence(SharedSilence),
}

/// An act on an alert.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SharedAct {
    pub(super) alert: AlertId,
    pub(super) by: String,
    pub(super) note: Option<String>,
    pub(super) deed: Deed,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Deed {
    Acknowledge,
    Resolve,
}

impl SharedAct {
    /// Without secrets in its texts.
    pub(super) fn new(alert: AlertId, by: &str, note: Option<&str>, deed: Deed) -> Self {
        Self {
            alert,
            by: redacted::text(by),
            note: note.map(redacted::text),
            deed,
        }
    }

    pub(super) fn apply(
        &self,
        state: &mut State,
        now: SystemTime,
    ) -> Result<Vec<Transition>, Error> {
        match self.deed {
            Deed::Acknowledge => state.acknowledge(self.alert, &self.by, self.note.as_deref(), now),
            Deed::Resolve => state.resolve(self.alert, &self.by, now),
        }
    }
}

/// A silence for all alerts of the store.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SharedSilence {
    pub(super) target: SilenceTarget,
    /// `None` for a silence that recurs without an end.
    #[serde(with = "wire::optional_time")]
    pub(super) until: Option<SystemTime>,
    pub(super) recurrence: Option<Recurrence>,
    /// Who made it, and when by that instance's clock.
    pub(super) made: PersonalAct,
    /// Who ended it before its time.
    pub(super) ended: Option<PersonalAct>,
}

impl SharedSilence {
    /// Adds the silence to the alerts of a ledger.
    pub(super) fn add(&self, state: &mut State, now: SystemTime) -> Result<SilenceId, Error> {
        let (by, note) = (&*self.made.by, self.made.note.as_deref());
        let (target, until) = (self.target.clone(), self.until);
        match (&self.recurrence, until) {
            (None, Some(until)) => state.suppress(target, until, by, note, now),
            (Some(recurrence), _) => {
                let recurrence = recurrence.clone();
                state.suppress_recurring(target, recurrence, until, by, note, now)
            }
            (None, None) => Err(Error::invalid("a silence needs an end")),
        }
    }

    /// Whether it holds alerts back, now or later.
    pub(super) fn is_wanted(&self, now: SystemTime) -> bool {
        self.ended.is_none() && self.until.is_none_or(|until| now < until)
    }

    /// Whether no instance needs to see it any more.
    pub(super) fn is_history(&self, now: SystemTime) -> bool {
        let is_past =
            |time: SystemTime, age| now.duration_since(time).is_ok_and(|passed| passed >= age);
        self.ended
            .as_ref()
            .is_some_and(|end| is_past(end.at, ENDED))
            || self.until.is_some_and(|until| is_past(until, OVER))
    }

    /// As people see it.
    pub(super) fn shown(&self) -> Silence {
        Silence {
            id: SilenceId::default(),
            target: self.target.clone(),
            until: self.until.unwrap_or_else(Silence::endless),
            by: self.made.by.clone(),
            note: self.made.note.clone(),
            created_at: self.made.at,
            recurrence: self.recurrence.clone(),
            origin: None,
            is_told: true,
        }
        .redacted()
    }
}
