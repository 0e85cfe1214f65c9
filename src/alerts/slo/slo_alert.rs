//! `SloAlert`: one of the two alerts of an SLO.

use std::collections::BTreeMap;

use serde::Serialize;

use super::burn_pair::BurnPair;
use super::slo::Slo;
use super::slo_severity::SloSeverity;
use super::slo_status::SloStatus;
use crate::alerts::evaluated::{Evaluated, Evaluation};
use crate::alerts::level::Level;
use crate::alerts::state::{RuleHead, Timing};
use crate::error::Error;

const SUMMARY: &str = "{{ labels.slo }} burns its error budget {{ value }} times as fast as it may";

/// One of the two alerts of an SLO, as the state machine and notifications need it. It fires at once and resolves at once,
/// because its windows smooth.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SloAlert {
    /// The name of the rule: `SloBurn:checkout:page`.
    pub name: String,
    /// The name of the SLO.
    pub slo: String,
    /// Its urgency.
    pub severity: SloSeverity,
    /// Its level.
    pub level: Level,
    /// A [template](crate::alerts::render).
    pub summary: String,
    /// A [template](crate::alerts::render).
    pub description: String,
    /// The address of the page that says what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runbook_url: Option<String>,
    /// Labels besides `slo`.
    pub labels: BTreeMap<String, String>,
    /// The names of the channels. Empty for the usual ones.
    pub channels: Vec<String>,
}

debug_redacted!(SloAlert {
    name,
    slo,
    severity,
    level,
    summary,
    description,
    runbook_url,
    labels,
    channels
});

impl Slo {
    /// The alerts, the page first.
    #[must_use]
    pub fn alerts(&self) -> [SloAlert; 2] {
        SloSeverity::ALL.map(|severity| SloAlert::new(self, severity))
    }
}

impl SloAlert {
    fn new(slo: &Slo, severity: SloSeverity) -> Self {
        Self {
            name: format!("SloBurn:{}:{severity}", slo.name),
            slo: slo.name.clone(),
            severity,
            level: severity.level(),
            summary: or(&slo.summary, || SUMMARY.to_owned()),
            description: or(&slo.description, || description(slo, severity)),
            runbook_url: slo.runbook_url.clone(),
            labels: slo.labels.clone(),
            channels: slo.channels.clone(),
        }
    }

    /// The part that the state machine needs.
    #[must_use]
    pub fn head(&self) -> RuleHead<'_> {
        RuleHead {
            name: &self.name,
            level: self.level,
            timing: Timing::default(),
            inhibited_by: &[],
        }
    }

    /// Judges the status of the SLO. The one member has the label `slo`. Its value is the burn rate in the long window of the pair
    /// that is nearest to its factor, or furthest above it.
    #[must_use]
    pub fn evaluate(&self, status: &SloStatus) -> Evaluation {
        if let Some(problem) = &status.problem {
            let reason = format!("SLO {:?}: {problem}", self.slo);
            return Evaluation::Failed(Error::invalid(reason));
        }
        let pairs = self.severity.pairs();
        let closeness = |pair: &BurnPair| {
            let slower = f64::min(status.burn(pair.long).rate, status.burn(pair.short).rate);
            slower / pair.factor
        };
        let nearest = pairs.iter().max_by(|one, other| {
            let is_over = status.exceeds(**one).cmp(&status.exceeds(**other));
            is_over.then(closeness(one).total_cmp(&closeness(other)))
        });
        let value = nearest.map_or(0.0, |pair| status.burn(pair.long).rate);
        Evaluation::Members(vec![Evaluated {
            labels: [("slo".to_owned(), self.slo.clone())].into(),
            value,
            holds: pairs.iter().any(|pair| status.exceeds(*pair)),
        }])
    }
}

fn description(slo: &Slo, severity: SloSeverity) -> String {
    let pairs = severity.pairs().map(|pair| {
        let (long, short, factor) = (pair.long, pair.short, pair.factor);
        format!("{factor} times over both {long} and {short}")
    });
    format!(
        "The objective is {} of all events. The alert holds while the budget burns faster than {}.",
        slo.objective,
        pairs.join(", or ")
    )
}

fn or(text: &str, general: impl FnOnce() -> String) -> String {
    if text.is_empty() {
        general()
    } else {
        text.to_owned()
    }
}
