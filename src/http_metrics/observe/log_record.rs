//! `LogRecord`: what the log line of a request says, apart from its end.

use std::net::IpAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use http::header::CONTENT_TYPE;
use http::{Method, Uri, response};
use tracing::Level;
use tracing::field::display;

use super::end::End;
use super::request_head::RequestHead;
use super::request_log::{RequestLog, level};
use super::span_fields::redacted_query;
use super::user_id::UserId;
use crate::http_metrics::labels::UNMATCHED;
use crate::redact::redact_path;
use crate::request_target::REQUEST;

pub(crate) struct LogRecord {
    method: Method,
    uri: Uri,
    /// The route that axum matched, for requests without metrics.
    route: Option<Box<str>>,
    client: Option<IpAddr>,
    bytes_in: Option<u64>,
    user: OnceLock<UserId>,
    is_stream: AtomicBool,
}

/// The same fields at each level, because the level of an event is static.
macro_rules! log {
    ($level:expr, { $($fields:tt)* }) => {
        match $level {
            Level::ERROR => tracing::event!(target: REQUEST, Level::ERROR, $($fields)*),
            Level::WARN => tracing::event!(target: REQUEST, Level::WARN, $($fields)*),
            _ => tracing::event!(target: REQUEST, Level::INFO, $($fields)*),
        }
    };
}

impl LogRecord {
    pub(crate) fn new(settings: &RequestLog, request: &RequestHead<'_>, is_measured: bool) -> Self {
        let user = request.extensions.get::<UserId>().cloned();
        Self {
            method: request.method.clone(),
            uri: request.uri.clone(),
            route: (!is_measured)
                .then(|| request.route().map(Box::from))
                .flatten(),
            client: settings.proxies.client(request),
            bytes_in: request.content_length(),
            user: user.map_or_else(OnceLock::new, OnceLock::from),
            is_stream: AtomicBool::new(false),
        }
    }

    pub(crate) fn on_head(&self, head: &response::Parts) {
        if let Some(user) = head.extensions.get::<UserId>() {
            // The handler's word on a request that has a user already is not needed.
            let _ = self.user.set(user.clone());
        }
        let content_type = head.headers.get(CONTENT_TYPE);
        if content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream")) {
            self.is_stream.store(true, Ordering::Relaxed);
        }
    }

    /// Writes the line. `request_id` is the id, unless the span has it.
    pub(crate) fn write(&self, settings: &RequestLog, end: &End<'_>, request_id: Option<&str>) {
        let is_slow = settings.is_slow(end, self.is_stream.load(Ordering::Relaxed));
        let level = level(end, is_slow);
        if level == Level::INFO && !settings.sampling.takes_next() {
            return;
        }
        if !is_enabled(level) {
            return;
        }
        let error_type = end.error_type();
        let client = self.client.map(display);
        let query = self.uri.query().map(redacted_query);
        log!(level, {
            request_id,
            method = self.method.as_str(),
            route = end.endpoint.or(self.route.as_deref()).unwrap_or(UNMATCHED),
            path = &*redact_path(self.uri.path()),
            query = query.as_deref(),
            status = end.status(),
            duration_ms = end.millis(),
            bytes_in = self.bytes_in,
            bytes_out = end.bytes,
            user_id = self.user.get().map(UserId::as_str),
            client_address = client.as_ref().map(|client| client as &dyn Value),
            outcome = end.outcome.reason(),
            error_type = error_type.as_deref(),
            grpc_status = end.code().map(crate::http_metrics::grpc::Code::name),
            slow = is_slow.then_some(true),
            "request"
        });
    }
}

/// Asked before texts are redacted for the line.
fn is_enabled(level: Level) -> bool {
    match level {
        Level::ERROR => tracing::enabled!(target: REQUEST, Level::ERROR),
        Level::WARN => tracing::enabled!(target: REQUEST, Level::WARN),
        _ => tracing::enabled!(target: REQUEST, Level::INFO),
    }
}
