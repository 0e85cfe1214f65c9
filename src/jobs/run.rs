use std::fmt;
use std::mem;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Map, Value};
use uuid::Uuid;

/// The most metadata values that a run can set.
const MAX_VALUES: usize = 64;

/// A run as its own work sees it. It adds metadata to the run's record, and can mark the run as failed.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use tower_vitals::jobs::{Job, Jobs};
///
/// const IMPORT: Job = Job::named("import");
/// let jobs = Jobs::builder().run()?;
/// jobs.monitor_with(IMPORT, |run| async move {
///     run.set("rows", 120);
///     if 120 < 200 {
///         run.fail("fewer than 200 rows");
///     }
///     Ok::<_, std::io::Error>(())
/// })
/// .await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Run {
    id: Uuid,
    notes: Arc<Mutex<Notes>>,
}

/// What the work has reported so far.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) metadata: Map<String, Value>,
    pub(super) failure: Option<String>,
}

impl Run {
    pub(super) fn new(id: Uuid, metadata: Map<String, Value>) -> Self {
        let failure = None;
        let notes = Arc::new(Mutex::new(Notes { metadata, failure }));
        Self { id, notes }
    }

    /// Returns the id of the run in the history.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Sets a metadata value. A run has at most 64; further names are ignored. Secrets are redacted.
    pub fn set(&self, name: impl Into<String>, value: impl Into<Value>) {
        let (name, value) = (name.into(), value.into());
        let metadata = &mut self.notes.lock().metadata;
        if metadata.len() < MAX_VALUES || metadata.contains_key(&name) {
            metadata.insert(name, value);
        }
    }

    /// Marks the run as failed with this error, even if its work returns `Ok`.
    pub fn fail(&self, error: impl fmt::Display) {
        let error = error.to_string();
        self.notes.lock().failure = Some(error);
    }

    pub(super) fn take_notes(&self) -> Notes {
        mem::take(&mut self.notes.lock())
    }
}

debug_fields!(Run { id });
