//! `Notifier`: decides what to announce.

use std::time::SystemTime;

use super::decisions::Decisions;
use super::description::Description;
use super::notifier_state::NotifierState;
use super::policy::Policy;
use super::round::Round;
use super::validate::mistakes;
use crate::alerts::state::{Alert, State};
use crate::error::Error;

/// The alerts to remember by default.
const LIMIT: usize = 20_000;

/// Decides what to announce, without I/O. The caller gives the time.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use tower_vitals::alerts::Level;
/// use tower_vitals::alerts::notify::{Description, Notifier, Policy};
/// use tower_vitals::alerts::state::{CodeAlert, State};
///
/// let mut notifier = Notifier::new(vec![Policy::new("chat")])?;
/// let mut state = State::default();
/// let start = SystemTime::now();
/// state.fire(CodeAlert::new("billing", "3 invoices failed", Level::Error), start);
///
/// let none = notifier.tick(&state, &|_| Description::default(), start);
/// assert!(none.queued.is_empty(), "the group waits");
/// let due = notifier.next_due(start).unwrap();
/// assert_eq!(due, start + Duration::from_secs(30));
/// let first = notifier.tick(&state, &|_| Description::default(), due);
/// assert_eq!(first.queued[0].0, "chat");
/// assert_eq!(first.queued[0].1.title(), "[FIRING:1] 3 invoices failed");
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Notifier {
    pub(super) policies: Vec<Policy>,
    pub(super) state: NotifierState,
    pub(super) limit: usize,
    pub(super) round: u64,
    /// The firing alerts of the last tick that found no room.
    pub(super) waiting: usize,
    pub(super) has_logged: bool,
}

impl Notifier {
    /// A notifier that has told nothing yet.
    ///
    /// # Errors
    ///
    /// Fails if policies are invalid, with all mistakes in one error: a name that is empty or used twice, an empty set of levels, an
    /// interval of zero, a `max_per_hour` outside 1 to 10,000, an escalation without a wait, to itself, or to a channel without
    /// a policy.
    pub fn new(policies: Vec<Policy>) -> Result<Self, Error> {
        Self::restored(policies, NotifierState::default())
    }

    /// A notifier that goes on after a restart. Channels without a policy are forgotten. A channel whose policy groups by other labels
    /// than before gets new groups, but is not told again of alerts that it knows.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn restored(policies: Vec<Policy>, state: NotifierState) -> Result<Self, Error> {
        Error::combine(mistakes(&policies).into_iter().map(Error::invalid))?;
        let mut state = state;
        let is_known = |name: &str| policies.iter().any(|policy| policy.name == name);
        state.receivers.retain(|name, _| is_known(name));
        for policy in &policies {
            state.receivers.entry(policy.name.clone()).or_default();
        }
        Ok(Self {
            policies,
            state,
            limit: LIMIT,
            round: 0,
            waiting: 0,
            has_logged: false,
        })
    }

    /// The part to save.
    #[must_use]
    pub fn state(&self) -> &NotifierState {
        &self.state
    }

    /// The policies.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// Sets the number of alerts to remember. Defaults to 20,000. It should be above
    /// [`Limits::active`](crate::alerts::state::Limits::active).
    pub fn set_limit(&mut self, alerts: usize) {
        self.limit = alerts;
    }

    /// A channel takes notifications again after it took none: it is told of all alerts that fire as if it knew none.
    pub(in crate::alerts) fn renew(&mut self, channel: &str, now: SystemTime) {
        let NotifierState {
            known, receivers, ..
        } = &mut self.state;
        let Some(receiver) = receivers.get_mut(channel) else {
            return;
        };
        for (id, member) in &mut receiver.members {
            if known.get(id).is_some_and(|known| known.is_firing) {
                member.told_at = None;
                member.announced_at = None;
            }
        }
        for group in receiver.groups.values_mut() {
            group.due = group.due.min(now);
        }
    }

    /// Decides what to announce now. `describe` is asked for the alerts that begin to fire, and for those in a notification.
    ///
    /// A step back of the clock counts as no time.
    pub fn tick(
        &mut self,
        state: &State,
        describe: &dyn Fn(&Alert) -> Description,
        now: SystemTime,
    ) -> Decisions {
        self.round += 1;
        let mut round = Round::new(self.round, now, state, describe);
        self.shift_back(&mut round);
        self.regroup(&mut round);
        self.observe(&mut round);
        self.tell(&mut round);
        self.escalate(&mut round);
        self.tell_silences(&mut round);
        self.forget(&mut round);
        if round.decisions.is_changed {
            self.state.changed_at = Some(now);
        }
        round.decisions
    }

    fn regroup(&mut self, round: &mut Round<'_>) {
        for policy in &self.policies {
            if let Some(receiver) = self.state.receivers.get_mut(&policy.name)
                && receiver.regroup(policy, &self.state.known, round.now)
            {
                round.note_change();
            }
        }
    }

    /// Tells each channel what is due. The summary goes first, because it is older.
    fn tell(&mut self, round: &mut Round<'_>) {
        let NotifierState {
            known, receivers, ..
        } = &mut self.state;
        for (index, policy) in self.policies.iter().enumerate() {
            if let Some(receiver) = receivers.get_mut(&policy.name) {
                receiver.summarize(policy, known, round);
                receiver.tell_acknowledged(policy, known, round);
                receiver.flush((index, policy), known, round);
            }
        }
    }
}
