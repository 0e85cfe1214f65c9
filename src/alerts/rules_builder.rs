use super::checked::Checked;
use super::known::Known;
use super::rule::Rule;
use super::rules::Rules;
use super::thresholds::Thresholds;
use super::{defaults, inhibitions, json, validate};
use crate::catalog::{Catalog, nearest};
use crate::error::Error;
use crate::http_metrics::Naming;

/// Collects [`Rules`] and checks them.
#[derive(Clone, Default)]
#[must_use]
pub struct RulesBuilder {
    rules: Vec<Rule>,
    known: Known,
    server: Naming,
    client: Option<Naming>,
    has_defaults: bool,
    /// The mistakes that were found before `build`.
    mistakes: Vec<String>,
}

debug_redacted!(RulesBuilder {
    rules,
    known,
    server,
    client,
    has_defaults,
    mistakes
});

impl Rules {
    /// Creates a builder without rules.
    pub fn builder() -> RulesBuilder {
        RulesBuilder::default()
    }

    /// The default rules alone: see [`RulesBuilder::defaults`].
    ///
    /// # Errors
    ///
    /// Fails if a share among the thresholds is not from 0 to 1.
    pub fn defaults(thresholds: impl Into<Thresholds>) -> Result<Self, Error> {
        Self::builder().defaults(thresholds).build()
    }
}

impl RulesBuilder {
    /// Adds a rule.
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Adds rules.
    pub fn rules(mut self, rules: impl IntoIterator<Item = Rule>) -> Self {
        self.rules.extend(rules);
        self
    }

    /// Adds the rules of a JSON list. Fields have the names of those of [`Rule`], durations are in seconds, and all fields but
    /// `name` and `signal` have the defaults of their setters.
    ///
    /// ```
    /// use tower_vitals::alerts::Rules;
    ///
    /// // In a service: std::fs::read_to_string("alerts.json")?
    /// let text = r#"[
    ///     {
    ///         "name": "OrdersFail",
    ///         "signal": {
    ///             "measure": {"increase": {"selector": {"metric": "errors_total"}, "window": 300}},
    ///             "by": ["component"]
    ///         },
    ///         "threshold": 10,
    ///         "pending": {"consecutive": 2},
    ///         "level": "critical",
    ///         "inhibited_by": [{"rule": "DatabaseDown"}]
    ///     },
    ///     {
    ///         "name": "DatabaseDown",
    ///         "signal": {
    ///             "measure": {
    ///                 "min": {"selector": {
    ///                     "metric": "health_check_status",
    ///                     "matchers": [{"label": "check", "operator": "eq", "value": "database"}]
    ///                 }}
    ///             }
    ///         },
    ///         "comparison": "lt",
    ///         "threshold": 0.5
    ///     }
    /// ]"#;
    /// let rules = Rules::builder().json(text).build()?;
    /// assert_eq!(rules.len(), 2);
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn json(mut self, text: &str) -> Self {
        let (rules, mistakes) = json::parse(text);
        self.rules.extend(rules);
        self.mistakes.extend(mistakes);
        self
    }

    #[doc = include_str!("../../docs/alert_defaults.md")]
    pub fn defaults(mut self, thresholds: impl Into<Thresholds>) -> Self {
        let client = self.client.clone();
        let client = client.unwrap_or_else(Naming::external_api);
        let mut thresholds = thresholds.into();
        let mistakes = thresholds.mistakes();
        if !mistakes.is_empty() {
            // The rules can still be changed and removed without further mistakes.
            thresholds = Thresholds::default();
            self.mistakes.extend(mistakes);
        }
        let rules = defaults::rules(&thresholds, &self.server, &client);
        self.rules.extend(rules);
        self.has_defaults = true;
        self
    }

    /// Changes a rule that was added before.
    pub fn change(mut self, name: &str, change: impl FnOnce(Rule) -> Rule) -> Self {
        if let Some(index) = self.position(name) {
            let rule = self.rules.remove(index);
            self.rules.insert(index, change(rule));
        }
        self
    }

    /// Removes a rule that was added before, and the inhibitions by it.
    pub fn remove(mut self, name: &str) -> Self {
        if let Some(index) = self.position(name) {
            drop(self.rules.remove(index));
            for rule in &mut self.rules {
                rule.inhibited_by
                    .retain(|inhibition| inhibition.rule != name);
            }
        }
        self
    }

