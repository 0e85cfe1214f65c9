//! `/metrics` and the routes below it.

use std::sync::Arc;

use http::HeaderMap;
use http::header::HeaderValue;
use metrics::Histogram;
use serde_json::json;

use super::access::Access;
use super::exposition::Exposition;
use super::method::Method;
use super::metrics_history;
use super::metrics_json::Json;
use super::metrics_operations as operations;
use super::metrics_registries::Registries;
use super::metrics_render::{Rendered, render_json, respond};
use super::monitoring::Monitoring;
use super::render_queue::RenderQueue;
use super::request::RouteRequest;
use super::routes::Routes;
use crate::catalog::MONITORING_SCRAPE_DURATION;
use crate::exporter::{MetricsSource, Reader};
use crate::measure::Instant;
use crate::recorder::LazyHandle;
use crate::time::rfc3339;

#[derive(Clone, Copy)]
enum Shape {
    /// By `Accept`, with text as the default.
    Negotiated,
    Scraped(Exposition),
    Json,
    Registries,
}

impl Shape {
    fn negotiated(self, headers: &HeaderMap, reader: &Reader) -> Self {
        if !matches!(self, Self::Negotiated) {
            return self;
        }
        let exposition = Exposition::negotiated(headers, reader.formats(), reader.has_utf8_names());
        exposition.map_or(Self::Json, Self::Scraped)
    }

    /// The name of the shape that this one is rendered as. Those of the same name share a text.
    fn name(self) -> &'static str {
        match self {
            Self::Negotiated => Exposition::DEFAULT.content_type(),
            Self::Scraped(exposition) => exposition.content_type(),
            Self::Json => "json",
            Self::Registries => "registries",
        }
    }

    fn render(self, reader: &Reader) -> Rendered {
        let scraped = |exposition: Exposition| {
            let content_type = HeaderValue::from_static(exposition.content_type());
            Ok((exposition.render(reader), content_type))
        };
        match self {
            Self::Negotiated => scraped(Exposition::DEFAULT),
            Self::Scraped(exposition) => scraped(exposition),
            Self::Json => render_json(&Json::new(&reader.json_view())),
            Self::Registries => render_json(&Registries::new(reader)),
        }
    }
}

