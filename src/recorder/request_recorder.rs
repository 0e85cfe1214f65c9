//! `RequestRecorder`: what the crate's own recorder offers beyond the facade.

use std::sync::Arc;

use metrics::Key;

use crate::cells::RequestCells;

/// A recorder that counts a request in one object instead of three handles. Only the crate's own recorder implements it.
pub(crate) trait RequestRecorder: Send + Sync {
    /// Returns the cells of a gauge and a duration histogram, the same ones for the same keys. `None` if one of both is not
    /// admitted, because of the series limit or the kind of its name: use the facade then.
    fn request_cells(&self, in_progress: Option<&Key>, duration: &Key)
    -> Option<Arc<RequestCells>>;

    /// Returns the slot that counts the endings that this counter shows, the same one for the same key. `None` if the counter
    /// is not admitted or all slots are taken: use the facade then.
    fn ending_slot(&self, cells: &Arc<RequestCells>, requests: &Key) -> Option<usize>;
}
