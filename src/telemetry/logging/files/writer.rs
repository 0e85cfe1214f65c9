//! `Writer`: the thread that writes the lines of a sink.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::active_files::ActiveFile;
use super::chunk::Chunk;
use super::queue::Pause;
use super::queue_state::Stage;
use super::reports::Reports;
use super::rotating_file::RotatingFile;
use super::shared::Shared;
use crate::panics::caught_here;

/// The time between two attempts to write a file that cannot be written, at first and at most.
const RETRIES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

pub(super) struct Writer {
    shared: Arc<Shared>,
    file: RotatingFile,
    reports: Reports,
    /// What was taken from the queue.
    batch: VecDeque<Chunk>,
    /// The bytes of the first chunk that are in the file.
    written: usize,
    /// The pause after the last failure. `None` if the file is written.
    retry: Option<Duration>,
    active: ActiveFile,
}

impl Writer {
    pub(super) fn new(
        shared: Arc<Shared>,
        file: RotatingFile,
        reports: Reports,
        active: ActiveFile,
    ) -> Self {
        Self {
            shared,
            file,
            reports,
            batch: VecDeque::new(),
            written: 0,
            retry: None,
            active,
        }
    }

    pub(super) fn run(mut self) {
        self.shared.enter();
        // A recorder or a layer of the service, which the reports call, may panic.
        let _ = caught_here(|| self.work());
        self.file.stop_compressing();
        let Self {
            shared,
            file,
            active,
            ..
        } = self;
        // Whoever waits for the end may open the file again at once.
        drop((file, active));
        shared.close();
    }

    fn work(&mut self) {
        let mut pause = Pause::Idle(None);
        loop {
            let turn = self.shared.queue.take(pause, &mut self.batch);
            if turn.stage == Stage::Closed {
                return;
            }
            if turn.reopens {
                self.file.reopen();
            } else if !self.batch.is_empty() {
                self.file.follow();
            }
            let took = !self.batch.is_empty();
            let is_last = turn.stage != Stage::Open && !took;
            let result = self.write_batch().and_then(|()| self.write_report(is_last));
            self.note(&result);
            let gives_up = turn.stage == Stage::Orphaned && result.is_err();
            if is_last || gives_up {
                return;
            }
            self.shared.lost.publish();
            pause = self.next_pause(took);
        }
    }

    fn next_pause(&mut self, took: bool) -> Pause {
        if let Some(retry) = self.retry {
            return Pause::Fixed(retry);
        }
        if self.file.is_compressing() {
            let result = self.file.compress();
            self.reports.compressing(self.file.path(), &result);
            return Pause::None;
        }
        if took {
            return Pause::Short;
        }
        Pause::Idle(self.reports.next_loss(&self.shared))
    }

    fn write_batch(&mut self) -> io::Result<()> {
        while let Some(chunk) = self.batch.front() {
            let (count, result) = self.file.write(&chunk.bytes()[self.written..]);
            self.written += count;
            result?;
            self.written = 0;
            if let Some(chunk) = self.batch.pop_front() {
                self.shared.queue.settle(chunk);
            }
        }
        Ok(())
    }

    /// Writes the report of lost lines, if it is due.
    fn write_report(&mut self, is_last: bool) -> io::Result<()> {
        let Some(line) = self.reports.loss(&self.shared, is_last) else {
            return Ok(());
        };
        let (_, result) = self.file.write(&line);
        if result.is_ok() {
            self.reports.loss_is_reported();
        }
        result
    }

    fn note(&mut self, result: &io::Result<()>) {
        let was_failing = self.retry.is_some();
        self.retry = result.is_err().then(|| match self.retry {
            None => RETRIES.0,
            Some(retry) => (retry * 2).min(RETRIES.1),
        });
        if self.retry.is_some() != was_failing {
            self.shared.queue.set_failing(self.retry.is_some());
        }
        self.reports.writing(self.file.path(), result);
        self.reports.rotating(self.file.path(), self.file.trouble());
    }
}
