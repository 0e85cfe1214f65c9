//! `Expiry`: calls a function after some time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::error::Error;
use crate::thread;

/// A wait, which ends when this is dropped.
pub(super) struct Expiry {
    wait: Wait,
    is_over: Arc<AtomicBool>,
}

enum Wait {
    Task(AbortHandle),
    /// The thread waits until its sender is dropped.
    Thread {
        _alive: mpsc::Sender<()>,
    },
}

impl Expiry {
    /// Waits in a task of the runtime, if there is one, else in a thread. The function is called early if the task is dropped.
    pub(super) fn after(
        time: Duration,
        call: impl FnOnce() + Send + 'static,
    ) -> Result<Self, Error> {
        let is_over = Arc::<AtomicBool>::default();
        let over = Arc::clone(&is_over);
        let call = move || {
            over.store(true, Ordering::Release);
            call();
        };
        let wait = if let Ok(runtime) = Handle::try_current() {
            let call = OnDrop(Some(call));
            let end = tokio::time::Instant::now() + time;
            let task = runtime.spawn(async move {
                tokio::time::sleep_until(end).await;
                drop(call);
            });
            Wait::Task(task.abort_handle())
        } else {
            let (alive, ended) = mpsc::channel();
            thread::spawn("log-level", move || {
                if ended.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
                    call();
                }
            })?;
            Wait::Thread { _alive: alive }
        };
        Ok(Self { wait, is_over })
    }

    /// Whether the function was called.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }
}

impl Drop for Expiry {
    fn drop(&mut self) {
        if let Wait::Task(task) = &self.wait {
            task.abort();
        }
    }
}

/// Calls its function when it is dropped.
struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(call) = self.0.take() {
            call();
        }
    }
}
