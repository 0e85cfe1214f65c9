//! `Observation`: the id, the log line and the span of one request.

use std::sync::Arc;

use http::{HeaderValue, Response, response};
use tracing::Span;
use tracing::span::Entered;

use super::end::End;
use super::log_record::LogRecord;
use super::observer::Observer;
use super::observers::Observers;
use super::server_span::ServerSpan;

pub(crate) struct Observation {
    pub(crate) observers: Arc<Observers>,
    pub(crate) request_id: Option<HeaderValue>,
    pub(crate) log: Option<LogRecord>,
    pub(crate) span: Span,
    pub(crate) is_server_span: bool,
}

impl Observation {
    /// Code that runs while the guard lives logs inside the span of the request.
    #[inline]
    pub(crate) fn enter(&self) -> Entered<'_> {
        self.span.enter()
    }

    fn has_server_span(&self) -> bool {
        self.is_server_span && !self.span.is_none()
    }

    /// Puts the id into the response.
    pub(crate) fn answer<B>(&self, response: &mut Response<B>) {
        if let (Some(ids), Some(id)) = (&self.observers.ids, &self.request_id) {
            ids.answer(response, id.clone());
        }
    }

    fn id_text(&self) -> Option<&str> {
        self.request_id.as_ref()?.to_str().ok()
    }
}

impl Observer for Observation {
    fn on_head(&self, head: &response::Parts) {
        if let Some(log) = &self.log {
            log.on_head(head);
        }
    }

    fn on_end(&self, end: &End<'_>) {
        if self.has_server_span() {
            ServerSpan::end(&self.span, end);
        }
        if let (Some(log), Some(settings)) = (&self.log, &self.observers.log) {
            let _entered = self.enter();
            // A line inside a span has the id of the span.
            let id = self.id_text().filter(|_| self.span.is_disabled());
            log.write(settings, end, id);
        }
    }
}
