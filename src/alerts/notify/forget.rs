//! The notifier forgets alerts that nobody has to be told of any more.

use super::notifier::Notifier;
use super::round::Round;
use crate::alerts::state::AlertId;

impl Notifier {
    pub(super) fn forget(&mut self, round: &mut Round<'_>) {
        let known = &mut self.state.known;
        for (index, policy) in self.policies.iter().enumerate() {
            let Some(receiver) = self.state.receivers.get_mut(&policy.name) else {
                continue;
            };
            let before = receiver.members.len();
            receiver.members.retain(|id, member| {
                // Looking the alert up is the slow part.
                member.told_at.is_some()
                    || member.is_shown
                    || member.held.is_some()
                    || known
                        .get(id)
                        .is_some_and(|known| member.is_active(known, index))
                    || member.cooldown_until(policy.cooldown, round.now).is_some()
            });
            if receiver.members.len() < before {
                round.note_change();
            }
        }
        let receivers = &self.state.receivers;
        let is_member = |id: &AlertId| {
            receivers
                .values()
                .any(|receiver| receiver.members.contains_key(id))
        };
        let before = known.len();
        known.retain(|id, known| known.is_firing || is_member(id));
        if known.len() < before {
            round.note_change();
        }
        if self.waiting > 0 {
            self.make_room(round);
        }
    }

    /// Forgets the oldest ended alerts that no receiver believes to fire, first those that no summary will list.
    fn make_room(&mut self, round: &mut Round<'_>) {
        let receivers = &self.state.receivers;
        let known = self
            .state
            .known
            .iter()
            .filter(|(_, known)| !known.is_firing);
        let mut candidates: Vec<_> = known
            .filter_map(|(id, known)| {
                let members = receivers
                    .values()
                    .filter_map(|receiver| receiver.members.get(id));
                let mut is_held = false;
                for member in members {
                    if member.is_shown {
                        return None;
                    }
                    is_held |= member.held.is_some();
                }
                Some((is_held, known.ends_at, *id))
            })
            .collect();
        candidates.sort_unstable();
        candidates.truncate(self.waiting);
        for (_, _, id) in candidates {
            round.note_change();
            self.remove(id);
        }
    }

    fn remove(&mut self, id: AlertId) {
        self.state.known.remove(&id);
        for receiver in self.state.receivers.values_mut() {
            let member = receiver.members.remove(&id);
            let was_held = member.is_some_and(|member| member.held.is_some());
            receiver.left_out += usize::from(was_held);
        }
    }
}
