//! `Queue`: the lines between the threads that log and the thread that writes.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::chunk::Chunk;
use super::limits::Limits;
use super::queue_state::{QueueState, Stage};
use crate::measure::Instant;

/// The writer waits this long for more lines after each write. So threads that log a lot wake it seldom.
const LINGER: Duration = Duration::from_millis(2);

/// With as many waiting chunks, it does not wait.
const EAGER: usize = 4;

/// A queue whose buffers are bounded. Nothing is written or logged under its lock.
pub(super) struct Queue {
    state: Mutex<QueueState>,
    limits: Limits,
    /// There is something to do for the writer.
    work: Condvar,
    /// Lines were written or lost.
    progress: Condvar,
}

/// How long the writer waits before its next turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pause {
    /// Not at all.
    None,
    /// A moment, for more lines.
    Short,
    /// Until there are lines, or this long.
    Idle(Option<Duration>),
    /// This long, whatever lines come.
    Fixed(Duration),
}

/// What the writer does in its next turn, beside writing lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    pub(super) stage: Stage,
    pub(super) reopens: bool,
}

impl Queue {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            state: Mutex::new(QueueState::new()),
            limits,
            work: Condvar::new(),
            progress: Condvar::new(),
        }
    }

    /// Returns whether the line was accepted. A caller that may not wait finds no room in a full queue.
    #[inline]
    pub(super) fn push(&self, line: &[u8], may_wait: bool) -> bool {
        let mut state = self.state.lock();
        if !state.push(line, &self.limits) {
            return self.push_to_new_chunk(state, line, may_wait);
        }
        self.wake_writer(state);
        true
    }

    #[inline]
    fn wake_writer(&self, mut state: MutexGuard<'_, QueueState>) {
        if state.is_idle {
            state.is_idle = false;
            drop(state);
            self.work.notify_one();
        }
    }

    #[cold]
    fn push_to_new_chunk(
        &self,
        mut state: MutexGuard<'_, QueueState>,
        line: &[u8],
        may_wait: bool,
    ) -> bool {
        let wait = self.limits.wait.filter(|_| may_wait);
        let started = wait.map(|wait| (Instant::now(), wait));
        loop {
            if state.stage != Stage::Open {
                return false;
            }
            let is_added = state.push(line, &self.limits)
                || state.add_chunk(line.len(), &self.limits) && state.push(line, &self.limits);
            if is_added {
                break;
            }
            // While the file cannot be written, nobody knows how long the wait would be.
            let left = started
                .filter(|_| !state.is_failing)
                .and_then(|(started, wait)| wait.checked_sub(started.elapsed()));
            let Some(left) = left else { return false };
            self.progress.wait_for(&mut state, left);
        }
        if state.is_idle {
            self.wake_writer(state);
        } else if state.waiting() >= EAGER {
            drop(state);
            self.work.notify_one();
        }
        true
    }

    /// Waits for something to do, then moves waiting lines to the batch if it is empty.
    pub(super) fn take(&self, pause: Pause, batch: &mut VecDeque<Chunk>) -> Turn {
        let mut state = self.state.lock();
        match pause {
            Pause::None => {}
            Pause::Short => self.wait_while(&mut state, LINGER, |state| {
                state.waiting() < EAGER && state.flushing == 0 && state.stage == Stage::Open
            }),
            Pause::Fixed(pause) => self.wait_while(&mut state, pause, |_| true),
            Pause::Idle(pause) => self.wait_idle(&mut state, pause),
        }
        if batch.is_empty() {
            state.take(batch);
        }
        Turn {
            stage: state.stage,
            reopens: std::mem::take(&mut state.wants_reopen),
        }
    }

    fn wait_idle(&self, state: &mut MutexGuard<'_, QueueState>, pause: Option<Duration>) {
        while state.waiting() == 0 && !state.wants_reopen && state.stage == Stage::Open {
            state.is_idle = true;
            match pause {
                None => self.work.wait(state),
                Some(pause) if self.work.wait_for(state, pause).timed_out() => break,
                Some(_) => {}
            }
        }
        state.is_idle = false;
    }

    fn wait_while(
        &self,
        state: &mut MutexGuard<'_, QueueState>,
        pause: Duration,
        waits: impl Fn(&QueueState) -> bool,
    ) {
        let (started, before) = (Instant::now(), state.stage);
        while waits(state)
            && !state.wants_reopen
            && state.stage == before
            && let Some(left) = pause.checked_sub(started.elapsed())
        {
            self.work.wait_for(state, left);
        }
    }

    /// Notes that all lines of the chunk were written.
    pub(super) fn settle(&self, chunk: Chunk) {
        self.state.lock().settle(chunk);
    }

    /// Notes that so many lines of a chunk were written.
    pub(super) fn settle_lines(&self, lines: usize) {
        self.state.lock().settle_lines(lines);
    }

    /// Wakes those that wait for lines to be written. Once for a batch, because a wake for each chunk would take longer than its
    /// lines.
    pub(super) fn tell_progress(&self) {
        self.progress.notify_all();
    }

    /// While the file cannot be written, full queues do not wait.
    pub(super) fn set_failing(&self, is_failing: bool) {
        self.state.lock().is_failing = is_failing;
        self.progress.notify_all();
    }

    /// Whether all lines that were accepted are written.
    pub(super) fn is_empty(&self) -> bool {
        self.state.lock().unsettled() == 0
    }

    pub(super) fn is_open(&self) -> bool {
        self.state.lock().stage == Stage::Open
    }

    pub(super) fn reopen(&self) {
        self.state.lock().wants_reopen = true;
        self.work.notify_one();
    }

    /// Waits until the lines that were accepted before are written. Returns whether they are.
    pub(super) fn flush(&self, timeout: Duration) -> bool {
        let mut state = self.state.lock();
        let target = state.accepted;
        let waits = |state: &QueueState| state.settled < target;
        if waits(&state) {
            state.flushing += 1;
            self.work.notify_one();
            self.wait_for_progress(&mut state, timeout, waits);
            state.flushing -= 1;
        }
        !waits(&state)
    }

    fn wait_for_progress(
        &self,
        state: &mut MutexGuard<'_, QueueState>,
        timeout: Duration,
        waits: impl Fn(&QueueState) -> bool,
    ) {
        let started = Instant::now();
        while waits(state)
            && state.stage != Stage::Closed
            && let Some(left) = timeout.checked_sub(started.elapsed())
        {
            self.progress.wait_for(state, left);
        }
    }

    /// Accepts no more lines. Does not wait until the writer has written the others.
    pub(super) fn begin_shutdown(&self) {
        let mut state = self.state.lock();
        if state.stage == Stage::Open {
            state.stage = Stage::Closing;
        }
        drop(state);
        self.work.notify_one();
        self.progress.notify_all();
    }

    /// Accepts no more lines, and lets the writer write the others until the timeout. Returns the number of lines that are lost.
    pub(super) fn shut_down(&self, timeout: Duration) -> u64 {
        self.begin_shutdown();
        let mut state = self.state.lock();
        self.wait_for_progress(&mut state, timeout, |_| true);
        self.close_locked(state)
    }

    /// Lets the writer end once it has written the lines, or once it cannot.
    pub(super) fn orphan(&self) {
        let mut state = self.state.lock();
        if state.stage == Stage::Open {
            state.stage = Stage::Orphaned;
        }
        drop(state);
        self.work.notify_one();
    }

    /// Accepts and writes no more lines. Returns the number of lines that are lost.
    pub(super) fn close(&self) -> u64 {
        self.close_locked(self.state.lock())
    }

    fn close_locked(&self, mut state: MutexGuard<'_, QueueState>) -> u64 {
        let lost = state.close();
        drop(state);
        self.work.notify_one();
        self.progress.notify_all();
        lost
    }
}
