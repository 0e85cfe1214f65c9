//! A request to one of the routes.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams};
use http::StatusCode;
use http::request::Parts;

use super::access::Details;
use super::guard::Guard;
use super::mounted::Mounted;
use super::rejection::Rejection;
use crate::health::Health;

pub(super) struct RouteRequest {
    pub(super) parts: Parts,
    #[cfg_attr(
        not(any(feature = "alerts", feature = "logging")),
        expect(dead_code, reason = "only acts on alerts and the log level have one")
    )]
    pub(super) body: Body,
    pub(super) guard: Guard,
    pub(super) details: Details,
    /// The health that the routes serve, if they do.
    #[cfg_attr(
        not(feature = "prometheus"),
        expect(dead_code, reason = "only the metrics read it")
    )]
    pub(super) health: Option<Health>,
    pub(super) mounted: Arc<Mounted>,
}

impl RouteRequest {
    /// Returns the last parameter of the path: an app may nest the routes under parameters of its own.
    pub(super) async fn name(&mut self) -> Result<String, Rejection> {
        let params = RawPathParams::from_request_parts(&mut self.parts, &()).await;
        let params = params.map_err(|_| {
            Rejection::new(
                StatusCode::BAD_REQUEST,
                "The name in the path is not UTF-8.",
            )
        })?;
        let last = params.iter().last();
        Ok(last.map_or_else(String::new, |(_, name)| name.to_owned()))
    }

    pub(super) fn sees_details(&self) -> bool {
        match self.details {
            Details::Never => false,
            Details::Authorized => self.guard.allows(&self.parts),
            Details::Always => true,
        }
    }
}
