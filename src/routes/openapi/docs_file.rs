//! [`DocsFile`]: a file that a page of API documents loads.

use bytes::Bytes;

use crate::routes::page::Page;

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const IMAGE: &str = "image/svg+xml";

/// A file that is embedded in the crate.
pub(super) struct DocsFile {
    /// The last part of its path.
    pub(super) name: &'static str,
    bytes: &'static [u8],
    is_gzip: bool,
}

impl DocsFile {
    pub(super) const fn new(name: &'static str, text: &'static str) -> Self {
        Self {
            name,
            bytes: text.as_bytes(),
            is_gzip: false,
        }
    }

    pub(super) const fn gzip(name: &'static str, bytes: &'static [u8]) -> Self {
        Self {
            name,
            bytes,
            is_gzip: true,
        }
    }

    pub(super) fn page(&self) -> Page {
        let (_, extension) = self.name.rsplit_once('.').unwrap_or_default();
        let content_type = match extension {
            "js" => SCRIPT,
            "css" => STYLE,
            _ => IMAGE,
        };
        if self.is_gzip {
            Page::gzip(self.bytes, content_type)
        } else {
            Page::new(Bytes::from_static(self.bytes), content_type)
        }
    }
}
