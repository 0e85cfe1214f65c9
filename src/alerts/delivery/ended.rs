//! `Ended`: the reason why the worker ended.

/// The reason why the worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ended {
    /// The store refused a commit: another engine has the ledger. To go on, drop this worker, take a lease, load the ledger, and
    /// start another worker.
    LeaseLost,
    /// It was drained.
    Drained,
}
