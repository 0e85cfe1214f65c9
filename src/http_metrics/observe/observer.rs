//! `Observer`: sees a request beside its metrics.

use http::response;

use super::end::End;

/// Sees the response head and the end of one request, from the guard that records its metrics.
pub(crate) trait Observer: Send + Sync {
    fn on_head(&self, head: &response::Parts);

    /// Called once, when the metrics are recorded.
    fn on_end(&self, end: &End<'_>);
}
