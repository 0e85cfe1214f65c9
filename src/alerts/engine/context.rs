//! `Context`: what all ledgers of an engine share: the rules, and the names of service and instance.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::alerts::announcer::Announcer;
use crate::alerts::labels::Labels;
use crate::alerts::notify::Description;
use crate::alerts::rule::Rule;
use crate::alerts::rules::Rules;
use crate::alerts::scope::Scope;
use crate::alerts::slo::{Slo, SloAlert, Slos};
use crate::alerts::state::{Alert, AlertState};
use crate::alerts::template::render;

/// A shorter pause of the process hands no ledger over.
const MIN_LEASE: Duration = Duration::from_secs(15);

type Pairs = BTreeMap<String, String>;

/// What all ledgers of an engine share.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) rules: Rules,
    pub(super) slos: Slos,
    pub(super) slo_alerts: Vec<SloAlert>,
    pub(super) interval: Duration,
    pub(super) settle: Duration,
    pub(super) service: Option<String>,
    /// The name of this instance, and whether alerts carry it as a label.
    pub(super) instance: String,
    pub(super) labels_instance: bool,
    /// Whether a channel gets all alerts again and again.
    pub(super) posts_alerts: bool,
    /// Whether instances share the store.
    pub(super) is_shared: bool,
    pub(super) external_url: Option<String>,
    by_name: HashMap<String, usize>,
}

impl Context {
    pub(super) fn new(rules: Rules, slos: Slos, interval: Duration) -> Self {
        let names = rules.iter().enumerate();
        let by_name = names.map(|(index, rule)| (rule.name.clone(), index));
        Self {
            by_name: by_name.collect(),
            rules,
            slo_alerts: slos.iter().flat_map(Slo::alerts).collect(),
            slos,
            interval,
            settle: Duration::ZERO,
            service: None,
            instance: String::new(),
            labels_instance: false,
            posts_alerts: false,
            is_shared: false,
            external_url: None,
        }
    }

    /// How long a ledger is held without a sign of this engine.
    pub(super) fn lease(&self) -> Duration {
        (self.interval * 3).max(MIN_LEASE)
    }

    /// The rule of an alert, unless code fired it.
    pub(super) fn rule_of(&self, alert: &Alert) -> Option<&Rule> {
        if alert.text.is_some() {
            return None;
        }
        <[_]>::get(&self.rules, *self.by_name.get(&alert.name)?)
    }

    pub(super) fn slo_alert_of(&self, alert: &Alert) -> Option<&SloAlert> {
        let mut alerts = self.slo_alerts.iter();
        alerts.find(|own| alert.text.is_none() && own.name == alert.name)
    }

    pub(super) fn has_rule(&self, name: &str) -> bool {
        self.by_name.contains_key(name) || self.slo_alerts.iter().any(|own| own.name == name)
    }

    /// The texts and labels that a rule adds to its alert.
    pub(super) fn describe(&self, alert: &Alert) -> Description {
        let mut labels = self.instance_label(self.rule_of(alert));
        let Some(texts) = self.texts_of(alert) else {
            let text = alert.text.clone().unwrap_or_default();
            return Description {
                labels: labels.into(),
                annotations: [("summary".to_owned(), text)].into(),
                ..Description::default()
            };
        };
        labels.extend(texts.labels.clone());
        let mut all: BTreeMap<_, _> = alert.labels.clone().into();
        all.extend(labels.clone());
        // As in Prometheus, the texts of an alert stay when its condition is false again.
        let value = match alert.state {
            AlertState::Firing | AlertState::Resolved => alert.true_value.or(alert.value),
            AlertState::Inactive | AlertState::Pending => alert.value,
        };
        let value = value.unwrap_or(f64::NAN);
        let templates = [
            ("summary", texts.summary),
            ("description", texts.description),
        ];
        let templates = templates
            .into_iter()
            .filter(|(_, template)| !template.is_empty());
        let rendered = templates.map(|(name, template)| (name, render(template, value, &all)));
        let url = texts.runbook_url.cloned().map(|url| ("runbook_url", url));
        let annotations = rendered.chain(url);
        Description {
            labels: labels.into(),
            annotations: annotations
                .map(|(name, text)| (name.to_owned(), text))
                .collect(),
            channels: texts.channels.to_vec(),
            announced_by: texts.announced_by,
        }
    }

    /// The labels that a rule adds to its alerts, and those of alerts that code fired.
    pub(super) fn added_labels(&self) -> (BTreeMap<String, Labels>, Labels) {
        let with = |name: &String, instance: Pairs, labels: &Pairs| {
            let all = instance.into_iter().chain(labels.clone());
            (name.clone(), all.collect::<Pairs>().into())
        };
        let rules = self.rules.iter().map(|rule| {
            let instance = self.instance_label(Some(rule));
            with(&rule.name, instance, &rule.labels)
        });
        let slos = self.slo_alerts.iter();
        let slos = slos.map(|own| with(&own.name, self.instance_label(None), &own.labels));
        (
            rules.chain(slos).collect(),
            self.instance_label(None).into(),
        )
    }

    /// The label that names this instance. Alerts of a shared rule lack it, because they stay the same alerts when another instance
    /// goes on with them.
    fn instance_label(&self, rule: Option<&Rule>) -> Pairs {
        let is_of_all = self.is_shared && rule.is_some_and(|rule| rule.scope == Scope::Shared);
        let label = (self.labels_instance && !is_of_all)
            .then(|| ("instance".to_owned(), self.instance.clone()));
        label.into_iter().collect()
    }

    /// Whether this service tells of an alert.
    pub(super) fn announces(&self, alert: &Alert) -> bool {
        let rule = self.rule_of(alert);
        rule.is_none_or(|rule| rule.announced_by == Announcer::Service)
    }

    fn texts_of(&self, alert: &Alert) -> Option<Texts<'_>> {
        if let Some(rule) = self.rule_of(alert) {
            return Some(Texts {
                labels: &rule.labels,
                summary: &rule.summary,
                description: &rule.description,
                runbook_url: rule.runbook_url.as_ref(),
                channels: &rule.channels,
                announced_by: rule.announced_by,
            });
        }
        let own = self.slo_alert_of(alert)?;
        Some(Texts {
            labels: &own.labels,
            summary: &own.summary,
            description: &own.description,
            runbook_url: own.runbook_url.as_ref(),
            channels: &own.channels,
            announced_by: Announcer::Service,
        })
    }
}

/// The texts of a rule or of an SLO.
struct Texts<'a> {
    labels: &'a BTreeMap<String, String>,
    summary: &'a str,
    description: &'a str,
    runbook_url: Option<&'a String>,
    channels: &'a [String],
    announced_by: Announcer,
}
