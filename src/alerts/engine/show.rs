//! The alerts, the rules and the silences as people see them.

use std::time::SystemTime;

use super::engine::Engine;
use super::ledger::Open;
use super::views::{AlertView, RuleAlertView, RuleView, SilenceView};
use crate::alerts::channels::NotifiedAlert;
use crate::alerts::state::AlertExplanation;

impl Engine {
    pub(super) fn alerts(&self, now: SystemTime) -> Vec<AlertView> {
        let mut all = Vec::new();
        for ledger in self.open_ledgers() {
            ledger.read(|open| {
                let known = open.book.state.explain_all(now);
                all.extend(known.into_iter().map(|alert| self.view(alert)));
            });
        }
        all.sort_by_cached_key(AlertView::cursor);
        all
    }

    fn view(&self, explained: AlertExplanation) -> AlertView {
        let AlertExplanation {
            alert,
            deadline,
            held_back,
            ..
        } = explained;
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
            held_back,
        }
    }

    pub(super) fn explain(&self, name: &str, now: SystemTime) -> Option<RuleView> {
        let rule = self.context.rules.get(name)?;
        let explained = self
            .open_ledgers()
            .find_map(|ledger| ledger.read(|open| self.explained(open, name, now))?);
        let (stale, alerts) =
            explained.unwrap_or_else(|| (Some("not evaluated yet".to_owned()), Vec::new()));
        let channels = self.open_ledgers();
        let channels = channels.filter_map(|ledger| ledger.read(|open| open.delivery.channels()));
        let stopped = channels
            .flatten()
            .filter_map(|channel| Some((channel.name, channel.stopped?)));
        let stopped_channels = stopped.collect();
        Some(RuleView {
            rule: name.to_owned(),
            level: rule.level,
            comparison: rule.comparison.symbol(),
            threshold: rule.threshold,
            stale,
            alerts,
            stopped_channels,
        })
    }

    fn explained(
        &self,
        open: &Open,
        name: &str,
        now: SystemTime,
    ) -> Option<(Option<String>, Vec<RuleAlertView>)> {
        let explained = open.book.state.explain(name, now)?;
        let alerts = explained.members.into_iter().map(|member| {
            let channels = open.channels_of(&member.alert, now);
            let alert = self.view(member);
            RuleAlertView { alert, channels }
        });
        Some((explained.stale, alerts.collect()))
    }

    pub(super) fn silences(&self, now: SystemTime) -> Vec<SilenceView> {
        let mut all = Vec::new();
        for ledger in self.open_ledgers() {
            ledger.read(|open| {
                let silences = open.book.state.silences(now);
                all.extend(silences.map(|silence| SilenceView::new(ledger.name, silence, now)));
            });
        }
        all
    }
}
