//! The task that writes what happened to the history.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use tokio::time::sleep;
use uuid::Uuid;

use super::ask::{Outage, logged, patiently, register};
use super::record::{RunRecord, RunStatus};
use super::registry::Inner;
use crate::error::{Error, ErrorKind};

/// Events that are written at once.
const BATCH: usize = 1000;

/// Between attempts, doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

pub(super) struct Writer {
    pub(super) jobs: Arc<Inner>,
    pub(super) lease: Duration,
}

impl Writer {
    /// Whatever was put into the queue, in its order, each until it is written.
    pub(super) async fn write(&self) {
        self.until_it_works("be prepared", || self.jobs.history.prepare())
            .await;
        let known = self.jobs.registrations();
        self.until_it_works("be told of jobs", || {
            Box::pin(register(&*self.jobs.history, &known))
        })
        .await;
        self.jobs.is_prepared.send_replace(true);
        // How many events are tried each alone, for one of them is refused; and that one then, as bare as it can be.
        let (mut alone, mut refused) = (0_usize, None);
        loop {
            self.jobs.queue.filled().await;
            let most = if alone > 0 { 1 } else { BATCH };
            let written = self
                .until_it_works("be written to", || self.write_some(most, refused))
                .await;
            if let Written::Refused(runs, error) = written {
                let [run] = &*runs else {
                    alone = BATCH;
                    self.jobs.queue.unsettle();
                    continue;
                };
                if refused != Some(event_of(run)) {
                    report_refused(run, &error, "what a run tells of itself");
                    refused = Some(event_of(run));
                    alone = alone.max(1);
                    self.jobs.queue.unsettle();
                    continue;
                }
                self.leave_out(run, &error);
            }
            refused = None;
            alone = alone.saturating_sub(1);
            let ended = self.jobs.queue.settle();
            let mut running = self.jobs.running();
            for id in ended {
                running.remove(&id);
            }
        }
    }

    /// What is first in the queue, anew at each attempt: meanwhile an end may have taken its start's place. The event that was refused alone, should it be first still, goes without what its run tells of itself.
    fn write_some(
        &self,
        most: usize,
        refused: Option<Event>,
    ) -> BoxFuture<'_, Result<Written, Error>> {
        let mut batch = latest(self.jobs.queue.batch(most));
        if let [run] = &mut *batch
            && refused == Some(event_of(run))
        {
            run.strip();
        }
        Box::pin(async move {
            match self.jobs.history.write(&batch, self.lease).await {
                Ok(()) => Ok(Written::All),
                Err(error) if error.kind() == ErrorKind::Refused => {
                    Ok(Written::Refused(batch, error))
                }
                Err(error) => {
                    self.jobs.queue.unsettle();
                    Err(error)
                }
            }
        })
    }

    fn leave_out(&self, run: &RunRecord, error: &Error) {
        report_refused(run, error, "a run, which is left out");
        self.jobs.leave_out(run);
        // An end may have been its start as well; told twice, a start is the same.
        if let Some(job) = self.jobs.of_record(run) {
            job.has_not_told(run.started_at);
        }
    }

    async fn until_it_works<'a, T>(
        &'a self,
        what: &'static str,
        attempt: impl Fn() -> BoxFuture<'a, Result<T, Error>>,
    ) -> T {
        let mut pause = FIRST_PAUSE;
        let mut outage = Outage::of(what);
        loop {
            if let Ok(done) = outage.tell(patiently(&attempt).await) {
                return done;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// A run's start, or how it ended.
type Event = (Uuid, RunStatus);

fn event_of(run: &RunRecord) -> Event {
    (run.id, run.status)
}

/// What became of a batch.
enum Written {
    All,
    /// One of these is why.
    Refused(Vec<RunRecord>, Error),
}

fn report_refused(run: &RunRecord, error: &Error, what: &str) {
    tracing::warn!(
        job = run.job_name,
        run = %run.id,
        error = logged(error),
        "the history of jobs does not take {what}"
    );
}

/// Of several events of one run the last, in the place of the first: it says all that they did.
fn latest(batch: Vec<RunRecord>) -> Vec<RunRecord> {
    let mut places: HashMap<Uuid, usize> = HashMap::new();
    let mut latest: Vec<RunRecord> = Vec::with_capacity(batch.len());
    for run in batch {
        if let Some(place) = places.get(&run.id) {
            latest[*place] = run;
        } else {
            places.insert(run.id, latest.len());
            latest.push(run);
        }
    }
    latest
}
