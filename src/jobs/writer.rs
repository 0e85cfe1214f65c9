//! `Writer`: writes queued events to the history.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use uuid::Uuid;

use super::run_record::RunRecord;
use super::run_status::RunStatus;
use super::state::State;
use super::store_call::{OutageLog, register, retry};
use crate::error::{Error, ErrorKind, logged};

/// The most events that are written by one call.
const BATCH: usize = 1000;

pub(super) struct Writer {
    pub(super) state: Arc<State>,
    pub(super) lease: Duration,
    /// Set once the history has its tables and the registered jobs.
    pub(super) prepared: watch::Sender<bool>,
}

impl Writer {
    /// Prepares the history, then writes events in the order of the queue. Each is retried until the history accepts it.
    pub(super) async fn run(&self) {
        let (history, queue) = (&self.state.history, &self.state.queue);
        let contact = &self.state.contact;
        retry(&OutageLog::new(contact, "prepare"), || history.prepare()).await;
        let jobs = self.state.registry.registrations();
        retry(&OutageLog::new(contact, "register jobs"), || {
            Box::pin(register(&**history, &jobs))
        })
        .await;
        self.prepared.send_replace(true);
        // When the history refuses a batch, its events are written one by one to find the refused one. That one is retried
        // without its message and metadata, and dropped if it is refused again.
        let (mut write_singly, mut refused) = (0_usize, None);
        let outages = OutageLog::new(contact, "write runs");
        loop {
            queue.filled().await;
            let max = if write_singly > 0 { 1 } else { BATCH };
            // The head of the queue is read again for each attempt, because an end may have replaced its start.
            let written = retry(&outages, || {
                let mut batch = queue.batch(max);
                if let [run] = &mut *batch.runs
                    && refused == Some(event_of(run))
                {
                    run.strip();
                }
                Box::pin(async move {
                    match history.write(&batch.runs, self.lease).await {
                        Err(error) if error.kind() != ErrorKind::Refused => Err(error),
                        result => Ok((batch, result)),
                    }
                })
            });
            let (batch, result) = written.await;
            if result.is_ok() {
                contact.wrote();
            }
            if let Err(error) = result {
                let [run] = &*batch.runs else {
                    write_singly = BATCH;
                    continue;
                };
                if refused != Some(event_of(run)) {
                    log_refused(run, &error, "a run: retrying without message and metadata");
                    refused = Some(event_of(run));
                    write_singly = write_singly.max(1);
                    continue;
                }
                log_refused(run, &error, "a run again: its event is dropped");
                self.state.drop_event(run);
            }
            refused = None;
            write_singly = write_singly.saturating_sub(1);
            self.state.forget(&batch.settle());
        }
    }
}

/// Identifies the start or the end of a run.
fn event_of(run: &RunRecord) -> (Uuid, RunStatus) {
    (run.id, run.status)
}

fn log_refused(run: &RunRecord, error: &Error, what: &str) {
    tracing::warn!(
        job = run.job_name,
        run = %run.id,
        error = logged(error),
        "the job history refused {what}"
    );
}
