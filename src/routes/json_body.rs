//! Reads the JSON body of a request.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use http::StatusCode;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::rejection::Rejection;

/// The longest body of a request, and how long it may take to arrive.
const MAX_BODY: usize = 64 << 10;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads the body as a JSON object of this form.
pub(super) async fn json_body<T: DeserializeOwned>(body: Body) -> Result<T, Rejection> {
    let body = timeout(BODY_TIMEOUT, to_bytes(body, MAX_BODY)).await;
    let Ok(body) = body else {
        return Err(Rejection::new(
            StatusCode::REQUEST_TIMEOUT,
            "The body took longer than 10 s.",
        ));
    };
    let body = body.map_err(|_| {
        Rejection::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "The body has more than 64 KiB, or ended early.",
        )
    })?;
    serde_json::from_slice(&body).map_err(|error| {
        let detail = format!("The body is not the JSON object that is needed: {error}.");
        Rejection::new(StatusCode::BAD_REQUEST, &detail)
    })
}
