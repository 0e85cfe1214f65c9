//! Notices about silences.

use super::group_key::SILENCES;
use super::notifier::Notifier;
use super::round::Round;
use crate::alerts::channels::{Notification, NotificationReason};
use crate::alerts::state::{Silence, SilenceTarget};
use crate::alerts::stores::{Event, SilenceEvent};
use crate::redact::redact;

impl Notifier {
    /// Compares the silences with those of the last tick. The silences of the first tick are no news.
    pub(super) fn tell_silences(&mut self, round: &mut Round<'_>) {
        let now = round.now;
        let state = round.state;
        let current = || state.silences(now);
        let known = self.state.silences.as_ref();
        let is_known =
            |silence: &Silence| known.is_some_and(|known| known.contains_key(&silence.id));
        if known.is_some_and(|known| known.len() == current().count()) && current().all(is_known) {
            return;
        }
        round.note_change();
        let current: std::collections::BTreeMap<_, _> = current()
            .map(|silence| (silence.id, silence.clone()))
            .collect();
        let known = self.state.silences.replace(current.clone());
        let Some(known) = known else {
            return;
        };
        for (id, silence) in &known {
            if !current.contains_key(id) {
                self.tell_silence(silence, NotificationReason::SilenceEnded, round);
            }
        }
        for (id, silence) in &current {
            if !known.contains_key(id) {
                self.tell_silence(silence, NotificationReason::SilenceBegan, round);
            }
        }
        // The caller knows who ended the others before their time.
        let over = known.into_values().filter(|silence| silence.until <= now);
        let events = over.map(|silence| {
            Event::Silence(SilenceEvent {
                at: silence.until,
                silence,
                began: false,
                ended_by: None,
            })
        });
        round.decisions.events.extend(events);
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

/// `Silence 3 began: pod="a", until 2026-11-29T08:00:00Z, by alice: a note`
fn text(silence: &Silence, reason: NotificationReason) -> String {
    let target = match &silence.target {
        SilenceTarget::Alert(id) => format!("alert {id}"),
        SilenceTarget::Labels(matchers) => {
            let matchers = matchers.iter().map(|matcher| {
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
    let (id, by) = (silence.id, &silence.by);
    let text = format!("Silence {id} {change}: {target}, until {until}, by {by}{note}");
    redact(&text).into()
}
