//! `Running`: a running exporter.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::export_loop::{Deadline, ExportLoop};
use super::exporter::Exporter;
use super::span_queue::SpanQueue;
use crate::error::Error;
use crate::time::later_instant;

/// A running exporter. It ends when it is shut down, or when this is dropped.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) queue: Arc<SpanQueue>,
    shutdown: watch::Sender<Deadline>,
    done: watch::Receiver<bool>,
}

impl Running {
    pub(super) fn start(
        queue: SpanQueue,
        delay: Duration,
        exporter: impl FnOnce() -> Result<Exporter, Error>,
    ) -> Result<Self, Error> {
        let queue = Arc::new(queue);
        let (shutdown, deadline) = watch::channel(None);
        let (done, is_done) = watch::channel(false);
        let export = ExportLoop {
            queue: Arc::clone(&queue),
            delay,
            shutdown: deadline,
            done,
        };
        export.spawn(exporter)?;
        Ok(Self {
            queue,
            shutdown,
            done: is_done,
        })
    }

    /// Takes no more spans, and waits until those in the queue are sent or given up. The first deadline counts.
    pub(super) async fn shut_down(&self, timeout: Duration) {
        self.queue.close();
        let deadline = later_instant(Instant::now(), timeout);
        self.shutdown.send_if_modified(|shutdown| {
            let is_first = shutdown.is_none();
            shutdown.get_or_insert(deadline);
            is_first
        });
        // Fails if the thread is gone. There is no timeout here, because the thread keeps the deadline.
        let _ = self.done.clone().wait_for(|is_done| *is_done).await;
    }
}
