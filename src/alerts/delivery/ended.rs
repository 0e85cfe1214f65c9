//! `Ended`: the reason why the worker ended.

/// The reason why the worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ended {
    /// The store refused a commit: another engine has the ledger. Whoever wants to go on takes a lease, loads the ledger and
    /// starts another worker.
    LeaseLost,
    /// It was drained.
    Drained,
}
