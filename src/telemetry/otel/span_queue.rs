//! `SpanQueue`: the spans that wait for their export.

use std::collections::VecDeque;

use opentelemetry_sdk::trace::SpanData;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::counters::Counters;

/// The spans that wait for their export, up to a maximum. A span for which there is no room is dropped and counted.
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
    spans: VecDeque<SpanData>,
    is_closed: bool,
}

impl SpanQueue {
    pub(super) fn new(max: usize, batch: usize, counters: Counters) -> Self {
        let state = State {
            spans: VecDeque::new(),
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
    pub(super) fn push(&self, span: SpanData) {
        let mut state = self.state.lock();
        let lost = if state.is_closed {
            &self.counters.shutdown
        } else if state.spans.len() >= self.max {
            &self.counters.queue_full
        } else {
            state.spans.push_back(span);
            // Once a batch: waking the thread for each span would cost more than the span.
            let is_batch = state.spans.len() == self.batch;
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
        let count = state.spans.len().min(self.batch);
        state.spans.drain(..count).collect()
    }

    pub(super) fn has_batch(&self) -> bool {
        self.state.lock().spans.len() >= self.batch
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
        let spans = std::mem::take(&mut self.state.lock().spans);
        self.counters.shutdown.add(spans.len() as u64);
    }
}
