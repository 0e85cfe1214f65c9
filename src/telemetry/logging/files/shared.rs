//! `Shared`: what the handles of a sink and its thread have in common.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::chunk::count_lines;
use super::lost_lines::LostLines;
use super::queue::Queue;

thread_local! {
    /// The sink that this thread writes for; 0 for other threads.
    static WRITER_OF: Cell<usize> = const { Cell::new(0) };
}

pub(super) struct Shared {
    id: usize,
    pub(super) path: PathBuf,
    pub(super) queue: Queue,
    pub(super) lost: LostLines,
}

impl Shared {
    pub(super) fn new(path: PathBuf, queue: Queue, lost: LostLines) -> Self {
        static SINKS: AtomicUsize = AtomicUsize::new(1);
        Self {
            id: SINKS.fetch_add(1, Ordering::Relaxed),
            path,
            queue,
            lost,
        }
    }

    /// Lines of the sink's own thread, which reports faults of the file, go to other sinks only. They wait nowhere, so that no two
    /// sinks wait for each other.
    #[inline]
    pub(super) fn push(&self, line: &[u8]) {
        let writer_of = WRITER_OF.get();
        if writer_of != self.id && !self.queue.push(line, writer_of == 0) {
            self.lost.add(count_lines(line) as u64);
        }
    }

    /// Makes this thread the one that writes.
    pub(super) fn enter(&self) {
        WRITER_OF.set(self.id);
    }

    /// Gives up the lines that were not written. Returns their number.
    pub(super) fn close(&self) -> u64 {
        self.lose(self.queue.close())
    }

    /// Accepts no more lines, and gives up those that are not written by the timeout. Returns their number.
    pub(super) fn shut_down(&self, timeout: Duration) -> u64 {
        self.lose(self.queue.shut_down(timeout))
    }

    fn lose(&self, lines: u64) -> u64 {
        if lines > 0 {
            self.lost.add(lines);
        }
        lines
    }
}
