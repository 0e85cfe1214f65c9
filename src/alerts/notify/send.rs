//! A channel is sent a notification, or the notification is held back.

use std::collections::{BTreeMap, BTreeSet};

use super::hold::Hold;
use super::known::Known;
use super::policy::Policy;
use super::receiver::Receiver;
use super::round::Round;
use super::select::select;
use crate::alerts::channels::{Notification, NotificationReason};
use crate::alerts::labels::Labels;
use crate::alerts::level::Level;
use crate::alerts::state::AlertId;
use crate::alerts::stores::{DeliveryResult, Event, NotificationEvent};

/// The news about a group.
#[derive(Debug)]
pub(super) struct News {
    pub(super) reason: NotificationReason,
    pub(super) group_key: String,
    pub(super) group_labels: Labels,
    /// Alerts that are announced, repeated or acknowledged.
    pub(super) firing: Vec<AlertId>,
    /// Alerts that resolved.
    pub(super) resolved: Vec<AlertId>,
    /// Firing alerts that were told before, and are listed with the others.
    pub(super) others: Vec<AlertId>,
}

impl Receiver {
    /// Sends news, or holds them back as the cap and the cooldowns demand. The group counts them as told either way.
    pub(super) fn send(
        &mut self,
        mut news: News,
        policy: &Policy,
        known: &mut BTreeMap<AlertId, Known>,
        round: &mut Round<'_>,
    ) {
        round.note_change();
        let now = round.now;
        let is_critical = any_is_critical(&news.firing, known);
        if !self.budget.allows(policy.max_per_hour, is_critical, now) {
            let alerts = [&*news.firing, &*news.resolved].concat();
            self.hold_back((&news, alerts, Hold::Cap), policy, known, round);
            return;
        }
        let mut held = Vec::new();
        let announces = !matches!(
            news.reason,
            NotificationReason::Repeat | NotificationReason::Acknowledged
        );
        for list in [&mut news.firing, &mut news.resolved] {
            list.retain(|id| {
                let Some(member) = self.members.get(id) else {
                    return true;
                };
                let cools = announces
                    && known.get(id).is_some_and(|known| known.is_firing)
                    && member.cooldown_until(policy.cooldown, now).is_some();
                let stays = !cools && member.held.is_none();
                held.extend((!stays).then_some(*id));
                stays
            });
        }
        if !held.is_empty() {
            self.hold_back((&news, held, Hold::Cooldown), policy, known, round);
        }
        if news.firing.is_empty() && news.resolved.is_empty() {
            return;
        }
        if news.firing.is_empty() && news.reason == NotificationReason::NewAlerts {
            news.reason = NotificationReason::SomeResolved;
        }
        self.queue(news, policy, known, round);
    }

    fn queue(
        &mut self,
        news: News,
        policy: &Policy,
        known: &mut BTreeMap<AlertId, Known>,
        round: &mut Round<'_>,
    ) {
        let now = round.now;
        let members = &self.members;
        let member = |id: &AlertId| members.get(id);
        let others = news.others.iter().copied();
        let others = others.filter(|id| member(id).is_some_and(|member| member.held.is_none()));
        let firing: BTreeSet<_> = news.firing.iter().copied().collect();
        let all = news.firing.iter().chain(&news.resolved).copied();
        let selection = select(
            all.chain(others),
            known,
            |id| member(&id).is_some_and(|member| member.is_shown),
            |id| firing.contains(&id),
        );
        let announces = !matches!(
            news.reason,
            NotificationReason::Repeat | NotificationReason::Acknowledged
        );
        let mut notification = Notification::new(news.reason, news.group_key, now);
        notification.group_labels = news.group_labels;
        selection.list(&mut notification, known, round);
        for id in &selection.listed {
            let (Some(member), Some(known)) = (self.members.get_mut(id), known.get(id)) else {
                continue;
            };
            if !known.is_firing {
                member.note_resolved();
            } else if announces && firing.contains(id) {
                member.note_announced(known, now);
            } else {
                member.note_shown(known);
            }
        }
        self.note_unlisted(&selection.unlisted, known, round);
        self.budget.spend(now);
        let channel = policy.name.clone();
        round.decisions.queued.push((channel, notification));
    }

    /// Alerts that found no room are only counted. But a resolved one that the receiver saw firing is told next time.
    pub(super) fn note_unlisted(
        &mut self,
        unlisted: &[AlertId],
        known: &BTreeMap<AlertId, Known>,
        round: &Round<'_>,
    ) {
        for id in unlisted {
            let (Some(member), Some(known)) = (self.members.get_mut(id), known.get(id)) else {
                continue;
            };
            if known.is_firing {
                member.note_told(known, round.now);
                member.held = None;
            } else if !member.is_shown {
                member.note_resolved();
            }
        }
    }

    /// Leaves alerts to the next summary.
    fn hold_back(
        &mut self,
        (news, alerts, hold): (&News, Vec<AlertId>, Hold),
        policy: &Policy,
        known: &BTreeMap<AlertId, Known>,
        round: &mut Round<'_>,
    ) {
        for id in &alerts {
            let (Some(member), Some(known)) = (self.members.get_mut(id), known.get(id)) else {
                continue;
            };
            if known.is_firing {
                member.note_told(known, round.now);
            } else {
                member.note_over();
            }
            if member.held != Some(Hold::Cap) {
                member.held = Some(hold);
            }
        }
        let notification = Notification::new(news.reason, news.group_key.clone(), round.now);
        self.note_held(&notification, alerts, policy, round);
    }

    /// Counts a notification that is held back.
    pub(super) fn note_held(
        &mut self,
        notification: &Notification,
        alerts: Vec<AlertId>,
        policy: &Policy,
        round: &mut Round<'_>,
    ) {
        self.held += 1;
        let event = NotificationEvent {
            at: notification.at,
            notification: notification.id,
            channel: policy.name.clone(),
            reason: notification.reason,
            group_key: notification.group_key.clone(),
            alerts,
            result: DeliveryResult::HeldBack,
            attempts: 0,
            error: None,
        };
        round.decisions.events.push(Event::Notification(event));
    }
}

pub(super) fn any_is_critical(alerts: &[AlertId], known: &BTreeMap<AlertId, Known>) -> bool {
    let mut known = alerts.iter().filter_map(|id| known.get(id));
    known.any(|known| known.is_firing && known.level == Level::Critical)
}
