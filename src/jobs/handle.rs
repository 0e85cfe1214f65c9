//! `Handle`: the shared state, and ownership of the tasks.

use std::sync::Arc;

use super::state::State;
use super::tasks::Tasks;

/// Held by `Jobs` and by every run, so that the tasks write a run that outlives its `Jobs`.
#[derive(Clone)]
pub(super) struct Handle {
    pub(super) state: Arc<State>,
    /// Dropping the last handle ends the tasks.
    pub(super) _tasks: Arc<Tasks>,
}
