//! `RequestHead`: the parts of a request that observers read.

use std::net::IpAddr;

use http::header::CONTENT_LENGTH;
use http::{Extensions, HeaderMap, HeaderName, Method, Request, Uri, Version};

use super::peer::peer;
use crate::http_metrics::grpc::is_call_of;
use crate::http_metrics::labels::EndpointName;

/// The head of a request that is not taken apart.
pub(crate) struct RequestHead<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) version: Version,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) extensions: &'a Extensions,
}

impl<'a> RequestHead<'a> {
    pub(crate) fn of<B>(request: &'a Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            version: request.version(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }

    pub(crate) fn path(&self) -> &'a str {
        self.uri.path()
    }

    /// The route that axum matched.
    pub(crate) fn route(&self) -> Option<&'a str> {
        EndpointName::matched(self.extensions).map(|route| route.text)
    }

    pub(crate) fn is_call(&self) -> bool {
        let route = EndpointName::matched(self.extensions);
        is_call_of(self.method, self.headers, self.path(), route.as_ref())
    }

    pub(crate) fn header(&self, name: &HeaderName) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn content_length(&self) -> Option<u64> {
        self.header(&CONTENT_LENGTH)?.parse().ok()
    }

    pub(crate) fn peer(&self) -> Option<IpAddr> {
        peer(self.extensions)
    }
}
