//! `LedgerKind`: the owner of a ledger's alerts.

/// The owner of a ledger's alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LedgerKind {
    /// The only engine of its store.
    Local,
    /// One instance, in a store that several share.
    Instance,
    /// All instances, which take turns.
    Shared,
}

impl LedgerKind {
    /// The name in logs, in metrics and in the ids of silences.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Instance => "instance",
            Self::Shared => "shared",
        }
    }
}
