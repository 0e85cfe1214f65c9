//! `QueueState`: the buffers of a queue, and the numbers of its lines.

use std::collections::VecDeque;

use super::chunk::{CHUNK, Chunk};
use super::limits::Limits;

/// The empty chunks that are kept. With them, a queue that is read steadily allocates nothing.
const SPARE: usize = 32;

/// The bytes that the writer takes at once.
const BATCH: usize = 1024 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Lines are accepted.
    Open,
    /// The lines that were accepted are still written.
    Closing,
    /// Like `Closing`, but nobody waits: lines that cannot be written at once are lost.
    Orphaned,
    /// Nothing is written any more.
    Closed,
}

/// What a queue guards with its lock.
pub(super) struct QueueState {
    waiting: VecDeque<Chunk>,
    spare: Vec<Chunk>,
    /// The bytes of all chunks: waiting, spare, or in the hands of the writer.
    held: usize,
    /// The lines that were ever accepted.
    pub(super) accepted: u64,
    /// Those that were written, in the same order.
    pub(super) settled: u64,
    pub(super) stage: Stage,
    /// The writer sleeps until it is woken.
    pub(super) is_idle: bool,
    /// The file cannot be written.
    pub(super) is_failing: bool,
    pub(super) wants_reopen: bool,
    /// The callers that wait until their lines are written.
    pub(super) flushing: usize,
}

impl QueueState {
    pub(super) fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            spare: Vec::new(),
            held: 0,
            accepted: 0,
            settled: 0,
            stage: Stage::Open,
            is_idle: false,
            is_failing: false,
            wants_reopen: false,
            flushing: 0,
        }
    }

    /// Adds a line to the last chunk. Returns whether it had room.
    #[inline]
    pub(super) fn push(&mut self, line: &[u8], limits: &Limits) -> bool {
        let is_open = self.stage == Stage::Open && self.unsettled() < limits.lines as u64;
        let last = self.waiting.back_mut().filter(|_| is_open);
        let lines = last.and_then(|last| last.push(line));
        self.accepted += lines.unwrap_or(0) as u64;
        lines.is_some()
    }

    /// Adds an empty chunk with room for a line of this length, if the limits allow it.
    pub(super) fn add_chunk(&mut self, line: usize, limits: &Limits) -> bool {
        if self.unsettled() >= limits.lines as u64 {
            return false;
        }
        let size = Chunk::size_for(line);
        let spare = if size == CHUNK {
            self.spare.pop()
        } else {
            None
        };
        let chunk = match spare {
            Some(chunk) => chunk,
            None if self.held + size > limits.bytes => return false,
            None => {
                self.held += size;
                Chunk::with_room(line)
            }
        };
        self.waiting.push_back(chunk);
        true
    }

    /// Moves waiting chunks to the writer, in order.
    pub(super) fn take(&mut self, batch: &mut VecDeque<Chunk>) {
        let mut bytes = 0;
        while bytes < BATCH
            && let Some(chunk) = self.waiting.pop_front()
        {
            bytes += chunk.size();
            batch.push_back(chunk);
        }
    }

    /// Takes back a chunk whose lines were written.
    pub(super) fn settle(&mut self, mut chunk: Chunk) {
        self.settle_lines(chunk.lines());
        if chunk.size() == CHUNK && self.spare.len() < SPARE {
            chunk.clear();
            self.spare.push(chunk);
        } else {
            self.held -= chunk.size();
        }
    }

    /// Notes that these lines were written. It does not matter once they were given up.
    pub(super) fn settle_lines(&mut self, lines: usize) {
        if self.stage != Stage::Closed {
            self.settled += lines as u64;
        }
    }

    /// Accepts and writes nothing any more. Returns the number of lines that are lost by that.
    pub(super) fn close(&mut self) -> u64 {
        if self.stage == Stage::Closed {
            return 0;
        }
        self.stage = Stage::Closed;
        self.waiting.clear();
        self.spare.clear();
        self.unsettled()
    }

    /// The chunks that wait for the writer.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The lines that wait or are being written.
    pub(super) fn unsettled(&self) -> u64 {
        self.accepted - self.settled
    }
}
