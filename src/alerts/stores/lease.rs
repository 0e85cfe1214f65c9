//! `Lease`: the right to write a ledger.

/// The right to write a ledger. Each new holder has a higher epoch, so a commit of a former holder is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lease {
    /// The number of the holding. 0 is for stores without leases.
    pub epoch: u64,
}

impl Lease {
    /// A lease of this epoch.
    #[must_use]
    pub fn new(epoch: u64) -> Self {
        Self { epoch }
    }

    /// A lease without an end, of a store that one process has for itself.
    #[must_use]
    pub fn endless() -> Self {
        Self::new(0)
    }
}
