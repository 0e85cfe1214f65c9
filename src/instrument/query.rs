use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use metrics::Histogram;

use super::observe::Observe;
use crate::catalog::DB_QUERY_DURATION;
use crate::recorder::{LazyHandle, RecorderRef};

/// Database queries of one type: `db_query_duration_seconds{query_type}`.
///
/// The duration of every query is recorded, however it ends, because failed and cancelled queries load the database as well.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use tower_vitals::instrument::Query;
///
/// let select = Query::new("select");
/// let rows: Result<Vec<u64>, String> = select.observe(async { Ok(vec![1, 2]) }).await;
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Query {
    duration: Arc<LazyHandle<Histogram>>,
}

impl Query {
    /// Creates an instrument for queries of this type: `select`, `insert`, or a name of your own. Do not pass the statement:
    /// each type is a series.
    pub fn new(query_type: impl Into<Cow<'static, str>>) -> Self {
        let key = DB_QUERY_DURATION.key([query_type.into().into()]);
        Self {
            duration: Arc::new(LazyHandle::zero(&RecorderRef::default(), key)),
        }
    }

    recorder_setter!(handles: duration);

    /// Records the duration of `query`.
    pub fn observe<F, T, E>(&self, query: F) -> Observe<'_, F>
    where
        F: Future<Output = Result<T, E>>,
    {
        Observe::new(&*self.duration, query)
    }

    /// Records a query that was measured elsewhere.
    pub fn record(&self, duration: Duration) {
        self.duration
            .record(|histogram| histogram.record(duration.as_secs_f64()));
    }
}
