//! The body of an answer: a text that may be of many megabytes, sent so that others have their turn in between.

use std::convert::Infallible;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

/// What is sent in one poll: a fraction of a millisecond's copying. Given all at once to a client that reads as fast as it
/// is sent, a text of 93 MiB made requests beside it take up to 70 ms (`benches/scrape_beside.rs`).
const PART: usize = 128 * 1024;

/// To give back more than so much takes a while, so that is done where it was rendered.
const LARGE: usize = 1024 * 1024;

/// What has yet to be sent of an answer.
pub(super) struct Unread {
    rest: Bytes,
    /// A part was sent in this turn: others come first.
    has_had_its_turn: bool,
}

impl Unread {
    /// The permit is given back with the memory: once all of it is sent, or the client has left.
    pub(super) fn new(text: Vec<u8>, permit: OwnedSemaphorePermit) -> Self {
        let text = Text {
            text,
            permit: Some(permit),
        };
        Self {
            rest: Bytes::from_owner(text),
            has_had_its_turn: false,
        }
    }
}

impl Body for Unread {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        if mem::take(&mut self.has_had_its_turn) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let len = self.rest.len().min(PART);
        let part = self.rest.split_to(len);
        self.has_had_its_turn = true;
        Poll::Ready(Some(Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

/// Held by each part that is not yet sent.
struct Text {
    text: Vec<u8>,
    permit: Option<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        if self.text.capacity() < LARGE {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let held = (mem::take(&mut self.text), self.permit.take());
            runtime.spawn_blocking(move || drop(held));
        }
    }
}
