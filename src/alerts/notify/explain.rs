//! Explanations: why channels are not told of an alert now.

use std::time::SystemTime;

use super::cause::Cause;
use super::held_notification::HeldNotification;
use super::hold::Hold;
use super::known::Known;
use super::member::Member;
use super::notifier::Notifier;
use super::policy::Policy;
use super::receiver::Receiver;
use super::route::Route;
use crate::alerts::level::Level;
use crate::alerts::state::AlertId;

impl Notifier {
    /// Whether a channel is responsible for a firing alert.
    #[must_use]
    pub fn takes(&self, channel: &str, alert: AlertId) -> bool {
        let mut policies = self.policies.iter();
        let index = policies.position(|policy| policy.name == channel);
        let receiver = self.state.receivers.get(channel);
        let member = receiver.and_then(|receiver| receiver.members.get(&alert));
        match (index, member, self.state.known.get(&alert)) {
            (Some(index), Some(member), Some(known)) => member.is_active(known, index),
            _ => false,
        }
    }

    /// The causes why channels are not told of a firing alert now, by channel. Channels without a cause are left out. Silences and
    /// inhibitions are causes of the state: [`explain_alert`](crate::alerts::state::State::explain_alert).
    #[must_use]
    pub fn held_back(&self, alert: AlertId, now: SystemTime) -> Vec<HeldNotification> {
        let known = self.state.known.get(&alert);
        let Some(known) = known.filter(|known| known.is_firing) else {
            return Vec::new();
        };
        let mut held = Vec::new();
        for (index, policy) in self.policies.iter().enumerate() {
            let receiver = self.state.receivers.get(&policy.name);
            let member = receiver.and_then(|receiver| receiver.members.get(&alert));
            let causes = match (receiver, member, known.routes.get(index)) {
                (Some(receiver), Some(member), _) if member.is_active(known, index) => {
                    receiver.causes(member, known, policy, now)
                }
                (_, _, Some(Route::Refused(cause))) => vec![(*cause).into()],
                _ => Vec::new(),
            };
            if !causes.is_empty() {
                let channel = policy.name.clone();
                held.push(HeldNotification { channel, causes });
            }
        }
        held
    }
}

impl Receiver {
    /// A silence or an inhibition is the only cause while it lasts, because the group may have been judged meanwhile.
    fn causes(
        &self,
        member: &Member,
        known: &Known,
        policy: &Policy,
        now: SystemTime,
    ) -> Vec<Cause> {
        let mut causes = Vec::new();
        if let Some(hold) = member.held {
            let spaced = self.spaced_until(policy);
            let spaced = spaced.filter(|until| hold == Hold::Cooldown && *until > now);
            let cooldown = member.cooldown_until(policy.cooldown, now).max(spaced);
            causes.extend(cooldown.map(|until| Cause::Cooldown { until }));
            let is_critical = known.level == Level::Critical;
            let max = policy.max_per_hour;
            let until = self.budget.allowed_at(max, is_critical, now);
            causes.extend((until > now).then_some(Cause::Cap { until }));
        } else if member.told_at.is_none()
            && !known.is_muted
            && let Some(group) = self.groups.get(member.group.as_str())
        {
            let until = group.due;
            causes.push(match group.last {
                None => Cause::GroupWait { until },
                Some(_) => Cause::GroupInterval { until },
            });
        }
        if known.acknowledged.is_some() {
            causes.push(Cause::Acknowledged);
        }
        causes
    }
}
