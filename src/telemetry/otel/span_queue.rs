//! `SpanQueue`: the spans that wait for their export.

use std::collections::VecDeque;

use opentelemetry_sdk::trace::SpanData;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::counters::Counters;
use super::limits::{MAX_BATCH, MAX_QUEUE};
use super::span_size;

/// The spans that wait for their export, up to a maximum of spans and of bytes. A span for which there is no room is dropped and counted.
#[derive(Debug)]
pub(super) struct SpanQueue {
    state: Mutex<State>,
    /// Notified when a whole batch waits.
    full_batch: Notify,
    max: usize,
    batch: usize,
    pub(super) counters: Counters,
}

#[derive(Debug)]
struct State {
    /// With their sizes.
    spans: VecDeque<(SpanData, usize)>,
    /// The sum of these sizes.
    bytes: usize,
    is_closed: bool,
}

impl SpanQueue {
    pub(super) fn new(max: usize, batch: usize, counters: Counters) -> Self {
        let state = State {
            spans: VecDeque::new(),
            bytes: 0,
            is_closed: false,
        };
        Self {
            state: Mutex::new(state),
            full_batch: Notify::new(),
            max,
            batch,
            counters,
        }
    }

    /// Never waits. Writes no log, because a span may end inside a layer of the subscriber.
    pub(super) fn push(&self, mut span: SpanData) {
        let size = span_size::cut(&mut span);
        let mut state = self.state.lock();
        let lost = if state.is_closed {
            &self.counters.shutdown
        } else if state.spans.len() >= self.max || state.bytes + size > MAX_QUEUE {
            &self.counters.queue_full
        } else {
            // Once a batch: waking the thread for each span would cost more than the span.
            let was_batch = self.is_batch(&state);
            state.spans.push_back((span, size));
            state.bytes += size;
            let is_batch = !was_batch && self.is_batch(&state);
            drop(state);
            if is_batch {
                self.full_batch.notify_one();
            }
            return;
        };
        drop(state);
        lost.add(1);
    }

    /// The oldest spans, at most one batch.
    pub(super) fn take(&self) -> Vec<SpanData> {
        let mut state = self.state.lock();
        let mut bytes = 0;
        let fits = |(_, size): &&(SpanData, usize)| {
            let is_first = bytes == 0;
            bytes += size;
            is_first || bytes <= MAX_BATCH
        };
        let count = state.spans.iter().take(self.batch).take_while(fits).count();
        let taken: Vec<_> = state.spans.drain(..count).collect();
        state.bytes -= taken.iter().map(|(_, size)| size).sum::<usize>();
        drop(state);
        taken.into_iter().map(|(span, _)| span).collect()
    }

    pub(super) fn has_batch(&self) -> bool {
        self.is_batch(&self.state.lock())
    }

    fn is_batch(&self, state: &State) -> bool {
        state.spans.len() >= self.batch || state.bytes >= MAX_BATCH
    }

    pub(super) async fn batch(&self) {
        self.full_batch.notified().await;
    }

    /// Takes no more spans.
    pub(super) fn close(&self) {
        self.state.lock().is_closed = true;
    }

    /// Counts the spans that were not sent before the shutdown's deadline.
    pub(super) fn give_up(&self) {
        let mut state = self.state.lock();
        let spans = std::mem::take(&mut state.spans);
        state.bytes = 0;
        drop(state);
        self.counters.shutdown.add(spans.len() as u64);
    }
}
