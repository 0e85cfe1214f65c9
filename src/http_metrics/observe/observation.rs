//! `Observation`: the id, the log line and the span of one request.

use std::sync::Arc;

use http::{Extensions, HeaderValue, Response, response};
use tracing::Span;
use tracing::span::Entered;

use super::begun::Begun;
use super::end::End;
use super::id_in_span::IdInSpan;
use super::log_record::LogRecord;
use super::observer::Observer;
use super::observers::Observers;
use super::request_head::RequestHead;
use super::server_span::ServerSpan;
use crate::request_id;
use crate::request_target::REQUEST_ID;
use crate::trace_context;

pub(crate) struct Observation {
    observers: Arc<Observers>,
    request_id: Option<HeaderValue>,
    log: Option<LogRecord>,
    span: Span,
    /// Whether the span gets the attributes of the end.
    is_recorded: bool,
    /// The method of a server span without a route.
    unnamed: Option<&'static str>,
    /// Whether the id is in this span or in one around it.
    is_id_in_span: bool,
}

impl Observation {
    /// Begins to observe a request, unless nothing of it is observed. `endpoint` is that of its metrics.
    pub(crate) fn begin(
        observers: &Arc<Observers>,
        request: &RequestHead<'_>,
        own_id: Option<HeaderValue>,
        endpoint: Option<&str>,
    ) -> Option<Arc<Self>> {
        // Without an id of its own, the layer shows that of a layer outside.
        let is_id_outside = request.extensions.get::<IdInSpan>().is_some();
        let own_id = own_id.or_else(|| request_id::of(request.extensions).cloned());
        let id = own_id.as_ref().and_then(|id| id.to_str().ok());
        let span_id = id.filter(|_| !is_id_outside);
        let spans = observers.span.as_ref();
        let server_span = spans.filter(|span| !span.exclusion.covers(request.path()));
        let Begun {
            span,
            is_recorded,
            unnamed,
        } = match (server_span, &observers.ids) {
            (Some(server_span), _) => server_span.begin(request, endpoint, span_id),
            (None, _) if spans.is_some() && trace_context::HAS_TRACES => {
                ServerSpan::excluded(request, span_id).into()
            }
            (None, Some(_)) if !is_id_outside => {
                tracing::error_span!(target: REQUEST_ID, "request", request_id = span_id).into()
            }
            (None, _) => Begun::default(),
        };
        if let (Some(id), true, true) = (id, is_id_outside, is_recorded) {
            trace_context::set_attribute(&span, "request_id", id);
        }
        let log = observers.log.as_ref().filter(|log| log.covers(request));
        let log = log.map(|log| LogRecord::new(log, request, endpoint.is_some()));
        if observers.ids.is_none() && log.is_none() && span.is_disabled() {
            return None;
        }
        Some(Arc::new(Self {
            observers: Arc::clone(observers),
            log,
            is_recorded,
            unnamed,
            is_id_in_span: is_id_outside || (id.is_some() && !span.is_disabled()),
            request_id: own_id,
            span,
        }))
    }

    /// Tells layers inside what the spans outside have.
    pub(crate) fn mark(&self, extensions: &mut Extensions) {
        if self.is_id_in_span {
            extensions.insert(IdInSpan);
        }
    }

    /// Code that runs while the guard lives logs inside the span of the request.
    #[inline]
    pub(crate) fn enter(&self) -> Entered<'_> {
        self.span.enter()
    }

    /// Whether the end of the request is logged or recorded in the span.
    pub(crate) fn awaits_end(&self) -> bool {
        self.log.is_some() || self.is_recorded
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
        if self.is_recorded {
            ServerSpan::end(&self.span, end, self.unnamed);
        }
        if let (Some(log), Some(settings)) = (&self.log, &self.observers.log) {
            // The guard records inside the span, so the line is inside, too.
            let id = self.id_text().filter(|_| !self.is_id_in_span);
            log.write(settings, end, id);
        }
    }
}
