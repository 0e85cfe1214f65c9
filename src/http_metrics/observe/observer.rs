//! `Observer`: sees a request beside its metrics.

use http::response;
use tracing::span::Entered;

use super::end::End;

/// Sees the response head and the end of one request, from the guard that records its metrics.
pub(crate) trait Observer: Send + Sync {
    /// Enters a span in which the metrics are recorded, unless the caller is inside it.
    fn enter(&self) -> Option<Entered<'_>> {
        None
    }

    fn on_head(&self, head: &response::Parts);

    /// Called once, when the metrics are recorded.
    fn on_end(&self, end: &End<'_>);
}
