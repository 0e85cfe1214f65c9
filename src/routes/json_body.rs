//! Reads the JSON body of a request.
//!
//! tower-http's `RequestBodyLimitLayer` refuses in plain text, not as RFC 9457 says. Its `RequestBodyTimeoutLayer` limits the wait for
//! each frame, so a client that sends a byte now and then holds the request for ever. Here, the whole body has one time limit.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use futures_core::Stream;
use http::StatusCode;
use serde_json::Value;
use tokio::time::timeout;

use super::json_fields::{Fields, kind};
use super::json_repeated::repeated;
use super::rejection::Rejection;

/// The longest body of a request, and how long it may take to arrive.
const MAX_BODY: usize = 64 << 10;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads the fields of the body. All its mistakes are in one rejection.
pub(super) async fn json_body<T>(
    body: Body,
    fields: impl FnOnce(&mut Fields) -> T,
) -> Result<T, Rejection> {
    let Ok(body) = timeout(BODY_TIMEOUT, read(body)).await else {
        return Err(Rejection::new(
            StatusCode::REQUEST_TIMEOUT,
            "The body took longer than 10 s.",
        ));
    };
    parse(&body?, fields).map_err(|detail| Rejection::new(StatusCode::BAD_REQUEST, &detail))
}

fn parse<T>(body: &[u8], read: impl FnOnce(&mut Fields) -> T) -> Result<T, String> {
    if body.trim_ascii().is_empty() {
        return Err("The body is empty: a JSON object is needed.".to_owned());
    }
    let value =
        serde_json::from_slice(body).map_err(|error| format!("The body is not JSON: {error}."))?;
    let Value::Object(object) = value else {
        let kind = kind(&value);
        return Err(format!("The body is {kind}: an object is needed."));
    };
    let mut fields = Fields::new(object);
    let read = read(&mut fields);
    let repeated = repeated(body).into_iter();
    let mut mistakes: Vec<_> = repeated
        .map(|field| format!("Field {field} is repeated: once is allowed."))
        .collect();
    mistakes.extend(fields.into_mistakes());
    if mistakes.is_empty() {
        Ok(read)
    } else {
        Err(mistakes.join(" "))
    }
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
