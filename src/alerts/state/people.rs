//! The acts of people.

use std::time::SystemTime;

use uuid::Uuid;

use super::alert_id::AlertId;
use super::alert_state::AlertState;
use super::group::Group;
use super::member::Member;
use super::personal_act::PersonalAct;
use super::recurrence::Recurrence;
use super::silence::{Silence, SilenceId};
use super::silence_target::SilenceTarget;
use super::state::State;
use super::transition::Transition;
use crate::error::{Error, ErrorKind};

/// The longest name and note of a person, in characters, and the most matchers of a silence.
const MAX_NAME: usize = 256;
const MAX_NOTE: usize = 4096;
const MAX_MATCHERS: usize = 64;

impl State {
    /// Notes that a person takes care of a firing alert. The acknowledgement ends with the firing.
    ///
    /// # Errors
    ///
    /// Fails if the alert does not fire, or if a text is too long.
    pub fn acknowledge(
        &mut self,
        id: AlertId,
        by: &str,
        note: Option<&str>,
        now: SystemTime,
    ) -> Result<Vec<Transition>, Error> {
        let act = personal_act(by, note, now)?;
        self.resume(now);
        let transition = self
            .groups_mut()
            .flat_map(|group| group.members.iter_mut())
            .find(|member| member.alert.id == id && member.alert.state == AlertState::Firing)
            .map(|member| member.acknowledge(act))
            .ok_or_else(|| refused(format!("the alert {id} does not fire")))?;
        Ok(self.record(vec![transition], now))
    }

    /// Resolves a pending or firing alert by hand. It stays resolved until its condition was false once.
    ///
    /// # Errors
    ///
    /// Fails if the alert is not active, or if the name is too long.
    pub fn resolve(
        &mut self,
        id: AlertId,
        by: &str,
        now: SystemTime,
    ) -> Result<Vec<Transition>, Error> {
        let act = personal_act(by, None, now)?;
        self.resume(now);
        let mut found = None;
        for group in self.groups_mut() {
            let mut members = group.members.iter_mut();
            let is_meant =
                |member: &&mut Member| member.alert.id == id && member.alert.state.is_active();
            found = members
                .find(is_meant)
                .map(|member| member.resolve(act.clone()));
            drop(members);
            if found.is_some() {
                group.recount();
                break;
            }
        }
        let Some(transition) = found else {
            return Err(refused(format!("the alert {id} is not active")));
        };
        // Nothing would ever tell that the condition of such an alert was false.
        let has_no_end = |group: &Group| group.timing.auto_resolve.is_none();
        if self.fired.get(&id).is_some_and(has_no_end) {
            self.fired.remove(&id);
        }
        Ok(self.record(vec![transition], now))
    }

    /// Holds back the notifications of alerts until a time. Their states are left alone.
    ///
    /// # Errors
    ///
    /// Fails if the time is over, the target matches alerts without labels, a text is too long, or there are too many silences.
    pub fn suppress(
        &mut self,
        target: SilenceTarget,
        until: SystemTime,
        by: &str,
        note: Option<&str>,
        now: SystemTime,
    ) -> Result<SilenceId, Error> {
        self.add_silence(target, None, until, personal_act(by, note, now)?)
    }

    /// Holds back the notifications of alerts again and again, until a time or until [`unsuppress`](Self::unsuppress).
    ///
    /// # Errors
    ///
    /// As [`suppress`](Self::suppress), and if the silence ends before it begins.
    pub fn suppress_recurring(
        &mut self,
        target: SilenceTarget,
        recurrence: Recurrence,
        until: Option<SystemTime>,
        by: &str,
        note: Option<&str>,
        now: SystemTime,
    ) -> Result<SilenceId, Error> {
        let until = until.unwrap_or_else(Silence::endless);
        let act = personal_act(by, note, now)?;
        self.add_silence(target, Some(recurrence), until, act)
    }

    fn add_silence(
        &mut self,
        target: SilenceTarget,
        recurrence: Option<Recurrence>,
        until: SystemTime,
        act: PersonalAct,
    ) -> Result<SilenceId, Error> {
        let now = act.at;
        self.resume(now);
        self.silences.retain(|silence| !silence.is_over(now));
        if until <= now {
            return Err(Error::invalid("a silence must end in the future"));
        }
        if target.is_too_wide() {
            return Err(Error::invalid(
                "a silence needs a matcher that does not match the empty text",
            ));
        }
        if let SilenceTarget::Labels(matchers) = &target
            && matchers.len() > MAX_MATCHERS
        {
            let message = format!("a silence has at most {MAX_MATCHERS} matchers");
            return Err(Error::invalid(message));
        }
        let limit = self.limits().silences;
        if self.silences.len() >= limit {
            return Err(refused(format!(
                "there are {limit} silences, the most allowed"
            )));
        }
        let silence = Silence {
            id: SilenceId(self.last_silence.0.saturating_add(1)),
            target: target.sealed(),
            until,
            by: act.by,
            note: act.note,
            created_at: now,
            recurrence,
            origin: None,
            is_told: true,
        };
        if silence.occurrence(now).is_none() {
            return Err(Error::invalid(
                "the silence ends before it begins: a later end is needed",
            ));
        }
        self.last_silence = silence.id;
        self.silences.push(silence);
        self.changed();
        Ok(self.last_silence)
    }

    /// Ends a silence before its time, and returns it. `None` if there is none, or if it has ended by itself.
    pub fn unsuppress(&mut self, id: SilenceId, now: SystemTime) -> Option<Silence> {
        self.resume(now);
        let is_meant = |silence: &Silence| silence.id == id && !silence.is_over(now);
        let index = self.silences.iter().position(is_meant)?;
        self.changed();
        Some(self.silences.remove(index))
    }

    /// Notes the identity of a silence that instances share, and whether it is told here. Returns the silence.
    pub(in crate::alerts) fn share_silence(
        &mut self,
        id: SilenceId,
        origin: Uuid,
        is_told: bool,
    ) -> Option<Silence> {
        let mut silences = self.silences.iter_mut();
        let silence = silences.find(|silence| silence.id == id)?;
        silence.origin = Some(origin);
        silence.is_told = is_told;
        Some(silence.clone())
    }

    /// Ends a silence that instances share, and returns it.
    pub(in crate::alerts) fn unshare_silence(
        &mut self,
        origin: Uuid,
        now: SystemTime,
    ) -> Option<Silence> {
        let mut silences = self.silences.iter();
        let id = silences.find(|silence| silence.origin == Some(origin))?.id;
        self.unsuppress(id, now)
    }

    /// The silences that are not over, the oldest first.
    pub fn silences(&self, now: SystemTime) -> impl Iterator<Item = &Silence> {
        let silences = self.silences.iter();
        silences.filter(move |silence| !silence.is_over(now))
    }

    fn groups_mut(&mut self) -> impl Iterator<Item = &mut Group> {
        self.rules.iter_mut().chain(self.fired.values_mut())
    }
}

fn personal_act(by: &str, note: Option<&str>, at: SystemTime) -> Result<PersonalAct, Error> {
    let texts = [("name", Some(by), MAX_NAME), ("note", note, MAX_NOTE)];
    for (what, text, limit) in texts {
        if text.is_some_and(|text| text.chars().count() > limit) {
            let message = format!("the {what} is too long: allowed are {limit} characters");
            return Err(Error::invalid(message));
        }
    }
    Ok(PersonalAct::new(by, note, at))
}

fn refused(message: String) -> Error {
    Error::new(ErrorKind::Refused, message)
}