impl Routes {
    /// Adds `/metrics`, `/metrics/prometheus`, `/metrics/json`, `/metrics/registries`, `/metrics/history` and
    /// `/admin/reset-metrics`: all metrics in the Prometheus text format 0.0.4 (`text/plain; version=0.0.4;
    /// charset=utf-8`), `OpenMetrics` 1.0, protobuf (feature `protobuf`) or JSON, gzipped if the client accepts it. The metrics are those of a
    /// [`Prometheus`](crate::Prometheus), or of an [exporter that the service installed
    /// itself](crate::exporter::ExistingExporter) (feature `metrics-exporter-prometheus`).
    ///
    /// `/metrics` renders the type that `Accept` gives the highest weight: `application/vnd.google.protobuf` (messages
    /// `io.prometheus.client.MetricFamily`, with the feature `protobuf`), `application/openmetrics-text` (version 1.0.0, which
    /// Prometheus requests), `application/json` or `text/plain`. Ties go to the first of these, and text is the default. With
    /// [`utf8_names`](crate::exporter::PrometheusBuilder::utf8_names), names are written as the parameter `escaping` of that type
    /// asks (`allow-utf-8`, `underscores`, `dots`, `values`), and the content type has the same parameter. In JSON, `metrics` holds by name each family's `type`, `help`, `value` (the sum of its series) and `series` (`labels`,
    /// `value`). Histograms have `count`, `sum`, `avg`, `p50`, `p90`, `p95` and `p99` in place of a value, for each series
    /// and for all together. `/metrics/registries` lists by name each family's `type`, `help`, `labels`, whether it is
    /// `in_catalogue`, its number of `series`, and its registrations past the series limit (`dropped`).
    ///
    /// JSON counts from `since`: the time when the recorder was built, or the last `POST /admin/reset-metrics` (guarded), which
    /// calls [`Prometheus::reset`](crate::Prometheus::reset) and empties the history. `today` holds the tokens of language models
    /// and their cost since the day began in UTC, or since the recorder was built on that day. A reset does not change them.
    ///
    /// `/metrics/history` ([guarded](Self::guard)) shows the [history](crate::exporter::PrometheusBuilder::history);
    /// without one it is a 404. Without parameters it has `since`, `interval_seconds`, `window_seconds`, `ticks`, `series`,
    /// `series_dropped`, `bytes` and `metrics` (types by name). With a `metric` it runs a
    /// [`HistoryQuery`](crate::exporter::HistoryQuery):
    ///
    /// | parameter | value | default |
    /// |---|---|---|
    /// | `metric` | a name with its prefix | |
    /// | `kind` | `values`, `rate`, `average`, `quantile` | `rate` of a counter, `values` of a gauge, `quantile` of a histogram |
    /// | `q` | 0 to 1, for quantiles only | 0.95 |
    /// | `window` | `300`, `300s`, `5m`, `1h` | the whole history |
    /// | `sum` | `true`, `false`: all series as one | `false` |
    /// | `label` | `name:value`, can be repeated | |
    ///
    /// `/metrics/history?metric=http_requests_total&label=method:GET&window=5m` has `since`, `metric`, `type`, `kind`, `q` (for
    /// quantiles), `sum`, `interval_seconds`, `window_seconds` and `series`. Each series has its `labels` and its `points`,
    /// oldest first: pairs of Unix seconds and a number, which is null if it is infinite or missing. A wrong parameter is a
    /// 400 that names the allowed values.
    ///
    /// Texts are rendered on tokio's blocking threads. Requests for the same format that arrive while it is rendered wait and
    /// share the next text, so no text is older than the request for it. At most four texts are rendered at once, at most 16
    /// exist while slow clients read them, and at most 256 requests wait. One client address gets at most half of each, if
    /// the server [passes it on](super::Guard#the-address-of-the-client). A request that finds no room within a second gets
    /// 503 and `Retry-After: 1`. The runtime needs its time driver enabled.
    pub fn metrics(mut self, metrics: impl Into<MetricsSource>) -> Self {
        let MetricsSource {
            reader: served,
            recorder,
        } = metrics.into();
        let queue = RenderQueue::default();
        self.recorder = Some(recorder.clone());
        self.sources.insert(Arc::clone(&served));
        let durations = LazyHandle::<Histogram>::new(&recorder, MONITORING_SCRAPE_DURATION.key([]));
        let durations = Arc::new(durations);
        let scrape = |shape: Shape| {
            let (served, queue) = (Arc::clone(&served), queue.clone());
            let durations = Arc::clone(&durations);
            move |request: RouteRequest| {
                let (served, parts) = (Arc::clone(&served), request.parts);
                let shape = shape.negotiated(&parts.headers, &served);
                let durations = Arc::clone(&durations);
                let (queue, health) = (queue.clone(), request.health);
                let render = move || {
                    let start = Instant::now();
                    let rendered = shape.render(&served);
                    let seconds = start.elapsed().as_secs_f64();
                    durations.record(|durations| durations.record(seconds));
                    rendered
                };
                async move {
                    if let Some(health) = health {
                        health.refresh().await;
                    }
                    respond(queue, parts, Some(shape.name()), render).await
                }
            }
        };
        let history = {
            let (served, queue) = (Arc::clone(&served), queue.clone());
            move |request: RouteRequest| {
                let (served, parts) = (Arc::clone(&served), request.parts);
                let query = parts.uri.query().unwrap_or_default().to_owned();
                respond(queue.clone(), parts, None, move || {
                    metrics_history::render(served.history(), &query)
                })
            }
        };
        let routes = self
            .add(
                "/metrics",
                operations::negotiated(served.formats()),
                Access::Open,
                scrape(Shape::Negotiated),
            )
            .add(
                "/metrics/prometheus",
                &operations::PROMETHEUS,
                Access::Open,
                scrape(Shape::Scraped(Exposition::DEFAULT)),
            )
            .add(
                "/metrics/json",
                &operations::METRICS_JSON,
                Access::Open,
                scrape(Shape::Json),
            )
            .add(
                "/metrics/registries",
                &operations::REGISTRIES,
                Access::Open,
                scrape(Shape::Registries),
            )
            .add(
                "/metrics/history",
                &operations::HISTORY,
                Access::Guarded,
                history,
            );
        let reset = move |request: RouteRequest| {
            let served = Arc::clone(&served);
            respond(queue.clone(), request.parts, None, move || {
                served.reset();
                render_json(&json!({ "since": rfc3339(served.reset_at()) }))
            })
        };
        routes.add_with_method(
            Method::Post,
            "/admin/reset-metrics",
            &operations::RESET,
            Access::Guarded,
            reset,
        )
    }
}

impl Monitoring {
    /// Adds the routes of metrics, as [`Routes::metrics`] does.
    pub fn metrics(self, metrics: impl Into<MetricsSource>) -> Self {
        self.change(|routes| routes.metrics(metrics))
    }
}
