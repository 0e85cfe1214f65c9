//! `CodeAlert`: an alert without a rule.

use std::time::Duration;

use super::alert_id::AlertId;
use crate::alerts::labels::Labels;
use crate::alerts::level::Level;
use crate::alerts::redacted;

/// An alert without a rule, which code of the service fires.
///
/// Its identity is its name, its component and its labels. The name is the text (its first 256 bytes) unless [`name`](Self::name) sets it, which a text
/// with changing parts needs. Secrets in its texts are masked. Alerts that differ only in a secret of a label are two.
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
#[derive(Clone, PartialEq, Eq)]
pub struct CodeAlert {
    pub(super) name: String,
    pub(super) text: String,
    pub(in crate::alerts) level: Level,
    pub(super) labels: Labels,
    pub(super) auto_resolve: Option<Duration>,
}

debug_redacted!(CodeAlert {
    name,
    text,
    level,
    labels,
    auto_resolve
});

/// Longer texts are cut.
const MAX_TEXT: usize = 4096;
const MAX_NAME: usize = 256;
/// Further labels are left out.
const MAX_LABELS: usize = 32;

impl CodeAlert {
    /// An alert of this component.
    pub fn new(component: impl Into<String>, text: impl Into<String>, level: Level) -> Self {
        Self::of(&text.into(), level).component(component)
    }

    /// An alert of no component.
    pub(super) fn of(text: &str, level: Level) -> Self {
        let text = cut(redacted::text(text), MAX_TEXT);
        Self {
            name: cut(text.clone(), MAX_NAME),
            text,
            level,
            // The label `source` keeps it apart from a rule of the same name and labels.
            labels: [("source".into(), "code".into())].into(),
            auto_resolve: None,
        }
    }

    /// The component that the alert is about.
    pub fn component(mut self, component: impl Into<String>) -> Self {
        let component = cut(component.into(), MAX_NAME);
        let component = redacted::sealed("component", &component).into_owned();
        self.labels.insert("component".into(), component);
        self
    }

    /// The name, where the text has changing parts. At most 256 bytes; more are cut.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = cut(redacted::text(&name.into()), MAX_NAME);
        self
    }

    /// A further label. `alertname`, `component` and `source` are taken, and ignored here. At most 30, of at most 256 bytes; more are
    /// left out, and longer ones cut.
    pub fn label(mut self, label: impl Into<String>, value: impl Into<String>) -> Self {
        let label = cut(redacted::text(&label.into()), MAX_NAME);
        let is_taken = ["alertname", "component", "source"].contains(&&*label);
        if !is_taken && (self.labels.len() < MAX_LABELS || self.labels.contains_key(&label)) {
            let value = cut(value.into(), MAX_NAME);
            let value = redacted::sealed(&label, &value).into_owned();
            self.labels.insert(label, value);
        }
        self
    }

    /// Resolves the alert when it was not fired again for this long. Without it, the alert fires until it is cleared or resolved.
    pub fn auto_resolve(mut self, after: Duration) -> Self {
        self.auto_resolve = Some(after);
        self
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The identity.
    #[must_use]
    pub fn id(&self) -> AlertId {
        AlertId::of(&self.name, &self.labels)
    }
}

/// Cuts a text at the end of a character.
fn cut(mut text: String, max: usize) -> String {
    if text.len() > max {
        let ends = (0..=max).rev();
        text.truncate(
            ends.into_iter()
                .find(|end| text.is_char_boundary(*end))
                .unwrap_or(0),
        );
    }
    text
}
