//! `RequestLog`: which requests are logged, and at which level.

use std::sync::Arc;
use std::time::Duration;

use tracing::Level;
use tracing::level_filters::LevelFilter;

use super::end::End;
use super::exclusion::Exclusion;
use super::proxies::Proxies;
use super::request_head::RequestHead;
use super::sampling::Sampling;
use crate::http_metrics::outcome::Outcome;
use crate::request_target::REQUEST;

/// The configuration of the log of requests.
#[derive(Debug, Clone)]
pub(crate) struct RequestLog {
    pub(crate) slow_after: Duration,
    pub(crate) exclusion: Exclusion,
    pub(crate) proxies: Proxies,
    pub(crate) sampling: Arc<Sampling>,
}

impl Default for RequestLog {
    fn default() -> Self {
        Self {
            slow_after: Duration::from_secs(1),
            exclusion: Exclusion::default(),
            proxies: Proxies::default(),
            sampling: Arc::default(),
        }
    }
}

impl RequestLog {
    /// Whether the request may be logged at its end.
    pub(crate) fn covers(&self, request: &RequestHead<'_>) -> bool {
        LevelFilter::current() >= Level::ERROR
            && tracing::enabled!(target: REQUEST, Level::ERROR)
            && !self.exclusion.covers(request.path())
    }

    pub(crate) fn is_slow(&self, end: &End<'_>, is_stream: bool) -> bool {
        !is_stream && u128::from(end.nanos) >= self.slow_after.as_nanos()
    }
}

/// ERROR if the service failed: with a 5xx, a gRPC status that is the server's error, a panic or a broken body. INFO if the
/// client left, because clients do that as they like.
pub(crate) fn level(end: &End<'_>, is_slow: bool) -> Level {
    let has_left = matches!(end.outcome, Outcome::Cancelled | Outcome::BodyDropped);
    let is_failed = match end.code() {
        Some(_) => end.error_type().is_some(),
        None => end.status() >= 500 || !(has_left || end.outcome == Outcome::Complete),
    };
    match (is_failed, is_slow) {
        (true, _) => Level::ERROR,
        (false, true) => Level::WARN,
        (false, false) => Level::INFO,
    }
}
