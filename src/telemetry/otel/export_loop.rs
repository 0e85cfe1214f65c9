//! `ExportLoop`: the thread that exports spans.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::trace::SpanData;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::batch::Batch;
use super::exporter::{Exported, Exporter};
use super::failure::{Failure, Retry};
use super::reporter::Reporter;
use super::span_queue::SpanQueue;
use crate::error::{Error, ErrorKind};
use crate::panics::{Panic, caught, caught_here, message};
use crate::redact::redact_line;
use crate::thread;
use crate::time::later_instant;

/// The deadline of the shutdown, once it has begun.
pub(super) type Deadline = Option<Instant>;

/// Overflows of the queue are reported so often during a pause.
const REPORTS: Duration = Duration::from_secs(10);

/// Exports spans in batches: when a whole one waits, and after the delay.
pub(super) struct ExportLoop {
    pub(super) queue: Arc<SpanQueue>,
    pub(super) delay: Duration,
    pub(super) shutdown: watch::Receiver<Deadline>,
    /// Becomes true at the end.
    pub(super) done: watch::Sender<bool>,
}

impl ExportLoop {
    /// Starts a thread with a runtime of its own: the service's runtime may be busy, or end before the spans are sent. `exporter` is
    /// called in this runtime.
    pub(super) fn spawn(
        self,
        exporter: impl FnOnce() -> Result<Exporter, Error>,
    ) -> Result<(), Error> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| {
            Error::new(ErrorKind::Io, "the exporter of spans cannot be started").with_source(error)
        })?;
        let exporter = {
            let _entered = runtime.enter();
            exporter()?
        };
        thread::spawn("tower-vitals-traces", move || self.run(runtime, &exporter))
    }

    fn run(self, runtime: Runtime, exporter: &Exporter) {
        // The requests of this thread create no spans.
        let _quiet = Context::enter_telemetry_suppressed_scope();
        runtime.block_on(self.export(exporter));
        drop(self);
        // Does not wait for a look-up of a name that hangs.
        runtime.shutdown_background();
    }

    async fn export(&self, exporter: &Exporter) {
        let mut reporter = Reporter::default();
        let mut not_before = Instant::now();
        loop {
            let is_last = self.wait().await;
            reporter.overflows(&self.queue.counters);
            let is_in_time = self.export_batches(exporter, &mut reporter, &mut not_before);
            if !is_in_time.await || is_last {
                break;
            }
        }
        reporter.overflows(&self.queue.counters);
    }

    /// Waits for a whole batch, or for the delay. Returns whether the exporter shuts down.
    async fn wait(&self) -> bool {
        let mut shutdown = self.shutdown.clone();
        tokio::select! {
            () = self.queue.batch() => {}
            () = sleep_until(later_instant(Instant::now(), self.delay)) => {}
            // The sender is gone if all handles and layers are dropped: their spans are sent, and no more can come.
            _ = shutdown.wait_for(Option::is_some) => return true,
        }
        false
    }

    /// Exports the spans that wait now. Returns false if the deadline of the shutdown came.
    async fn export_batches(
        &self,
        exporter: &Exporter,
        reporter: &mut Reporter,
        not_before: &mut Instant,
    ) -> bool {
        loop {
            let spans = self.queue.take();
            if spans.is_empty() {
                return true;
            }
            if !self.pause(*not_before, reporter).await {
                self.queue.counters.shutdown.add(spans.len() as u64);
                return false;
            }
            match self.export_spans(spans, exporter, reporter).await {
                Some(asked) => *not_before = later_instant(Instant::now(), asked),
                None => return false,
            }
            // Less than a batch waits for the delay, unless no more spans can come.
            if !self.queue.has_batch() && self.is_running() {
                return true;
            }
        }
    }

    /// Waits for the end of the pause that the collector asked for. Returns false if the deadline of the shutdown came.
    async fn pause(&self, end: Instant, reporter: &mut Reporter) -> bool {
        while Instant::now() < end {
            tokio::select! {
                () = sleep_until(end.min(later_instant(Instant::now(), REPORTS))) => {}
                () = self.deadline() => return false,
            }
            reporter.overflows(&self.queue.counters);
        }
        true
    }

    /// Exports these spans, in several batches if the collector asks for smaller ones, which share the time of one. Returns the pause
    /// that the collector asked for if it is longer than that time, and `None` if the deadline of the shutdown came.
    async fn export_spans(
        &self,
        spans: Vec<SpanData>,
        exporter: &Exporter,
        reporter: &Reporter,
    ) -> Option<Duration> {
        let counters = &self.queue.counters;
        let count = spans.len() as u64;
        let mut batches = match caught_here(|| exporter.batch(spans)) {
            Ok(batch) => vec![batch],
            Err(panic) => {
                reporter.exported(&panicked(&panic), count, counters);
                return Some(Duration::ZERO);
            }
        };
        let deadline = exporter.deadline();
        let mut asked = Duration::ZERO;
        while let Some(mut batch) = batches.pop() {
            let mut count = batch.len() as u64;
            let end = tokio::select! {
                end = caught(exporter.export(&batch, deadline, counters)) => end.unwrap_or_else(|panic| panicked(&panic)),
                () = self.deadline() => {
                    counters.shutdown.add(count + spans_of(&batches));
                    return None;
                }
            };
            if matches!(end, Exported::TooLarge(_))
                && let Some(second) = batch.halve()
            {
                batches.extend([second, batch]);
                continue;
            }
            if let Exported::Failed(failure) = &end
                && failure.retry != Retry::Never
            {
                // The time of the other parts is over, too.
                count += spans_of(&batches);
                batches.clear();
                if let Retry::After(pause) = failure.retry {
                    asked = pause;
                }
            }
            reporter.exported(&end, count, counters);
        }
        Some(asked)
    }

    fn is_running(&self) -> bool {
        // An error says that all handles and layers are gone.
        self.shutdown.has_changed().is_ok() && self.shutdown.borrow().is_none()
    }

    /// Waits for the deadline of the shutdown.
    async fn deadline(&self) {
        let mut shutdown = self.shutdown.clone();
        let deadline = match shutdown.wait_for(Option::is_some).await {
            Ok(deadline) => *deadline,
            Err(_) => None,
        };
        match deadline {
            Some(deadline) => sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    }
}

/// Runs after a panic that ended the thread, too: the spans that wait, and those that end later, are counted, and no shutdown waits.
impl Drop for ExportLoop {
    fn drop(&mut self) {
        self.queue.close();
        // The recorder may panic.
        drop(caught_here(|| self.queue.give_up()));
        self.done.send_replace(true);
    }
}

fn spans_of(batches: &[Batch]) -> u64 {
    batches.iter().map(|batch| batch.len() as u64).sum()
}

/// The end of a batch whose export panicked, in the recorder of the service for one.
fn panicked(panic: &Panic) -> Exported {
    let message = redact_line(message(&**panic), 200);
    Exported::Failed(Failure {
        message: format!("the export panicked: {message}"),
        retry: Retry::Never,
    })
}
