//! `Totals`: the alerts of all rules.

/// The alerts of all rules, so that no evaluation of one rule must count those of the others.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Totals {
    /// Those that are held, also those that code fired.
    pub(super) held: usize,
    /// The other members of rules.
    pub(super) idle: usize,
}
