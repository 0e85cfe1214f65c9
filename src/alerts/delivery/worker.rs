//! The task of one channel: sends one notification at a time.

use std::sync::Arc;

use tokio::time::timeout_at;

use super::attempt::attempt;
use super::shared::Shared;
use super::state::Step;

/// Sends the notifications of one channel until the worker is drained.
pub(super) async fn run(shared: Arc<Shared>, lane: usize) {
    let _running = Running::new(&shared);
    let receiver = shared.with(|state| state.lanes[lane].receiver.clone());
    let (channel, longest) = (&*receiver.channel, receiver.timeout);
    loop {
        let now = shared.now();
        match shared.with(|state| state.next(lane, now)) {
            Step::Send { queued, place } => {
                let result = attempt(channel, &queued.notification, longest).await;
                let (jitter, now) = ((shared.jitter)(), shared.now());
                shared.with(|state| state.settle(lane, &queued, place, result, jitter, now));
            }
            Step::Feed(notification) => {
                let result = attempt(channel, &notification, longest).await;
                let (jitter, now) = ((shared.jitter)(), shared.now());
                shared.with(|state| state.settle_feed(lane, &notification, result, jitter, now));
            }
            Step::Wait(None) => shared.lanes[lane].notified().await,
            Step::Wait(Some(until)) => {
                let _ = timeout_at(until, shared.lanes[lane].notified()).await;
            }
            Step::End => return,
        }
    }
}

/// Counts a task that has not ended.
struct Running<'a>(&'a Shared);

impl<'a> Running<'a> {
    fn new(shared: &'a Shared) -> Self {
        Self(shared)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.state.lock().running -= 1;
        self.0.commits.notify_one();
    }
}
