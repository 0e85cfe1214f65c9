#![doc = include_str!("../../../docs/job_store.md")]

pub use futures_core::future::BoxFuture;

pub use super::{
    History, JobState, JobStates, JobStats, ProblemStore, Registration, Retention, RunQuery,
    RunStore, RunTotals, StateDelta,
};
pub use crate::error::Error;
pub use crate::jobs::{Problem, ProblemKind, RunRecord, RunStatus, Uuid};
