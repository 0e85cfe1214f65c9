//! [`RenderQueue`]: the order in which metrics are rendered, and the limits of it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::rejection::Rejection;
use super::release::Release;
use super::render_job::{Answer, RenderJob, Waiting};
use super::render_state::{RenderState, Running};
use super::shared_text::SharedText;
use crate::panics;

/// How long a request waits for its render to start.
const MAX_WAIT: Duration = Duration::from_secs(1);

pub(super) enum NotRendered {
    /// There was no room within a second.
    Busy(&'static str),
    Rejected(Rejection),
    /// The runtime shut down before.
    Lost,
}

/// Renders off the async threads. Clones share their limits.
///
/// A text is never older than the request for it: those that come during a render share the next one.
#[derive(Clone, Default)]
pub(super) struct RenderQueue {
    /// No code of the service runs under the lock: what a request owns is dropped, started and answered without it.
    state: Arc<Mutex<RenderState>>,
}

impl RenderQueue {
    /// Waits at most a second for the render to start, and then for its text.
    pub(super) async fn render(&self, job: RenderJob) -> Result<SharedText, NotRendered> {
        let Ok(runtime) = Handle::try_current() else {
            return self.render_here(job);
        };
        let (number, mut answer) = self.enter(job, runtime)?;
        self.start_renders(None);
        // A timer only if it is needed, because the runtime may have none.
        if self.state.lock().is_waiting(number) {
            if let Ok(answer) = timeout(MAX_WAIT, &mut answer).await {
                return returned(answer);
            }
            self.start_renders(Some(number));
            self.leave(number)?;
        }
        returned(answer.await)
    }

    /// Renders on the current thread, because there is no tokio runtime.
    fn render_here(&self, job: RenderJob) -> Result<SharedText, NotRendered> {
        let client = job.client;
        let running = self.state.lock().start_unqueued(client);
        let running = running.map_err(NotRendered::Busy)?;
        let (render_slot, text_slot) = (self.render_slot(running), self.text_slot());
        let hold = client.map(|client| Arc::new(self.hold(client)));
        let encoded = (job.render)().map_err(NotRendered::Rejected)?;
        drop(render_slot);
        Ok(SharedText::new(encoded, text_slot).held(hold))
    }

    fn enter(
        &self,
        job: RenderJob,
        runtime: Handle,
    ) -> Result<(u64, oneshot::Receiver<Answer>), NotRendered> {
        let (sender, receiver) = oneshot::channel();
        let waiting = Waiting {
            job,
            runtime,
            answer: sender,
        };
        let (gone, entered) = {
            let mut state = self.state.lock();
            (state.take_gone(), state.enter(waiting))
        };
        drop(gone);
        match entered {
            Ok(number) => Ok((number, receiver)),
            Err((_refused, reason)) => Err(NotRendered::Busy(reason)),
        }
    }

    /// Gives up the wait, unless the render has started.
    fn leave(&self, number: u64) -> Result<(), NotRendered> {
        let left = self.state.lock().leave(number);
        match left {
            None => Ok(()),
            Some((_left, reason)) => Err(NotRendered::Busy(reason)),
        }
    }

    /// Starts all renders that there is room for. The impatient one may start beside another render of its key.
    fn start_renders(&self, impatient: Option<u64>) {
        loop {
            let (gone, next) = {
                let mut state = self.state.lock();
                (state.take_gone(), state.start_next(impatient))
            };
            drop(gone);
            let Some((running, batch)) = next else {
                return;
            };
            self.start(running, batch);
        }
    }

    /// Renders once for all of the batch, the first of which asked first.
    fn start(&self, running: Running, batch: Vec<Waiting>) {
        let (render_slot, text_slot) = (self.render_slot(running), self.text_slot());
        let mut holds = HashMap::new();
        let mut first = None;
        let mut answers = Vec::with_capacity(batch.len());
        for Waiting {
            job,
            runtime,
            answer,
        } in batch
        {
            let hold = job.client.map(|client| {
                let hold = holds
                    .entry(client)
                    .or_insert_with(|| Arc::new(self.hold(client)));
                Arc::clone(hold)
            });
            answers.push((answer, hold));
            first.get_or_insert((runtime, job.render));
        }
        drop(holds);
        let Some((runtime, render)) = first else {
            return;
        };
        let work = move || {
            let encoded = render();
            drop(render_slot);
            let text = encoded.map(|encoded| SharedText::new(encoded, text_slot));
            for (answer, hold) in answers {
                let text = match &text {
                    Ok(text) => Ok(text.held(hold)),
                    Err(rejection) => Err(rejection.clone()),
                };
                // Fails if the client has left.
                let _ = answer.send(text);
            }
        };
        // Panics if the system has no thread for it, and this may be a drop.
        let _ = panics::caught_here(|| runtime.spawn_blocking(work));
    }

    fn render_slot(&self, running: Running) -> Release {
        self.release(move |state| state.end_render(running))
    }

    fn text_slot(&self) -> Release {
        self.release(RenderState::release_text)
    }

    /// A client's share of a text, until its responses are sent.
    fn hold(&self, client: IpAddr) -> Release {
        self.release(move |state| state.release_hold(client))
    }

    fn release(&self, release: impl FnOnce(&mut RenderState) + Send + Sync + 'static) -> Release {
        let queue = self.clone();
        Release::new(move || {
            release(&mut queue.state.lock());
            queue.start_renders(None);
        })
    }
}

fn returned(answer: Result<Answer, oneshot::error::RecvError>) -> Result<SharedText, NotRendered> {
    match answer {
        Ok(text) => text.map_err(NotRendered::Rejected),
        Err(_) => Err(NotRendered::Lost),
    }
}
