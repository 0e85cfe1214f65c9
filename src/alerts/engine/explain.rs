//! Explanations of rules.

use std::time::SystemTime;

use super::engine::Engine;
use super::explanation::Explanation;
use super::ledger::Ledger;
use super::open::Open;
use super::slo_view::SloView;
use super::views::{AlertView, CodeView, RuleAlertView, RuleView};
use crate::alerts::channels::NotifiedAlert;
use crate::alerts::rule::Rule;
use crate::alerts::slo::{SloAlert, SloBook};
use crate::alerts::state::{Alert, AlertExplanation, HeldBack, RuleData};

impl Engine {
    pub(super) fn view(
        &self,
        ledger: &Ledger,
        open: &Open,
        explained: AlertExplanation,
        now: SystemTime,
    ) -> AlertView {
        let AlertExplanation {
            alert,
            deadline,
            mut held_back,
            ..
        } = explained;
        held_back.extend(self.too_few_events(open, &alert, &held_back, now));
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
            held_back: held_back
                .into_iter()
                .map(|it| it.shown(ledger.name()))
                .collect(),
        }
    }

    /// The comparison is true, and the evaluation says otherwise.
    fn too_few_events(
        &self,
        open: &Open,
        alert: &Alert,
        held_back: &[HeldBack],
        now: SystemTime,
    ) -> Option<HeldBack> {
        let is_stale = |cause: &HeldBack| matches!(cause, HeldBack::Stale { .. });
        if alert.holds || held_back.iter().any(is_stale) {
            return None;
        }
        let (is_true, minimum) = if let Some(rule) = self.context.rule_of(alert) {
            let is_true = rule.comparison.holds(alert.value?, rule.threshold);
            (is_true, rule.min_events)
        } else {
            let own = self.context.slo_alert_of(alert)?;
            let view = self.slo_view(own, &open.book.slos, now)?;
            (view.lacks_events(), view.min_events)
        };
        is_true.then_some(HeldBack::TooFewEvents { minimum })
    }

    pub(super) fn explain(&self, name: &str, now: SystemTime) -> Option<Explanation> {
        if let Some(rule) = self.context.rules.get(name) {
            return Some(Explanation::Rule(self.explain_rule(rule, now)));
        }
        let mut slo_alerts = self.context.slo_alerts.iter();
        if let Some(own) = slo_alerts.find(|own| own.name == name) {
            let view = self.explain_slo(own, now)?;
            return Some(Explanation::Slo(Box::new(view)));
        }
        let alerts = self.explain_fired(name, now);
        (!alerts.is_empty()).then(|| {
            Explanation::Code(CodeView {
                name: name.to_owned(),
                service: self.context.service.clone(),
                instance: self.context.instance.clone(),
                alerts,
            })
        })
    }

    fn explain_rule(&self, rule: &Rule, now: SystemTime) -> RuleView {
        let name = &rule.name;
        let (data, stale, mut alerts) = self.evaluated_alerts(name, now);
        // Code may have raised others of this name.
        alerts.extend(self.explain_fired(name, now));
        RuleView {
            name: name.clone(),
            level: rule.level,
            comparison: rule.comparison.symbol(),
            threshold: rule.threshold,
            data,
            stale,
            alerts,
        }
    }

    fn explain_slo(&self, own: &SloAlert, now: SystemTime) -> Option<SloView> {
        let name = &own.name;
        let (data, stale, mut alerts) = self.evaluated_alerts(name, now);
        alerts.extend(self.explain_fired(name, now));
        let mut open = self.open_ledgers();
        let view = open.find_map(|ledger| {
            ledger.read(|open| {
                let has_it = open.book.state.explain(name, now).is_some();
                has_it.then(|| self.slo_view(own, &open.book.slos, now))?
            })?
        });
        let view = view.or_else(|| self.slo_view(own, &SloBook::default(), now))?;
        Some(SloView {
            data,
            stale,
            alerts,
            ..view
        })
    }

    fn slo_view(&self, own: &SloAlert, book: &SloBook, now: SystemTime) -> Option<SloView> {
        let slo = self.context.slos.get(&own.slo)?;
        Some(SloView::new(own, &book.evaluate(slo, now)))
    }

    /// The data of a rule's or an SLO's last evaluation, and its alerts.
    fn evaluated_alerts(
        &self,
        name: &str,
        now: SystemTime,
    ) -> (RuleData, Option<String>, Vec<RuleAlertView>) {
        let mut open = self.open_ledgers();
        let found = open.find_map(|ledger| {
            ledger.read(|open| {
                let explained = open.book.state.explain(name, now)?;
                let members = explained.members.into_iter();
                let alerts = members.map(|member| self.with_channels(ledger, open, member, now));
                Some((explained.data, explained.stale, alerts.collect()))
            })?
        });
        found.unwrap_or_default()
    }

    /// The alerts of this name that code fired.
    fn explain_fired(&self, name: &str, now: SystemTime) -> Vec<RuleAlertView> {
        let mut alerts = Vec::new();
        for ledger in self.open_ledgers() {
            ledger.read(|open| {
                let fired = open.book.state.explain_fired(name, now).into_iter();
                alerts.extend(fired.map(|alert| self.with_channels(ledger, open, alert, now)));
            });
        }
        alerts
    }

    fn with_channels(
        &self,
        ledger: &Ledger,
        open: &Open,
        explained: AlertExplanation,
        now: SystemTime,
    ) -> RuleAlertView {
        let channels = open.channels_of(&explained.alert, now);
        let alert = self.view(ledger, open, explained, now);
        RuleAlertView { alert, channels }
    }

    /// The names that can be explained: those of rules, of the alerts of SLOs, and of the alerts that code fired.
    pub(super) fn explainable(&self) -> Vec<String> {
        let context = &self.context;
        let rules = context.rules.iter().map(|rule| rule.name.clone());
        let slos = context.slo_alerts.iter().map(|own| own.name.clone());
        let mut names: Vec<_> = rules.chain(slos).collect();
        for ledger in self.open_ledgers() {
            ledger.read(|open| {
                let fired = open.book.state.fired_names().into_iter();
                names.extend(fired.map(str::to_owned));
            });
        }
        names
    }
}
