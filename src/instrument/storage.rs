use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;

use metrics::Counter;

use super::observe::Observe;
use crate::catalog::STORAGE_OPERATIONS;
use crate::recorder::{LazyHandle, RecorderRef};

/// Operations of a store: `storage_operations_total{operation, namespace}`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use tower_vitals::instrument::Storage;
///
/// let get = Storage::new("get", "sessions");
/// get.record();
/// let session: Result<u64, String> = get.observe(async { Ok(7) }).await;
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Storage {
    operations: Arc<LazyHandle<Counter>>,
}

impl Storage {
    /// Creates an instrument for this operation on this namespace. Do not pass keys: each pair is a series.
    pub fn new(
        operation: impl Into<Cow<'static, str>>,
        namespace: impl Into<Cow<'static, str>>,
    ) -> Self {
        let key = STORAGE_OPERATIONS.key([operation.into().into(), namespace.into().into()]);
        Self {
            operations: Arc::new(LazyHandle::zero(&RecorderRef::default(), key)),
        }
    }

    recorder_setter!(handles: operations);

    /// Counts one operation.
    pub fn record(&self) {
        self.operations.record(|counter| counter.increment(1));
    }

    /// Counts `operation` when it ends, however it ends.
    pub fn observe<F, T, E>(&self, operation: F) -> Observe<'_, F>
    where
        F: Future<Output = Result<T, E>>,
    {
        Observe::new(&*self.operations, operation)
    }
}
