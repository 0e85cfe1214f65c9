//! Renders responses of the metrics routes off the async threads, within limits that the routes share.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER, VARY};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::chunked_body::ChunkedBody;
use super::gzip;
use super::problem::problem;
use super::rejection::Rejection;

/// Concurrent renders of one [`Routes`](super::Routes): each keeps a core busy.
const MAX_RENDERS: usize = 4;

/// Concurrent responses of one [`Routes`](super::Routes) that are not read to their end: each is a text of its own, and
/// 10,000 histograms make 9 MiB.
const MAX_RESPONSES: usize = 16;

#[derive(Clone)]
pub(super) struct Limits {
    renders: Arc<Semaphore>,
    responses: Arc<Semaphore>,
}

impl Limits {
    pub(super) fn new() -> Self {
        Self {
            renders: Arc::new(Semaphore::new(MAX_RENDERS)),
            responses: Arc::new(Semaphore::new(MAX_RESPONSES)),
        }
    }
}

/// A text and its content type.
pub(super) type Rendered = Result<(Vec<u8>, HeaderValue), Rejection>;

/// No recorded name or value can make this fail.
pub(super) fn render_json(shape: &impl Serialize) -> Rendered {
    let text = serde_json::to_vec(shape)
        .map_err(|_| Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, FAILED))?;
    Ok((text, HeaderValue::from_static("application/json")))
}

const FAILED: &str = "The metrics could not be rendered; the service's log may say why.";

/// Renders a response off the async threads, within the limits.
pub(super) async fn respond(
    limits: Limits,
    headers: HeaderMap,
    render: impl FnOnce() -> Rendered + Send + 'static,
) -> Response {
    let Ok(response_permit) = limits.responses.try_acquire_owned() else {
        return busy(
            "As many responses as are allowed at once wait to be read. Try again in a second.",
        );
    };
    let Ok(render_permit) = limits.renders.try_acquire_owned() else {
        return busy(
            "As many renders as are allowed at once are in progress. Try again in a second.",
        );
    };
    let use_gzip = gzip::is_accepted(&headers);
    let work = move || {
        // The permit moves along, so that a client that leaves does not make room before its render ends.
        let _render_permit = render_permit;
        match render() {
            Ok((text, content_type)) => complete(text, content_type, use_gzip, response_permit),
            Err(rejection) => rejection.into_response(),
        }
    };
    let response = spawn_blocking(work).await;
    response.unwrap_or_else(|| problem(StatusCode::INTERNAL_SERVER_ERROR, FAILED))
}

fn busy(detail: &str) -> Response {
    let mut busy = problem(StatusCode::SERVICE_UNAVAILABLE, detail);
    busy.headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from_static("1"));
    busy
}

/// Works on the current thread if there is no tokio runtime.
async fn spawn_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    match Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(work).await.ok(),
        Err(_) => Some(work()),
    }
}

fn complete(
    text: Vec<u8>,
    content_type: HeaderValue,
    use_gzip: bool,
    permit: OwnedSemaphorePermit,
) -> Response {
    let compressed = use_gzip.then(|| gzip::compress(&text).ok()).flatten();
    let is_compressed = compressed.is_some();
    let body = ChunkedBody::new(compressed.unwrap_or(text), permit);
    let mut response = Response::new(Body::new(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
    if is_compressed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}
