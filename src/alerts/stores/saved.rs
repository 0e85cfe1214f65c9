//! `Saved`: a ledger as a store returns it.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::queued::Queued;

/// A ledger as a store returns it.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Saved {
    /// The time until which an engine watched. `None` for a ledger that was never written.
    pub seen: Option<SystemTime>,
    /// The documents, by name.
    pub documents: BTreeMap<String, Vec<u8>>,
    /// The outbox, the oldest first.
    pub outbox: Vec<Queued>,
}
