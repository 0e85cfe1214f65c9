//! `Slos`: SLOs that were checked.

use std::ops::Deref;

use super::slo::Slo;

/// SLOs that were checked. A slice of [`Slo`] in all other respects.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Slos(Vec<Slo>);

impl Slos {
    pub(super) fn new(slos: Vec<Slo>) -> Self {
        Self(slos)
    }

    /// Returns the SLO of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Slo> {
        self.0.iter().find(|slo| slo.name == name)
    }
}

impl Deref for Slos {
    type Target = [Slo];

    fn deref(&self) -> &[Slo] {
        &self.0
    }
}
