//! [`SharedText`]: a rendered text that several responses send.

use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use tokio::runtime::Handle;

use super::release::Release;

/// Freeing more than this takes so long that it happens on a blocking thread.
const LARGE: usize = 1024 * 1024;

/// A text, its content type, and whether it is gzipped.
pub(super) struct Encoded {
    pub(super) text: Vec<u8>,
    pub(super) content_type: HeaderValue,
    pub(super) is_gzip: bool,
}

pub(super) struct SharedText {
    pub(super) text: Bytes,
    pub(super) content_type: HeaderValue,
    pub(super) is_gzip: bool,
}

impl SharedText {
    /// `slot` is released with the memory: once each response is sent, or its client has left.
    pub(super) fn new(encoded: Encoded, slot: Release) -> Self {
        let owner = Text {
            text: encoded.text,
            slot: Some(slot),
        };
        Self {
            text: Bytes::from_owner(owner),
            content_type: encoded.content_type,
            is_gzip: encoded.is_gzip,
        }
    }

    /// The text of one response. `hold` is released once the response is sent, or its client has left.
    pub(super) fn held(&self, hold: Option<Arc<Release>>) -> Self {
        let text = self.text.clone();
        Self {
            text: match hold {
                None => text,
                Some(hold) => Bytes::from_owner(Held { text, hold }),
            },
            content_type: self.content_type.clone(),
            is_gzip: self.is_gzip,
        }
    }
}

struct Held {
    text: Bytes,
    #[expect(dead_code, reason = "released when it is dropped")]
    hold: Arc<Release>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

struct Text {
    text: Vec<u8>,
    slot: Option<Release>,
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
            let freed = (mem::take(&mut self.text), self.slot.take());
            runtime.spawn_blocking(move || drop(freed));
        }
    }
}
