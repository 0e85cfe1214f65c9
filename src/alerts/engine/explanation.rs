//! `Explanation`: the alerts of one name, by their origin.

use serde::Serialize;

use super::slo_view::SloView;
use super::views::{CodeView, RuleAlertView, RuleView};

/// The alerts of one name, and what holds back each notification. In JSON, `kind` is `rule`, `slo` or `code`.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Explanation {
    /// A rule raises them.
    Rule(RuleView),
    /// An SLO raises them.
    Slo(Box<SloView>),
    /// Code of the service raises them.
    Code(CodeView),
}

impl Explanation {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Rule(view) => &view.name,
            Self::Slo(view) => &view.name,
            Self::Code(view) => &view.name,
        }
    }

    /// The alerts.
    #[must_use]
    pub fn alerts(&self) -> &[RuleAlertView] {
        match self {
            Self::Rule(view) => &view.alerts,
            Self::Slo(view) => &view.alerts,
            Self::Code(view) => &view.alerts,
        }
    }
}
