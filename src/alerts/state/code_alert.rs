//! `CodeAlert`: an alert without a rule.

use std::time::Duration;

use super::alert_id::AlertId;
use crate::alerts::evaluated::Labels;
use crate::alerts::level::Level;

/// An alert without a rule, which code of the service fires.
///
/// Its identity is its name, its component and its labels. The name is the text unless [`name`](Self::name) sets it, which a text
/// with changing parts needs.
///
/// ```
/// use tower_vitals::alerts::Level;
/// use tower_vitals::alerts::state::CodeAlert;
///
/// let first = CodeAlert::new("billing", "3 invoices failed", Level::Error).name("invoices_failed");
/// let later = CodeAlert::new("billing", "5 invoices failed", Level::Critical).name("invoices_failed");
/// assert_eq!(first.id(), later.id());
/// ```
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeAlert {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) level: Level,
    pub(super) labels: Labels,
    pub(super) auto_resolve: Option<Duration>,
}

impl CodeAlert {
    /// An alert of this component.
    pub fn new(component: impl Into<String>, text: impl Into<String>, level: Level) -> Self {
        let text = text.into();
        // The label `source` keeps it apart from a rule of the same name and labels.
        let labels = [
            ("component".into(), component.into()),
            ("source".into(), "code".into()),
        ];
        Self {
            name: text.clone(),
            text,
            level,
            labels: labels.into(),
            auto_resolve: None,
        }
    }

    /// The name, where the text has changing parts.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// A further label. `alertname`, `component` and `source` are taken, and ignored here.
    pub fn label(mut self, label: impl Into<String>, value: impl Into<String>) -> Self {
        let label = label.into();
        if !["alertname", "component", "source"].contains(&&*label) {
            self.labels.insert(label, value.into());
        }
        self
    }

    /// Resolves the alert when it was not fired again for this long. Without it, the alert fires until it is cleared or resolved.
    pub fn auto_resolve(mut self, after: Duration) -> Self {
        self.auto_resolve = Some(after);
        self
    }

    /// The identity.
    #[must_use]
    pub fn id(&self) -> AlertId {
        AlertId::of(&self.name, &self.labels)
    }
}
