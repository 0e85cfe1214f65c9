//! `Observers`: the configuration of what is observed of requests.

use std::sync::Arc;

use http::{HeaderValue, Request};
use tracing::Span;

use super::log_record::LogRecord;
use super::observation::Observation;
use super::request_head::RequestHead;
use super::request_ids::RequestIds;
use super::request_log::RequestLog;
use super::server_span::ServerSpan;
use super::target::TARGET;
use crate::request_id;

#[derive(Debug, Clone, Default)]
pub(crate) struct Observers {
    pub(crate) ids: Option<RequestIds>,
    pub(crate) log: Option<RequestLog>,
    pub(crate) span: Option<ServerSpan>,
}

impl Observers {
    /// Gives the request its id.
    pub(crate) fn identify<B>(&self, request: &mut Request<B>) -> Option<HeaderValue> {
        self.ids.as_ref().map(|ids| ids.identify(request))
    }

    /// Begins to observe a request, unless nothing of it is observed. `endpoint` is that of its metrics.
    pub(crate) fn observe(
        self: &Arc<Self>,
        request: &RequestHead<'_>,
        own_id: Option<HeaderValue>,
        endpoint: Option<&str>,
    ) -> Option<Arc<Observation>> {
        // Without an id of its own, the layer shows that of a layer outside.
        let id_text = || request_id::text_of(request.extensions);
        let spans = self.span.as_ref();
        let server_span = spans.filter(|span| !span.exclusion.covers(request.path()));
        let span = match (server_span, &self.ids) {
            (Some(server_span), _) => server_span.begin(request, endpoint, id_text()),
            (None, Some(_)) => {
                tracing::info_span!(target: TARGET, "request", request_id = id_text())
            }
            (None, None) => Span::none(),
        };
        let log = self.log.as_ref().filter(|log| log.covers(request));
        let log = log.map(|log| LogRecord::new(log, request, endpoint.is_some()));
        if self.ids.is_none() && log.is_none() && span.is_disabled() {
            return None;
        }
        Some(Arc::new(Observation {
            observers: Arc::clone(self),
            request_id: own_id.or_else(|| request_id::of(request.extensions).cloned()),
            log,
            is_server_span: server_span.is_some(),
            span,
        }))
    }
}
