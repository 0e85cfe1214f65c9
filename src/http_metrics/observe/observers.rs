//! `Observers`: the configuration of what is observed of requests.

use super::request_ids::RequestIds;
use super::request_log::RequestLog;
use super::server_span::ServerSpan;
use http::{HeaderValue, Request};

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
}
