//! Reads the JSON body of a request.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use futures_core::Stream;
use http::StatusCode;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::rejection::Rejection;

/// The longest body of a request, and how long it may take to arrive.
const MAX_BODY: usize = 64 << 10;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads the body as a JSON object of this form.
pub(super) async fn json_body<T: DeserializeOwned>(body: Body) -> Result<T, Rejection> {
    let Ok(body) = timeout(BODY_TIMEOUT, read(body)).await else {
        return Err(Rejection::new(
            StatusCode::REQUEST_TIMEOUT,
            "The body took longer than 10 s.",
        ));
    };
    let body = body?;
    let wrong = |problem: &str| {
        let detail = format!("The body is not the JSON object that is needed: {problem}.");
        Rejection::new(StatusCode::BAD_REQUEST, &detail)
    };
    // serde would also take a list of the fields' values.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(wrong("it does not begin with {"));
    }
    serde_json::from_slice(&body).map_err(|error| wrong(&error.to_string()))
}

async fn read(body: Body) -> Result<Vec<u8>, Rejection> {
    let too_large = || {
        Rejection::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "The body has more than 64 KiB.",
        )
    };
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(too_large());
    }
    let mut chunks = body.into_data_stream();
    let mut read = Vec::new();
    while let Some(chunk) = poll_fn(|cx| Pin::new(&mut chunks).poll_next(cx)).await {
        let chunk =
            chunk.map_err(|_| Rejection::new(StatusCode::BAD_REQUEST, "The body ended early."))?;
        if read.len() + chunk.len() > MAX_BODY {
            return Err(too_large());
        }
        read.extend_from_slice(&chunk);
    }
    Ok(read)
}
