//! How the metrics' routes answer: off the async threads, and within limits that they share.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER, VARY};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::metrics_unread::Unread;
use super::{gzip, problem};

/// Renders at once, over all routes of one [`Routes`](super::Routes): each keeps a core busy.
const MAX_RENDERS: usize = 4;

/// Answers at once that are not yet read to their end, over all routes of one [`Routes`](super::Routes): each is a text of
/// its own, of which 10,000 histograms make 9 MiB.
const MAX_ANSWERS: usize = 16;

/// What is had at once of each.
#[derive(Clone)]
pub(super) struct Limits {
    renders: Arc<Semaphore>,
    answers: Arc<Semaphore>,
}

impl Limits {
    pub(super) fn new() -> Self {
        Self {
            renders: Arc::new(Semaphore::new(MAX_RENDERS)),
            answers: Arc::new(Semaphore::new(MAX_ANSWERS)),
        }
    }
}

/// A text and its type, or the answer that there is instead.
pub(super) type Written = Result<(Vec<u8>, HeaderValue), Box<Response>>;

/// No name or value that is recorded can make this fail.
pub(super) fn as_json(shape: &impl Serialize) -> Written {
    let text = serde_json::to_vec(shape).map_err(|_| Box::new(failed()))?;
    Ok((text, HeaderValue::from_static("application/json")))
}

/// Writes an answer off the async threads, within the limits.
pub(super) async fn answer(
    limits: Limits,
    headers: HeaderMap,
    write: impl FnOnce() -> Written + Send + 'static,
) -> Response {
    let Ok(unread) = limits.answers.try_acquire_owned() else {
        return busy(
            "As many answers as are allowed at once wait to be read. Try again in a second.",
        );
    };
    let Ok(rendering) = limits.renders.try_acquire_owned() else {
        return busy(
            "As many renders as are allowed at once are under way. Try again in a second.",
        );
    };
    let as_gzip = gzip::is_accepted(&headers);
    let work = move || {
        // It comes along, so that a client that hangs up does not make room while its render goes on.
        let _rendering = rendering;
        match write() {
            Ok((text, content_type)) => written(text, content_type, as_gzip, unread),
            Err(instead) => *instead,
        }
    };
    off_thread(work).await.unwrap_or_else(failed)
}

fn failed() -> Response {
    problem::problem(
        StatusCode::INTERNAL_SERVER_ERROR,
        "The metrics could not be rendered; the service's log may say why.",
    )
}

fn busy(detail: &str) -> Response {
    let mut busy = problem::problem(StatusCode::SERVICE_UNAVAILABLE, detail);
    busy.headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from_static("1"));
    busy
}

/// Without a tokio runtime there are no threads to go to: then it runs where it is.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    match Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(work).await.ok(),
        Err(_) => Some(work()),
    }
}

fn written(
    text: Vec<u8>,
    content_type: HeaderValue,
    as_gzip: bool,
    unread: OwnedSemaphorePermit,
) -> Response {
    let compressed = as_gzip.then(|| gzip::compress(&text).ok()).flatten();
    let is_compressed = compressed.is_some();
    let unread = Unread::new(compressed.unwrap_or(text), unread);
    let mut response = Response::new(Body::new(unread));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
    if is_compressed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}
