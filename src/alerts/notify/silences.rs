//! Notices about silences.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::group_key::SILENCES;
use super::notifier::Notifier;
use super::round::Round;
use crate::alerts::channels::{Notification, NotificationReason};
use crate::alerts::state::{Silence, SilenceTarget};
use crate::alerts::stores::{Event, SilenceEvent};
use crate::redact::redact;

impl Notifier {
    /// Compares the active silences with those of the last tick. The silences of the first tick are no news.
    ///
    /// A silence that recurs is remembered with the end of its occurrence.
    pub(super) fn tell_silences(&mut self, round: &mut Round<'_>) {
        let now = round.now;
        let state = round.state;
        let current = || {
            let silences = state.silences(now);
            silences.filter_map(|silence| Some((silence, silence.active(now)?)))
        };
        let known = self.state.silences.as_ref();
        let is_known = |silence: &Silence, end| {
            let known = known.and_then(|known| known.get(&silence.id));
            known.is_some_and(|known| known.until == end)
        };
        if known.is_some_and(|known| known.len() == current().count())
            && current().all(|(silence, (_, end))| is_known(silence, end))
        {
            return;
        }
        round.note_change();
        let begins: Vec<_> = current()
            .filter(|(silence, (_, end))| !is_known(silence, *end))
            .map(|(silence, (begin, _))| (silence.id, begin))
            .collect();
        let current: BTreeMap<_, _> = current()
            .map(|(silence, (_, until))| {
                let silence = silence.clone();
                (silence.id, Silence { until, ..silence })
            })
            .collect();
        let known = self.state.silences.replace(current.clone());
        let Some(known) = known else {
            return;
        };
        let stays = |silence: &Silence| {
            let current = current.get(&silence.id);
            current.is_some_and(|current| current.until == silence.until)
        };
        for silence in known.values() {
            if silence.is_told && !stays(silence) {
                self.tell_silence(silence, NotificationReason::SilenceEnded, round);
            }
        }
        // The caller knows who ended the others before their time.
        let over = known.values();
        let over = over.filter(|silence| silence.is_told && silence.until <= now);
        let ends = over.map(|silence| event(silence, silence.until, false));
        round.decisions.events.extend(ends);
        for (id, begin) in begins {
            let Some(silence) = current.get(&id).filter(|silence| silence.is_told) else {
                continue;
            };
            self.tell_silence(silence, NotificationReason::SilenceBegan, round);
            // The caller writes the begin of the others.
            if silence.recurrence.is_some() {
                round.decisions.events.push(event(silence, begin, true));
            }
        }
    }

    fn tell_silence(
        &mut self,
        silence: &Silence,
        reason: NotificationReason,
        round: &mut Round<'_>,
    ) {
        for policy in self
            .policies
            .iter()
            .filter(|policy| policy.announces_silences)
        {
            let Some(receiver) = self.state.receivers.get_mut(&policy.name) else {
                continue;
            };
            let mut notice = Notification::new(reason, SILENCES, round.now);
            notice.text = Some(text(silence, reason));
            if receiver
                .budget
                .allows(policy.max_per_hour, false, round.now)
            {
                receiver.budget.spend(round.now);
                let channel = policy.name.clone();
                round.decisions.queued.push((channel, notice));
            } else {
                receiver.note_held(&notice, Vec::new(), policy, round);
            }
        }
    }
}

fn event(silence: &Silence, at: SystemTime, began: bool) -> Event {
    Event::Silence(SilenceEvent {
        at,
        silence: silence.clone(),
        began,
        ended_by: None,
    })
}

/// `Silence 3 began: pod="a", until 2026-11-29T08:00:00Z, by alice: a note`
fn text(silence: &Silence, reason: NotificationReason) -> String {
    let target = match &silence.target {
        SilenceTarget::Alert(id) => format!("alert {id}"),
        SilenceTarget::Labels(matchers) => {
            let matchers = matchers.iter().map(|matcher| {
                let matcher = matcher.redacted();
                let operator = if matcher.is_equal { "=" } else { "!=" };
                format!("{}{operator}{:?}", matcher.label, matcher.value)
            });
            matchers.collect::<Vec<_>>().join(", ")
        }
    };
    let change = match reason {
        NotificationReason::SilenceBegan => "began",
        _ => "ended",
    };
    let until = jiff::Timestamp::try_from(silence.until).unwrap_or(jiff::Timestamp::MAX);
    let note = silence.note.as_ref();
    let note = note.map_or(String::new(), |note| format!(": {note}"));
    let (id, by) = (silence.name(), &silence.by);
    let text = format!("Silence {id} {change}: {target}, until {until}, by {by}{note}");
    redact(&text).into()
}
