//! `/metrics`: what Prometheus scrapes.

use std::sync::Arc;

use http::HeaderMap;
use http::header::HeaderValue;
use metrics::Histogram;
use serde_json::json;

use super::metrics_answer::{Limits, Written, answer, as_json};
use super::metrics_json::Json;
use super::metrics_registries::Registries;
use super::{Access, Routes, Verb, Visit, accept, metrics_history};
use crate::catalog::MONITORING_SCRAPE_DURATION;
use crate::exporter::Prometheus;
use crate::measure::Instant;
use crate::recorder::{LazyHandle, RecorderRef};
use crate::time::rfc3339;

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
                OPEN => Self::OpenMetrics,
                JSON => Self::Json,
                _ => Self::Text,
            },
            form => form,
        }
    }

    fn write(self, prometheus: &Prometheus) -> Written {
        match self {
            Self::Negotiated | Self::Text => Ok((prometheus.render().into_bytes(), TEXT)),
            Self::OpenMetrics => Ok((prometheus.render_openmetrics().into_bytes(), OPEN_METRICS)),
            Self::Json => as_json(&Json(&prometheus.json_view())),
            Self::Registries => as_json(&Registries::of(prometheus)),
        }
    }
}

impl Routes {
    /// Adds `/metrics`, `/metrics/prometheus`, `/metrics/json`, `/metrics/registries`, `/metrics/history` and
    /// `/admin/reset-metrics`: everything recorded, as Prometheus text format 0.0.4 (`text/plain; version=0.0.4;
    /// charset=utf-8`), as `OpenMetrics` 1.0 or as JSON, gzipped for those who take it.
    ///
    /// `/metrics` is what `Accept` names with the highest weight: `application/openmetrics-text` (of version 1.0.0, as
    /// Prometheus asks for), `application/json` or `text/plain`, of equals the first of these; and text for whoever names
    /// none of them. In JSON, `metrics` holds by name each family's `type`, `help`, `value` (the sum of its series) and
    /// `series` (`labels`, `value`); histograms have `count`, `sum`, `avg`, `p50`, `p90`, `p95` and `p99` instead of a
    /// value, for each series and for all together. `/metrics/registries` tells what there is: by name each family's
    /// `type`, `help`, `labels`, whether it is `in_catalogue`, how many `series` it has, and how often a series
    /// past the limit became `other` (`dropped`).
    ///
    /// JSON counts since `since`: the recorder's beginning, or the last `POST /admin/reset-metrics` (guarded), which is
    /// [`Prometheus::reset`] and empties the history. `today` has the tokens of language models and their cost since the day
    /// began, in UTC, or since the recorder was built on it; a reset does not touch them.
    ///
    /// `/metrics/history`, which is [guarded](Self::guard), is what a [history](crate::exporter::PrometheusBuilder::history) keeps; 404
    /// without one. By itself it tells what there is: `since`, `interval_seconds`, `window_seconds`, `ticks`, `series`,
    /// `series_left_out`, `bytes` and `metrics` (types by name). Of one `metric` it has a [`HistoryQuery`](crate::exporter::HistoryQuery)'s
    /// answer, asked for by these parameters:
    ///
    /// | parameter | what it takes | default |
    /// |---|---|---|
    /// | `metric` | its name, with its prefix | |
    /// | `kind` | `values`, `rate`, `average`, `quantile` | of a counter `rate`, of a gauge `values`, of a histogram `quantile` |
    /// | `q` | 0 to 1; of a quantile only | 0.95 |
    /// | `window` | `300`, `300s`, `5m`, `1h` | all that is kept |
    /// | `sum` | `true`, `false`: all series as one | `false` |
    /// | `label` | `name:value`, any number of times | |
    ///
    /// `/metrics/history?metric=http_requests_total&label=method:GET&window=5m` has `since`, `metric`, `type`, `kind`, `q` (of
    /// a quantile), `sum`, `interval_seconds`, `window_seconds` and `series`: of each its `labels` and its `points`, oldest
    /// first, as pairs of Unix seconds and a number (null if it is infinite or none). Anything else is a 400 that says
    /// what is allowed.
    ///
    /// Rendered on tokio's blocking threads, four at once, and at most 16 answers wait for slow clients to read them; a
    /// request past either gets 503 and `Retry-After: 1`.
    pub fn metrics(self, prometheus: Prometheus) -> Self {
        let limits = Limits::new();
        let recorder = RecorderRef::new(prometheus.clone());
        let durations = LazyHandle::<Histogram>::new(&recorder, MONITORING_SCRAPE_DURATION.key([]));
        let durations = Arc::new(durations);
        let scrape = |form: Form| {
            let (prometheus, limits) = (prometheus.clone(), limits.clone());
            let durations = Arc::clone(&durations);
            move |visit: Visit| {
                let (prometheus, headers) = (prometheus.clone(), visit.parts.headers);
                let (form, durations) = (form.negotiated(&headers), Arc::clone(&durations));
                answer(limits.clone(), headers, move || {
                    let began = Instant::now();
                    let written = form.write(&prometheus);
                    let seconds = began.elapsed().as_secs_f64();
                    durations.record(|durations| durations.record(seconds));
                    written
                })
            }
        };
        let history = {
            let (prometheus, limits) = (prometheus.clone(), limits.clone());
            move |visit: Visit| {
                let (prometheus, parts) = (prometheus.clone(), visit.parts);
                let query = parts.uri.query().unwrap_or_default().to_owned();
                answer(limits.clone(), parts.headers, move || {
                    metrics_history::write(prometheus.history(), &query)
                })
            }
        };
        let routes = self
            .add("/metrics", Access::Open, scrape(Form::Negotiated))
            .add("/metrics/prometheus", Access::Open, scrape(Form::Text))
            .add("/metrics/json", Access::Open, scrape(Form::Json))
            .add(
                "/metrics/registries",
                Access::Open,
                scrape(Form::Registries),
            )
            .add("/metrics/history", Access::Guarded, history);
        let reset = move |visit: Visit| {
            let prometheus = prometheus.clone();
            answer(limits.clone(), visit.parts.headers, move || {
                prometheus.reset();
                as_json(&json!({ "since": rfc3339(prometheus.reset_at()) }))
            })
        };
        routes.route(Verb::Post, "/admin/reset-metrics", Access::Guarded, reset)
    }
}
