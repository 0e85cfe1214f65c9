//! `Silence`: alerts whose notifications are held back for some time.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::alert::Alert;
use super::matcher::Matcher;
use super::recurrence::Recurrence;
use super::silence_target::SilenceTarget;
use crate::alerts::labels::Labels;
use crate::alerts::{redacted, wire};

/// The begin of the year 9999.
const ENDLESS: Duration = Duration::from_secs(253_370_764_800);

/// The number of a silence, which is never used again.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SilenceId(pub u64);

impl fmt::Display for SilenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Alerts whose notifications are held back for some time. Their states are left alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Silence {
    /// The number.
    pub id: SilenceId,
    /// The alerts.
    pub target: SilenceTarget,
    /// The end, by the system's clock. The last one, if the silence recurs.
    #[serde(with = "wire::time")]
    pub until: SystemTime,
    /// The person who made the silence.
    pub by: String,
    /// That person's note.
    pub note: Option<String>,
    /// The begin.
    #[serde(with = "wire::time")]
    pub created_at: SystemTime,
    /// The times at which the silence is active, unless it is active all the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurrence: Option<Recurrence>,
    /// The identity of the silence in a store that instances share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Uuid>,
    /// Whether its begin and its end are told, and written to the history. Of a silence that instances share, one tells.
    #[serde(default = "yes", skip_serializing_if = "is_so")]
    pub is_told: bool,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_so(is_told: &bool) -> bool {
    *is_told
}

debug_redacted!(Silence {
    id,
    target,
    until,
    by,
    note,
    created_at,
    recurrence,
    origin,
    is_told
});

impl Silence {
    /// Without secrets, for people.
    pub(in crate::alerts) fn redacted(&self) -> Self {
        let target = match &self.target {
            SilenceTarget::Alert(id) => SilenceTarget::Alert(*id),
            SilenceTarget::Labels(matchers) => {
                SilenceTarget::Labels(matchers.iter().map(Matcher::redacted).collect())
            }
        };
        Self {
            target,
            by: redacted::text(&self.by),
            note: redacted::note(self.note.as_ref()),
            ..self.clone()
        }
    }

    /// The identity, where instances share the silence, else the number.
    pub(in crate::alerts) fn name(&self) -> String {
        let origin = self.origin.map(|origin| origin.to_string());
        origin.unwrap_or_else(|| self.id.to_string())
    }

    pub(super) fn is_over(&self, now: SystemTime) -> bool {
        self.until <= now
    }

    /// The end of a silence without one.
    pub(in crate::alerts) fn endless() -> SystemTime {
        UNIX_EPOCH + ENDLESS
    }

    /// Whether the silence recurs without an end.
    pub(in crate::alerts) fn is_endless(&self) -> bool {
        self.until >= Self::endless()
    }

    /// The begin and the end of the time in which the silence is active at `now`, or is active next. `None` if there is no further
    /// one.
    #[must_use]
    pub fn occurrence(&self, now: SystemTime) -> Option<(SystemTime, SystemTime)> {
        if self.is_over(now) {
            return None;
        }
        let Some(recurrence) = &self.recurrence else {
            return Some((self.created_at, self.until));
        };
        let (begin, end) = recurrence.occurrence(now)?;
        let begin = begin.max(self.created_at);
        (begin < self.until).then(|| (begin, end.min(self.until)))
    }

    /// The begin and the end of the time in which the silence is active, if it is now.
    #[must_use]
    pub fn active(&self, now: SystemTime) -> Option<(SystemTime, SystemTime)> {
        // Without a recurrence, the begin does not count: the clock may have been set back.
        let is_active = |begin| self.recurrence.is_none() || begin <= now;
        self.occurrence(now).filter(|(begin, _)| is_active(*begin))
    }

    /// Whether the silence was active when the alert began to fire.
    pub(super) fn begins_before(&self, alert: &Alert, now: SystemTime) -> bool {
        let begin = self.active(now).map(|(begin, _)| begin);
        begin.is_some_and(|begin| begin <= alert.since)
    }

    pub(super) fn holds_back(
        &self,
        alert: &Alert,
        added: Option<&Labels>,
        now: SystemTime,
    ) -> bool {
        // A schedule costs more to look up.
        !self.is_over(now) && self.target.matches(alert, added) && self.active(now).is_some()
    }
}
