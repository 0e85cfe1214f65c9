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
    /// The pause after the last failure. `None` if the file is written.
    retry: Option<Duration>,
    active: ActiveFile,
    /// The thread ends after this turn.
    is_last: bool,
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
            retry: None,
            active,
            is_last: false,
        }
    }

    pub(super) fn run(mut self) {
        self.shared.enter();
        let mut pause = Pause::Idle(None);
        loop {
            match caught_here(|| self.turn(pause)) {
                Ok(Some(next)) => pause = next,
                Ok(None) => break,
                // A recorder or a layer of the service, which the reports call. It may panic at each turn.
                Err(_) if self.shared.queue.is_open() => pause = Pause::Fixed(RETRIES.0),
                Err(_) if self.is_last => break,
                Err(_) => pause = Pause::None,
            }
        }
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

    /// Returns the pause before the next turn, or `None` after the last one.
    fn turn(&mut self, pause: Pause) -> Option<Pause> {
        let turn = self.shared.queue.take(pause, &mut self.batch);
        if turn.stage == Stage::Closed {
            return None;
        }
        // What is open may be broken for good, unlike the file at the path.
        if turn.reopens || self.retry.is_some() {
            self.file.reopen();
        } else if !self.batch.is_empty() {
            self.file.follow();
        }
        let took = !self.batch.is_empty();
        self.is_last = turn.stage != Stage::Open && !took;
        let result = self.write_batch();
        self.shared.queue.tell_progress();
        let result = result.and_then(|()| self.write_report(self.is_last));
        self.is_last |= turn.stage == Stage::Orphaned && result.is_err();
        self.note(&result);
        if self.is_last {
            return None;
        }
        self.shared.lost.publish();
        Some(self.next_pause(took))
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
        while let Some(mut chunk) = self.batch.pop_front() {
            let (written, result) = self.file.write(chunk.bytes());
            if result.is_err() {
                let lines = chunk.advance(written);
                self.shared.queue.settle_lines(lines);
                self.batch.push_front(chunk);
                return result;
            }
            self.shared.queue.settle(chunk);
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
        self.reports
            .sharing(self.file.path(), self.file.is_shared());
    }
}
