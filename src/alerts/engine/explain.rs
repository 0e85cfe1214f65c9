//! Explanations of rules.

use std::time::SystemTime;

use super::engine::Engine;
use super::open::Open;
use super::views::{AlertView, RuleAlertView, RuleView};
use crate::alerts::channels::NotifiedAlert;
use crate::alerts::state::{Alert, AlertExplanation, HeldBack, RuleData};

impl Engine {
    pub(super) fn view(&self, explained: AlertExplanation) -> AlertView {
        let AlertExplanation {
            alert,
            deadline,
            mut held_back,
            ..
        } = explained;
        held_back.extend(self.too_few_events(&alert, &held_back));
        let shown = NotifiedAlert::of(&alert, &self.context.describe(&alert));
        let mut labels = shown.labels;
        labels.remove("alertname");
        AlertView {
            id: alert.id,
            name: shown.name,
            level: alert.level,
            state: alert.state,
            labels,
            annotations: shown.annotations,
            value: alert.value,
            since: alert.since,
            active_at: alert.active_at,
            deadline,
            acknowledged: shown.acknowledged,
            held_back: held_back.into_iter().map(HeldBack::redacted).collect(),
        }
    }

    /// The comparison is true, and the rule's evaluation says otherwise.
    fn too_few_events(&self, alert: &Alert, held_back: &[HeldBack]) -> Option<HeldBack> {
        let is_stale = |cause: &HeldBack| matches!(cause, HeldBack::Stale { .. });
        let rule = self.context.rule_of(alert)?;
        let is_true = rule.comparison.holds(alert.value?, rule.threshold);
        let minimum = rule.min_events;
        (is_true && !alert.holds && !held_back.iter().any(is_stale))
            .then_some(HeldBack::TooFewEvents { minimum })
    }

    pub(super) fn explain(&self, name: &str, now: SystemTime) -> Option<RuleView> {
        let rule = self.context.rules.get(name)?;
        let explained = self
            .open_ledgers()
            .find_map(|ledger| ledger.read(|open| self.explained(open, name, now))?);
        let (data, stale, alerts) = explained.unwrap_or_default();
        Some(RuleView {
            rule: name.to_owned(),
            level: rule.level,
            comparison: rule.comparison.symbol(),
            threshold: rule.threshold,
            data,
            stale,
            alerts,
        })
    }

    fn explained(
        &self,
        open: &Open,
        name: &str,
        now: SystemTime,
    ) -> Option<(RuleData, Option<String>, Vec<RuleAlertView>)> {
        let explained = open.book.state.explain(name, now)?;
        let alerts = explained.members.into_iter().map(|member| {
            let channels = open.channels_of(&member.alert, now);
            let alert = self.view(member);
            RuleAlertView { alert, channels }
        });
        Some((explained.data, explained.stale, alerts.collect()))
    }
}
