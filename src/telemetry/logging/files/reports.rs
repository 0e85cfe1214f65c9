//! `Reports`: what a sink tells of its faults, in its own file and in the other logs.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::loss::Loss;
use super::shared::Shared;
use crate::measure::Instant;
use crate::outage::{Outage, Transition};
use crate::panics::caught_here;

/// The time from one report of lost lines to the next, and from the first lost line to its report if losses go on.
const PERIOD: Duration = Duration::from_secs(60);

/// Makes a line of a loss.
pub(super) type LossLine = Box<dyn Fn(&Loss) -> String + Send>;

/// The faults of one sink. Each is reported when it starts and when it ends, at most once a minute.
///
/// The events that this emits go to the sinks of the other logs, but not to the one that they are about. That one gets a line about
/// its lost lines.
pub(super) struct Reports {
    loss_line: LossLine,
    /// The lost lines that were reported.
    reported: u64,
    /// Those of the report that is being written.
    pending: u64,
    last_report: Option<Instant>,
    /// When the loss that is not reported yet was first seen.
    first_seen: Option<Instant>,
    /// Why the file could not be written since the last report.
    failure: Option<String>,
    writing: Outage,
    rotating: Outage,
    compressing: Outage,
    /// It was reported that others write to the file.
    is_shared: bool,
}

impl Reports {
    pub(super) fn new(loss_line: LossLine) -> Self {
        Self {
            loss_line,
            reported: 0,
            pending: 0,
            last_report: None,
            first_seen: None,
            failure: None,
            writing: Outage::default(),
            rotating: Outage::default(),
            compressing: Outage::default(),
            is_shared: false,
        }
    }

    /// The line about lost lines, if it is due: when the loss is over, or has gone on for a while.
    pub(super) fn loss(&mut self, shared: &Shared, is_last: bool) -> Option<Vec<u8>> {
        let total = shared.lost.total();
        if total == self.reported {
            self.failure = None;
            return None;
        }
        let first_seen = *self.first_seen.get_or_insert_with(Instant::now);
        let is_over = shared.queue.is_empty() && self.pause().is_zero();
        if !is_over && !is_last && first_seen.elapsed() < PERIOD {
            return None;
        }
        self.pending = total;
        let loss = Loss {
            lines: total - self.reported,
            reason: match &self.failure {
                Some(failure) => format!("the file could not be written: {failure}"),
                None => "the queue was full".to_owned(),
            },
        };
        let Ok(line) = caught_here(|| (self.loss_line)(&loss)) else {
            // It would panic again and again. The panic hook has logged it.
            self.loss_is_reported();
            return None;
        };
        let mut line = line.into_bytes();
        if line.last() != Some(&b'\n') {
            line.push(b'\n');
        }
        Some(line)
    }

    pub(super) fn loss_is_reported(&mut self) {
        self.reported = self.pending;
        self.last_report = Some(Instant::now());
        self.first_seen = None;
        self.failure = None;
    }

    /// The time until the next report of a loss may be written. `None` without a loss.
    pub(super) fn next_loss(&self, shared: &Shared) -> Option<Duration> {
        (shared.lost.total() != self.reported).then(|| self.pause())
    }

    fn pause(&self) -> Duration {
        let left = |last: Instant| PERIOD.saturating_sub(last.elapsed());
        self.last_report.map_or(Duration::ZERO, left)
    }

    pub(super) fn writing(&mut self, file: &Path, result: &io::Result<()>) {
        if let Err(error) = result {
            self.failure = Some(error.to_string());
        }
        let file = file.display();
        match (self.writing.update(result.is_err()), result) {
            (Some(Transition::Started), Err(error)) => tracing::error!(
                %file,
                error = error as &dyn std::error::Error,
                left_out = self.writing.left_out(),
                "a log file cannot be written; its lines wait in memory, and are lost when that is full"
            ),
            (Some(Transition::Ended), _) => tracing::warn!(%file, "a log file is written again"),
            _ => {}
        }
    }

    pub(super) fn rotating(&mut self, file: &Path, trouble: Option<&io::Error>) {
        let file = file.display();
        match (self.rotating.update(trouble.is_some()), trouble) {
            (Some(Transition::Started), Some(error)) => tracing::error!(
                %file,
                error = error as &dyn std::error::Error,
                left_out = self.rotating.left_out(),
                "a log file cannot be rotated or opened again; the old file is written further"
            ),
            (Some(Transition::Ended), _) => tracing::warn!(%file, "a log file is rotated again"),
            _ => {}
        }
    }

    /// Reports once that others write to the file.
    pub(super) fn sharing(&mut self, file: &Path, is_shared: bool) {
        if is_shared && !self.is_shared {
            self.is_shared = true;
            tracing::warn!(
                file = %file.display(),
                "another process writes to a log file, too; when both rotate it, they lose backups"
            );
        }
    }

    pub(super) fn compressing(&mut self, file: &Path, result: &io::Result<()>) {
        if let (Some(Transition::Started), Err(error)) =
            (self.compressing.update(result.is_err()), result)
        {
            tracing::warn!(
                file = %file.display(),
                error = error as &dyn std::error::Error,
                "a backup of a log file cannot be compressed"
            );
        }
    }
}
