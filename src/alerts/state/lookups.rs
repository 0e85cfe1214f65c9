//! The alerts and the rules that the state knows.

use std::collections::BTreeSet;

use super::alert::Alert;
use super::alert_id::AlertId;
use super::state::State;

impl State {
    /// All known alerts, also inactive and resolved ones.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        let members = self.groups().flat_map(|group| group.members.iter());
        members.map(|member| &member.alert)
    }

    /// Whether an alert of this identity is known.
    #[must_use]
    pub fn knows(&self, id: AlertId) -> bool {
        self.alerts().any(|alert| alert.id == id)
    }

    /// An alert that code fired.
    pub(in crate::alerts) fn fired(&self, id: AlertId) -> Option<&Alert> {
        let group = self.fired.get(&id)?;
        group.members.iter().map(|member| &member.alert).next()
    }

    /// The names of the rules that were evaluated.
    pub fn rule_names(&self) -> impl Iterator<Item = &str> {
        self.rules.names()
    }

    /// The names of the alerts that code fired, each once.
    #[must_use]
    pub fn fired_names(&self) -> BTreeSet<&str> {
        self.fired.values().map(|group| &*group.name).collect()
    }
}
