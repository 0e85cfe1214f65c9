//! `/metrics`: what Prometheus scrapes.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER, VARY};
use http::{HeaderMap, StatusCode};
use metrics::Histogram;
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::metrics_json::Json;
use super::metrics_registries::Registries;
use super::metrics_unread::Unread;
use super::{Access, Routes, Verb, Visit, accept, gzip, problem};
use crate::catalog::MONITORING_SCRAPE_DURATION;
use crate::exporter::Prometheus;
use crate::health::rfc3339;
use crate::measure::Instant;
use crate::target::{Cell, Target};

/// Renders at once, over all routes of one [`Routes`]: each keeps a core busy.
const MAX_RENDERS: usize = 4;

/// Answers at once that are not yet read to their end, over all routes of one [`Routes`]: each is a text of its own, of
/// which 10,000 histograms make 9 MiB.
const MAX_ANSWERS: usize = 16;

/// What is had at once of each.
#[derive(Clone)]
struct Limits {
    renders: Arc<Semaphore>,
    answers: Arc<Semaphore>,
    /// How long readings take, by the next one.
    durations: Arc<Cell<Histogram>>,
}

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// What the metrics are written as.
#[derive(Clone, Copy)]
enum Form {
    /// By `Accept`; text for whoever names none of them.
    Negotiated,
    Text,
    OpenMetrics,
    Json,
    /// Not the values, but what there is.
    Registries,
}

impl Form {
    fn negotiated(self, headers: &HeaderMap) -> Self {
        const OPEN: &str = "application/openmetrics-text; version=1.0.0";
        const JSON: &str = "application/json";
        match self {
            Self::Negotiated => match accept::best(headers, &[OPEN, JSON, "text/plain"]) {
                Some(OPEN) => Self::OpenMetrics,
                Some(JSON) => Self::Json,
                _ => Self::Text,
            },
            form => form,
        }
    }

    /// `None` if it cannot be written, which no name or value here can cause.
    fn write(self, prometheus: &Prometheus) -> Option<(Vec<u8>, HeaderValue)> {
        let json = match self {
            Self::Negotiated | Self::Text => return Some((prometheus.render().into_bytes(), TEXT)),
            Self::OpenMetrics => {
                return Some((prometheus.render_openmetrics().into_bytes(), OPEN_METRICS));
            }
            Self::Json => serde_json::to_vec(&Json(&prometheus.view())),
            Self::Registries => serde_json::to_vec(&Registries::of(prometheus)),
        };
        Some((json.ok()?, HeaderValue::from_static("application/json")))
    }
}

impl Routes {
    /// Adds `/metrics`, `/metrics/prometheus`, `/metrics/json` and `/metrics/registries`: everything recorded, as Prometheus text format 0.0.4
    /// (`text/plain; version=0.0.4; charset=utf-8`), as `OpenMetrics` 1.0 or as JSON, gzipped for those who take it.
    ///
    /// `/metrics` is what `Accept` names with the highest weight: `application/openmetrics-text` (of version 1.0.0, as
    /// Prometheus asks for), `application/json` or `text/plain`, of equals the first of these; and text for whoever names
    /// none of them. In JSON, `metrics` holds by name each family's `type`, `help`, `value` (the sum of its series) and
    /// `series` (`labels`, `value`); histograms have `count`, `sum`, `avg`, `p50`, `p90`, `p95` and `p99` instead of a
    /// value, for each series and for all together. `/metrics/registries` tells what there is: by name each family's
    /// `type`, `help`, `labels`, whether it is `in_catalogue`, how many `series` it has, and how often it was counted under
    /// `other` past the series limit (`dropped`).
    ///
    /// JSON counts since `since`: the recorder's beginning, or the last `POST /admin/reset-metrics` (guarded), which is
    /// [`Prometheus::reset`]. `today` has the tokens of language models and their cost since the day began, in UTC,
    /// whatever was reset.
    ///
    /// Rendered on tokio's blocking threads, four at once, and at most 16 answers wait for slow clients to read them; a
    /// request past either gets 503 and `Retry-After: 1`.
    pub fn metrics(self, prometheus: Prometheus) -> Self {
        let limits = Limits {
            renders: Arc::new(Semaphore::new(MAX_RENDERS)),
            answers: Arc::new(Semaphore::new(MAX_ANSWERS)),
            durations: Arc::new(Cell::new(
                &Target::recorder(prometheus.clone()),
                &MONITORING_SCRAPE_DURATION,
                Vec::new(),
            )),
        };
        let scrape = |form: Form| {
            let (prometheus, limits) = (prometheus.clone(), limits.clone());
            move |visit: Visit| {
                answer(
                    prometheus.clone(),
                    limits.clone(),
                    form,
                    visit.parts.headers,
                )
            }
        };
        self.add("/metrics", Access::Open, scrape(Form::Negotiated))
            .add("/metrics/prometheus", Access::Open, scrape(Form::Text))
            .add("/metrics/json", Access::Open, scrape(Form::Json))
            .add(
                "/metrics/registries",
                Access::Open,
                scrape(Form::Registries),
            )
            .route(
                Verb::Post,
                "/admin/reset-metrics",
                Access::Guarded,
                move |_| reset(prometheus.clone()),
            )
    }
}

async fn answer(
    prometheus: Prometheus,
    limits: Limits,
    form: Form,
    headers: HeaderMap,
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
    let (form, as_gzip) = (form.negotiated(&headers), gzip::is_accepted(&headers));
    let render = move || {
        // It comes along, so that a client that hangs up does not make room while its render goes on.
        let _rendering = rendering;
        let began = Instant::now();
        let response = render(&prometheus, form, as_gzip, unread);
        let seconds = began.elapsed().as_secs_f64();
        limits
            .durations
            .write(|durations| durations.record(seconds));
        response
    };
    match off_thread(render).await {
        Some(Some(response)) => response,
        _ => failed(),
    }
}

/// Off the async threads, for it reads everything.
async fn reset(prometheus: Prometheus) -> Response {
    let reset = off_thread(move || {
        prometheus.reset();
        prometheus.zero_at()
    });
    match reset.await {
        Some(since) => problem::json(StatusCode::OK, &json!({ "since": rfc3339(since) })),
        None => failed(),
    }
}

fn failed() -> Response {
    problem::problem(
        StatusCode::INTERNAL_SERVER_ERROR,
        "The metrics could not be read; the service's log may say why.",
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

fn render(
    prometheus: &Prometheus,
    form: Form,
    as_gzip: bool,
    unread: OwnedSemaphorePermit,
) -> Option<Response> {
    let (body, content_type) = form.write(prometheus)?;
    let compressed = as_gzip.then(|| gzip::compress(&body).ok()).flatten();
    let is_compressed = compressed.is_some();
    let unread = Unread::new(compressed.unwrap_or(body), unread);
    let mut response = Response::new(Body::new(unread));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
    if is_compressed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Some(response)
}
