//! `Plan`: the parts that open and write ledgers.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::context::Context;
use crate::alerts::delivery::Outlet;
use crate::alerts::losses::Losses;
use crate::alerts::notify::Policy;
use crate::alerts::state::Limits;
use crate::alerts::stores::AlertStore;
use crate::recorder::RecorderRef;

/// The parts that open and write ledgers.
pub(super) struct Plan {
    pub(super) context: Arc<Context>,
    pub(super) store: Arc<dyn AlertStore>,
    pub(super) policies: Vec<Policy>,
    pub(super) channels: Vec<Outlet>,
    pub(super) limits: Limits,
    pub(super) recorder: RecorderRef,
    pub(super) losses: Arc<Losses>,
    pub(super) runtime: Handle,
}
