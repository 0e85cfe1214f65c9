use http::header::CONTENT_LENGTH;
use http::{Method, StatusCode};
use http_body::Body;

use super::body::UNKNOWN_LENGTH;
use super::skip::SkipMetrics;

/// The responses to a method that end at their head, with any body (RFC 9110, sections 9.3.2 and 9.3.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoBody {
    /// Those whose status says so.
    ByStatus,
    /// All: the request was a HEAD.
    Always,
    /// Successful ones too: the request was a CONNECT.
    OnSuccess,
}

impl NoBody {
    #[inline]
    pub(crate) fn of(method: &Method) -> Self {
        match *method {
            Method::HEAD => Self::Always,
            Method::CONNECT => Self::OnSuccess,
            _ => Self::ByStatus,
        }
    }

    /// Responses with 1xx (which includes upgrades), 204 and 304 have no body (RFC 9110, section 6.4.1).
    #[inline]
    fn applies_to(self, status: StatusCode) -> bool {
        self == Self::Always
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
            || status.is_informational()
            || (self == Self::OnSuccess && status.is_success())
    }
}

/// What a response head tells about the body.
pub(crate) struct Head {
    pub(crate) has_skip_metrics: bool,
    pub(crate) is_complete: bool,
    /// The length of the body, or [`UNKNOWN_LENGTH`]. A server drops the body after the last byte without polling for
    /// its end, which is not an abort.
    pub(crate) remaining: u64,
}

impl Head {
    #[inline]
    pub(crate) fn of<B: Body>(parts: &http::response::Parts, body: &B, no_body: NoBody) -> Self {
        // A body with a known length need not be asked whether it is at its end.
        let exact = body.size_hint().exact();
        let (remaining, is_empty) = match exact {
            Some(length) => (length, length == 0),
            None => Self::of_unsized(parts, body.is_end_stream()),
        };
        Self {
            has_skip_metrics: parts.extensions.get::<SkipMetrics>().is_some(),
            is_complete: is_empty || no_body.applies_to(parts.status),
            remaining,
        }
    }

    /// The length according to the header, and whether the body is empty.
    fn of_unsized(parts: &http::response::Parts, is_end: bool) -> (u64, bool) {
        let length = parts.headers.get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let remaining = length.unwrap_or(UNKNOWN_LENGTH);
        (remaining, is_end || remaining == 0)
    }
}
