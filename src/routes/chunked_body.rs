//! A response body that lets other tasks run between its chunks.

use std::convert::Infallible;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

/// Copying one chunk takes a fraction of a millisecond. Without chunks, sending 93 MiB to a fast reader delayed other
/// requests by up to 70 ms (`benches/scrape_beside.rs`).
const CHUNK: usize = 128 * 1024;

/// Freeing more than this takes so long that it happens on a blocking thread.
const LARGE: usize = 1024 * 1024;

pub(super) struct ChunkedBody {
    rest: Bytes,
    /// The next poll yields to other tasks.
    yields: bool,
}

impl ChunkedBody {
    /// The permit is returned with the memory: once all of it is sent, or the client has left.
    pub(super) fn new(text: Vec<u8>, permit: OwnedSemaphorePermit) -> Self {
        let text = Text {
            text,
            permit: Some(permit),
        };
        Self {
            rest: Bytes::from_owner(text),
            yields: false,
        }
    }
}

impl Body for ChunkedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        if mem::take(&mut self.yields) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let len = self.rest.len().min(CHUNK);
        let chunk = self.rest.split_to(len);
        self.yields = true;
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

/// Shared by the chunks that are not sent yet.
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
            let freed = (mem::take(&mut self.text), self.permit.take());
            runtime.spawn_blocking(move || drop(freed));
        }
    }
}
