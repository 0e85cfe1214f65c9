//! `FromRequestParts` implementations and response parts: how axum handlers meet the rest of the crate.

use std::convert::Infallible;

use axum::response::{IntoResponseParts, ResponseParts};

use crate::http::SkipMetrics;

impl IntoResponseParts for SkipMetrics {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}