    /// The index of a rule. Without such a rule, that is a mistake.
    fn position(&mut self, name: &str) -> Option<usize> {
        let index = self.rules.iter().position(|rule| rule.name == name);
        if index.is_none() {
            let near = nearest(self.rules.iter().map(|rule| &*rule.name), name);
            let near = near.map(|near| format!(", did you mean {near:?}?"));
            let near = near.unwrap_or_default();
            self.mistakes
                .push(format!("no rule {name:?} was added{near}"));
        }
        index
    }

    /// Sets the metrics that rules may read. Defaults to the crate's own.
    pub fn catalog(mut self, catalog: Catalog) -> Self {
        self.known.catalog = catalog;
        self
    }

    /// Sets the prefix of all names, as of the recorder. Defaults to none. `build` adds it to metrics that a rule names as the
    /// catalogue does.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.known.prefix = prefix.into();
        self
    }

    /// Sets the names of a layer's metrics: of the server's layer or the client's, depending on the naming. The default rules read
    /// metrics of these names, so call it before [`defaults`](Self::defaults). Defaults to those of the layers:
    /// [`Naming::prometheus`] and [`Naming::external_api`].
    ///
    /// ```
    /// use tower_vitals::alerts::{Rules, Thresholds};
    /// use tower_vitals::http_metrics::Naming;
    ///
    /// let rules = Rules::builder()
    ///     .naming(Naming::open_telemetry())
    ///     .naming(Naming::open_telemetry_client())
    ///     .defaults(Thresholds::default())
    ///     .build()?;
    /// # assert_eq!(rules.len(), 13);
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn naming(mut self, naming: Naming) -> Self {
        if self.has_defaults {
            let mistake = "the naming was set after the default rules were added: set it before";
            self.mistakes.push(mistake.to_owned());
        }
        self.known.learn(&naming);
        if naming.is_of_clients() {
            self.client = Some(naming);
        } else {
            self.server = naming;
        }
        self
    }

    /// Allows these labels on all metrics: global labels, and extra labels of the layer.
    pub fn extra_labels<L: Into<String>>(mut self, labels: impl IntoIterator<Item = L>) -> Self {
        self.known.labels.extend(labels.into_iter().map(Into::into));
        self
    }

    /// Allows metrics that the catalogue lacks. By default they are mistakes, because a rule with a mistyped metric never fires.
    pub fn allow_unknown_metrics(mut self) -> Self {
        self.known.is_open = true;
        self
    }

    /// Checks the rules.
    ///
    /// # Errors
    ///
    /// Returns all mistakes in one error: a rule that is no valid JSON; a change or a removal of a rule that does not exist; an
    /// empty or duplicate name; a metric or label that the catalogue lacks; a metric of a kind that the signal cannot be computed
    /// of; a window of zero or of more than 6 hours; a quantile outside 0 to 1; a threshold that is no number; zero evaluations in
    /// a row; a zero `auto_resolve`; an empty name of a channel or a closure; a template with an unknown value, format or label;
    /// groups of an absence; a label of the alert that Prometheus would refuse, or that the signal groups by; an inhibition by an
    /// unknown rule, by equal labels that one of the rules lacks, by the rule itself without equal labels, or in a cycle; a naming
    /// that was set after the default rules; a share among the thresholds of these that is not from 0 to 1; a rule that Prometheus
    /// announces, although a closure computes its values.
    pub fn build(self) -> Result<Rules, Error> {
        Checked::from(self).into_result()
    }
}

impl From<RulesBuilder> for Checked<Rules> {
    fn from(mut builder: RulesBuilder) -> Self {
        for rule in &mut builder.rules {
            for metric in rule.signal.measure.metrics_mut() {
                builder.known.complete(metric);
            }
        }
        let mut mistakes = builder.mistakes;
        for rule in &builder.rules {
            mistakes.extend(validate::mistakes(rule, &builder.known));
        }
        mistakes.extend(validate::duplicates(&builder.rules));
        mistakes.extend(inhibitions::mistakes(&builder.rules));
        Self {
            value: Rules::new(builder.rules),
            mistakes,
        }
    }
}
