//! Without the feature `request-id`, requests get no ids.

use http::{HeaderValue, Request, Response};

#[derive(Debug, Clone)]
pub(crate) enum RequestIds {}

impl RequestIds {
    pub(crate) fn identify<B>(&self, _request: &mut Request<B>) -> HeaderValue {
        match *self {}
    }

    pub(crate) fn answer<B>(&self, _response: &mut Response<B>, _id: HeaderValue) {
        match *self {}
    }
}
