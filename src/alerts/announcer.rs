use serde::{Deserialize, Serialize};

/// The sender of a rule's notifications. Alertmanager keeps one end for each alert, so only one of them may send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Announcer {
    /// The engine of this service notifies.
    #[default]
    Service,
    /// Prometheus evaluates the exported rule and notifies. The engine evaluates and shows the rule, too, but never notifies.
    Prometheus,
}
