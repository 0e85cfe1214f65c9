//! `Viewer`: the stream of frames to one client.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use parking_lot::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, sleep_until};

use super::frames::Frames;
use super::place::Place;
use super::tick::{Tick, Ticks};
use crate::routes::stopping::Stopping;

/// A stream ends after this time, so that the guard is asked again, and so that no server waits longer for it.
const LIFE: Duration = Duration::from_secs(60);

/// A client that returns within this time finds the feed running, so its rates go on.
const RETURN: Duration = Duration::from_secs(3);

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
    /// The end of the stream.
    until: Instant,
    /// The last frame that was sent.
    sent: u64,
    /// Whether changes may follow it.
    is_whole: bool,
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
            until: Instant::now() + LIFE,
            sent: 0,
            is_whole: false,
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
        let next = {
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
                    Some((tick.number, tick.is_last, tick.changes.clone()))
                }
                () = stops => return None,
                () = sleep_until(self.until) => None,
            }
        };
        let Some((number, is_last, changes)) = next else {
            self.leave();
            return None;
        };
        let follows = self.is_whole && number == sent + 1;
        let (number, text, is_whole) = if follows {
            (number, changes, true)
        } else {
            // The next frame may be computed meanwhile.
            let frames = Arc::clone(&self.frames);
            let full = spawn_blocking(move || frames.lock().full());
            full.await.ok()?
        };
        self.place.take(number);
        self.sent = number;
        self.is_whole = is_whole;
        self.is_last = is_last;
        Some((text, self))
    }

    fn leave(self) {
        let place = self.place;
        place.leave();
        tokio::spawn(async move {
            sleep(RETURN).await;
            drop(place);
        });
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
