//! `Viewer`: the stream of frames to one client.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame};
use parking_lot::Mutex;

use super::frames::Frames;
use super::place::Place;
use super::tick::{Tick, Ticks};
use crate::routes::stopping::Stopping;

type Next = Pin<Box<dyn Future<Output = Option<(Bytes, State)>> + Send>>;

/// Sends the changes of each frame, and a whole frame first and whenever the client was too slow for one. It holds no frame of
/// its own, so a slow client needs no memory.
pub(super) struct Viewer {
    /// `None` once the stream has ended.
    next: Option<Next>,
}

struct State {
    frames: Arc<Mutex<Frames>>,
    ticks: Ticks,
    place: Arc<Place>,
    stopping: Option<Stopping>,
    /// The last frame that was sent.
    sent: u64,
    is_last: bool,
}

impl Viewer {
    pub(super) fn new(
        frames: Arc<Mutex<Frames>>,
        ticks: Ticks,
        place: Arc<Place>,
        stopping: Option<Stopping>,
    ) -> Self {
        let state = State {
            frames,
            ticks,
            place,
            stopping,
            sent: 0,
            is_last: false,
        };
        Self {
            next: Some(Box::pin(state.next())),
        }
    }
}

impl State {
    async fn next(mut self) -> Option<(Bytes, Self)> {
        if self.is_last || self.place.is_lost() {
            return None;
        }
        let sent = self.sent;
        let (number, is_last, changes) = {
            let stops = async {
                match &mut self.stopping {
                    Some(stopping) => stopping.wait().await,
                    None => pending().await,
                }
            };
            let is_new =
                |tick: &Option<Arc<Tick>>| tick.as_ref().is_some_and(|tick| tick.number > sent);
            tokio::select! {
                tick = self.ticks.wait_for(is_new) => {
                    let tick = tick.ok()?;
                    let tick = tick.as_ref()?;
                    (tick.number, tick.is_last, tick.changes.clone())
                }
                () = stops => return None,
            }
        };
        let follows = sent > 0 && number == sent + 1;
        let (number, text) = if follows {
            (number, changes)
        } else {
            self.frames.lock().full()
        };
        self.place.take(number);
        self.sent = number;
        self.is_last = is_last;
        Some((text, self))
    }
}

impl Body for Viewer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(next) = &mut self.next else {
            return Poll::Ready(None);
        };
        let next = ready!(next.as_mut().poll(cx));
        let (text, state) = next.unzip();
        self.next = state.map(|state| -> Next { Box::pin(state.next()) });
        Poll::Ready(text.map(|text| Ok(Frame::data(text))))
    }
}
