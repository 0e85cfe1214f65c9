//! `History`: everything that [`Jobs`](crate::jobs::Jobs) stores.

use super::{ProblemStore, RunStore};

/// A store of runs and problems: every type that implements both traits.
///
/// The crate has three: in memory, in SQLite and in PostgreSQL. [`jobs::store`](crate::jobs::store) explains how to write
/// another one, and how to test it with the [conformance suite](crate::jobs::store#the-conformance-suite).
pub trait History: RunStore + ProblemStore {}

impl<S: RunStore + ProblemStore + ?Sized> History for S {}
