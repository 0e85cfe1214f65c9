//! A step back of the clock counts as no time.

use std::time::SystemTime;

use super::notifier::Notifier;
use super::round::Round;

impl Notifier {
    /// Moves all times back by the step, or deadlines would be far away and cooldowns without an end.
    pub(super) fn shift_back(&mut self, round: &mut Round<'_>) {
        let step = self
            .state
            .changed_at
            .map(|last| last.duration_since(round.now));
        let Some(Ok(step)) = step.filter(|step| step.as_ref().is_ok_and(|step| !step.is_zero()))
        else {
            return;
        };
        let back = |time: &mut SystemTime| *time = time.checked_sub(step).unwrap_or(*time);
        for receiver in self.state.receivers.values_mut() {
            receiver.budget.shift(back);
            receiver.last_summary.as_mut().map(back);
            for group in receiver.groups.values_mut() {
                back(&mut group.due);
                group.last.as_mut().map(back);
            }
            for member in receiver.members.values_mut() {
                member.told_at.as_mut().map(back);
                member.announced_at.as_mut().map(back);
            }
        }
        round.note_change();
    }
}
