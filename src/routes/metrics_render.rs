//! Responses of the metrics routes, rendered off the async threads, within limits that the routes share.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER, VARY};
use http::request::Parts;
use serde::Serialize;

use super::chunked_body::ChunkedBody;
use super::gzip;
use super::peer::peer;
use super::problem::problem;
use super::rejection::Rejection;
use super::render_job::RenderJob;
use super::render_queue::{NotRendered, RenderQueue};
use super::shared_text::{Encoded, SharedText};
use crate::panics;

/// A text and its content type.
pub(super) type Rendered = Result<(Vec<u8>, HeaderValue), Rejection>;

/// No recorded name or value can make this fail.
pub(super) fn render_json(shape: &impl Serialize) -> Rendered {
    let text = serde_json::to_vec(shape).map_err(|_| failed())?;
    Ok((text, HeaderValue::from_static("application/json")))
}

const FAILED: &str = "The metrics could not be rendered; the service's log may say why.";

/// Renders a response off the async threads, within the limits of the queue. Requests that share a format share the text.
pub(super) async fn respond(
    queue: RenderQueue,
    parts: Parts,
    shared_format: Option<&'static str>,
    render: impl FnOnce() -> Rendered + Send + 'static,
) -> Response {
    let is_gzip = gzip::is_accepted(&parts.headers);
    let job = RenderJob {
        key: shared_format.map(|format| (format, is_gzip)),
        client: peer(&parts),
        render: Box::new(move || encode(render, is_gzip)),
    };
    match queue.render(job).await {
        Ok(text) => complete(text),
        Err(NotRendered::Busy(detail)) => busy(detail),
        Err(NotRendered::Rejected(rejection)) => rejection.into_response(),
        Err(NotRendered::Lost) => failed().into_response(),
    }
}

/// A hook that panics in an unforeseen way must not cost the response.
fn encode(render: impl FnOnce() -> Rendered, is_gzip: bool) -> Result<Encoded, Rejection> {
    let encode = || {
        let (text, content_type) = render()?;
        let compressed = is_gzip.then(|| gzip::compress(&text).ok()).flatten();
        Ok(Encoded {
            is_gzip: compressed.is_some(),
            text: compressed.unwrap_or(text),
            content_type,
        })
    };
    panics::caught_here(encode).unwrap_or_else(|_| Err(failed()))
}

fn failed() -> Rejection {
    Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, FAILED)
}

fn busy(detail: &str) -> Response {
    let mut busy = problem(StatusCode::SERVICE_UNAVAILABLE, detail);
    busy.headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from_static("1"));
    busy
}

fn complete(text: SharedText) -> Response {
    let mut response = Response::new(Body::new(ChunkedBody::new(text.text)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, text.content_type);
    headers.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
    if text.is_gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}
