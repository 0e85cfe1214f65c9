//! The task that writes the results to the store.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::saved_channels::DOCUMENT;
use super::shared::Shared;
use crate::alerts::stores::Commit;
use crate::error::{Error, ErrorKind, logged};
use crate::outage::{Outage, Transition};
use crate::panics;

/// The longest time in which results are collected for one commit.
const COLLECT: Duration = Duration::from_millis(100);

/// A commit that takes longer fails, and is tried again like after any other failure.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The pause after a failed commit, which doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Commits until the worker is drained.
pub(super) async fn run(shared: &Shared) {
    let mut draining = shared.draining.subscribe();
    let outage = Outage::default();
    let mut pause = FIRST_PAUSE;
    loop {
        let (is_empty, is_over) = {
            let state = shared.state.lock();
            let is_empty = state.changes.is_empty();
            let is_drained = state.is_draining && state.running == 0;
            (is_empty, is_empty && is_drained)
        };
        if is_over {
            return;
        }
        if is_empty {
            shared.commits.notified().await;
            continue;
        }
        let _ = timeout(COLLECT, all_results(shared)).await;
        let result = commit(shared).await;
        match (outage.update(result.is_err()), &result) {
            (Some(Transition::Started), Err(error)) => tracing::warn!(
                error = logged(error),
                left_out = outage.left_out(),
                "the alert store cannot record deliveries: retrying"
            ),
            (Some(Transition::Ended), _) => {
                tracing::info!("the alert store can record deliveries again");
            }
            _ => {}
        }
        match result {
            Ok(()) => {
                pause = FIRST_PAUSE;
                shared.reporter.losses.store_works();
            }
            Err(error) if error.kind() == ErrorKind::Refused => {
                // The lease may be renewed, but not while the worker is drained.
                let drained = draining.wait_for(|is_draining| *is_draining);
                if timeout(pause, drained).await.is_ok() {
                    return;
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(_) => {
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// Waits until a commit is full, or no channel sends. Draining does not wait.
async fn all_results(shared: &Shared) {
    loop {
        {
            let state = shared.state.lock();
            if state.changes.is_batch() || state.is_draining || !state.is_busy() {
                return;
            }
        }
        shared.commits.notified().await;
    }
}

/// Commits the oldest changes. They stay in memory if that fails.
async fn commit(shared: &Shared) -> Result<(), Error> {
    let _right = shared.recording.lock().await;
    let lease = *shared.lease.borrow();
    let mut commit = Commit::new(&*shared.ledger, lease, None);
    let saved = {
        let mut state = shared.state.lock();
        state.changes.fill(&mut commit);
        let is_changed = std::mem::take(&mut state.changes.channels);
        is_changed.then(|| state.saved_channels())
    };
    let writes_channels = saved.is_some();
    if let Some(saved) = saved {
        let is_needed = !saved.0.is_empty();
        let document = is_needed.then(|| serde_json::to_vec(&saved).ok()).flatten();
        commit.documents.insert(DOCUMENT.to_owned(), document);
    }
    let result = call(shared, &commit).await;
    shared.with(|state| match &result {
        Ok(()) => state.committed(),
        Err(error) => {
            state.permit.is_refused = error.kind() == ErrorKind::Refused;
            state.changes.channels |= writes_channels;
            state.not_committed();
        }
    });
    result
}

/// Calls the store, which may panic.
async fn call(shared: &Shared, commit: &Commit) -> Result<(), Error> {
    let failed = |message: String| Err(Error::new(ErrorKind::Io, message));
    let panicked = |panic: panics::Panic| {
        failed(format!(
            "the alert store panicked: {}",
            panics::message(&*panic)
        ))
    };
    let future = match panics::caught_here(|| shared.store.commit(commit)) {
        Ok(future) => future,
        Err(panic) => return panicked(panic),
    };
    match timeout(TIMEOUT, panics::caught(future)).await {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => panicked(panic),
        Err(_) => failed(format!("the alert store did not answer within {TIMEOUT:?}")),
    }
}
