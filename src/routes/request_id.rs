//! `RequestId` as an extractor of axum handlers.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;

use super::problem::problem;
use crate::request_id::RequestId;

/// Rejects with 500 if no layer gave the request an id.
impl<S: Send + Sync> FromRequestParts<S> for RequestId {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Response> {
        Self::of(&parts.extensions).ok_or_else(|| {
            problem(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The request has no id: the service lacks a RequestIdLayer.",
            )
        })
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}
