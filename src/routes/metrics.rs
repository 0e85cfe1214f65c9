//! `/metrics`: what Prometheus scrapes.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER, VARY};
use http::{HeaderMap, StatusCode};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::problem;
use super::{Access, Routes, Visit, gzip};
use crate::exporter::Prometheus;

/// Renders at once, over all routes of one [`Routes`]: each keeps a core busy. An answer that a client is slow to read is
/// no render any more.
const MAX_RENDERS: usize = 4;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

impl Routes {
    /// Adds `/metrics` and `/metrics/prometheus`: everything recorded, as Prometheus text format 0.0.4
    /// (`text/plain; version=0.0.4; charset=utf-8`), whatever `Accept` says, gzipped for those who take it.
    ///
    /// Rendered on tokio's blocking threads, four at once; a fifth request meanwhile gets 503 and `Retry-After: 1`.
    pub fn metrics(self, prometheus: Prometheus) -> Self {
        let renders = Arc::new(Semaphore::new(MAX_RENDERS));
        let scrape = move |visit: Visit| {
            answer(
                prometheus.clone(),
                Arc::clone(&renders),
                visit.parts.headers,
            )
        };
        self.add("/metrics", Access::Open, scrape.clone()).add(
            "/metrics/prometheus",
            Access::Open,
            scrape,
        )
    }
}

async fn answer(prometheus: Prometheus, renders: Arc<Semaphore>, headers: HeaderMap) -> Response {
    let Ok(permit) = renders.try_acquire_owned() else {
        let mut busy = problem(
            StatusCode::SERVICE_UNAVAILABLE,
            "As many renders as are allowed at once are under way. Try again in a second.",
        );
        busy.headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from_static("1"));
        return busy;
    };
    let as_gzip = gzip::is_accepted(&headers);
    match off_thread(move || render(&prometheus, as_gzip, permit)).await {
        Some(response) => response,
        None => problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The metrics could not be rendered; the service's log may say why.",
        ),
    }
}

/// Without a tokio runtime there are no threads to go to: then it runs where it is.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    match Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(work).await.ok(),
        Err(_) => Some(work()),
    }
}

/// The permit comes along, so that a client that hangs up does not make room while its render goes on.
fn render(prometheus: &Prometheus, as_gzip: bool, _permit: OwnedSemaphorePermit) -> Response {
    let text = prometheus.render().into_bytes();
    let compressed = as_gzip.then(|| gzip::compress(&text).ok()).flatten();
    let is_compressed = compressed.is_some();
    let mut response = Response::new(Body::from(compressed.unwrap_or(text)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, TEXT);
    headers.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
    if is_compressed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}
