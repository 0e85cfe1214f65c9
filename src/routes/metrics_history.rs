//! `/metrics/history`: the recent past of one metric.

use std::time::{Duration, SystemTime};

use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::metrics_json::{Number, serialize_labels};
use super::metrics_render::{Rendered, render_json};
use super::query::{parameters, unknown};
use super::rejection::Rejection;
use crate::catalog::Kind;
use crate::duration;
use crate::exporter::{HistoryQuery, HistoryStats, MetricsHistory, TimeSeries};
use crate::time::{rfc3339, unix_seconds};

const NOT_KEPT: &str = "This service keeps no history. Its owner enables one with history(HistoryConfig::new()) on the builder of Prometheus or ExistingExporter.";

/// Renders the result of a query, or an overview without one.
pub(super) fn render(history: Option<&MetricsHistory>, query: &str) -> Rendered {
    let Some(history) = history else {
        return Err(Rejection::new(StatusCode::NOT_FOUND, NOT_KEPT));
    };
    let wrong = |detail: String| Rejection::new(StatusCode::BAD_REQUEST, &detail);
    let params = Params::parse(query).map_err(wrong)?;
    let stats = history.stats();
    if params.metric.is_none() {
        return render_json(&overview(&stats));
    }
    render_json(&params.query(history, &stats).map_err(wrong)?)
}

fn overview(stats: &HistoryStats) -> impl Serialize {
    let metrics = stats.metrics.iter();
    let metrics = metrics.map(|(name, kind)| (name.clone(), kind.as_str().into()));
    json!({
        "since": rfc3339(stats.since),
        "interval_seconds": Number(stats.interval.as_secs_f64()),
        "window_seconds": Number(stats.window.as_secs_f64()),
        "ticks": stats.ticks,
        "series": stats.series,
        "series_dropped": stats.series_dropped,
        "bytes": stats.bytes,
        "metrics": metrics.collect::<serde_json::Map<_, _>>(),
    })
}

#[derive(Default)]
struct Params {
    metric: Option<String>,
    kind: Option<&'static str>,
    q: Option<f64>,
    window: Option<Duration>,
    sum: Option<bool>,
    labels: Vec<(String, String)>,
}

const KINDS: [&str; 4] = ["values", "rate", "average", "quantile"];

impl Params {
    fn parse(query: &str) -> Result<Self, String> {
        let mut params = Self::default();
        for parameter in parameters(query) {
            let (name, value) = parameter?;
            params.set(&name, value)?;
        }
        if params.metric.is_none() && !query.is_empty() {
            return Err("The query names no metric: metric=<name> is needed.".to_owned());
        }
        Ok(params)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        let is_repeated = match name {
            "metric" => self.metric.replace(value).is_some(),
            "kind" => self.kind.replace(kind(&value)?).is_some(),
            "q" => self.q.replace(number(&value)?).is_some(),
            "window" => self.window.replace(window(&value)?).is_some(),
            "sum" => self.sum.replace(flag(&value)?).is_some(),
            "label" => {
                self.labels.push(label(&value)?);
                false
            }
            _ => return Err(unknown(name, "metric, kind, q, window, sum and label")),
        };
        if is_repeated {
            return Err(format!("Parameter {name} is repeated: only label can be."));
        }
        Ok(())
    }

    fn query(self, history: &MetricsHistory, stats: &HistoryStats) -> Result<Found, String> {
        let metric = self.metric.unwrap_or_default();
        let metric_kind = history.kind(&metric);
        let kind = self.kind.unwrap_or(match metric_kind {
            Some(Kind::Counter) => "rate",
            Some(Kind::Histogram) => "quantile",
            // For an unknown metric the query returns the error.
            Some(Kind::Gauge) | None => "values",
        });
        let q = (kind == "quantile").then(|| self.q.unwrap_or(0.95));
        if q.is_none() && self.q.is_some() && metric_kind.is_some() {
            return Err(format!(
                "Parameter q needs kind=quantile, and this is kind={kind}."
            ));
        }
        let mut query = match (kind, q) {
            (_, Some(q)) => HistoryQuery::quantile(&*metric, q),
            ("rate", _) => HistoryQuery::rate(&*metric),
            ("average", _) => HistoryQuery::average(&*metric),
            _ => HistoryQuery::values(&*metric),
        };
        for (name, value) in self.labels {
            query = query.label(name, value);
        }
        if let Some(window) = self.window {
            query = query.window(window);
        }
        let sum = self.sum.unwrap_or_default();
        if sum {
            query = query.sum();
        }
        let series = history.query(&query).map_err(|error| error.to_string())?;
        Ok(Found {
            since: rfc3339(stats.since),
            metric,
            r#type: metric_kind.map_or("", Kind::as_str),
            kind,
            q,
            sum,
            interval_seconds: Number(stats.interval.as_secs_f64()),
            window_seconds: Number(self.window.unwrap_or(stats.window).as_secs_f64()),
            series: series.into_iter().map(FoundSeries::from).collect(),
        })
    }
}

fn kind(value: &str) -> Result<&'static str, String> {
    let known = KINDS.into_iter().find(|known| *known == value);
    known.ok_or_else(|| {
        format!("Parameter kind is {value:?}: values, rate, average and quantile are allowed.")
    })
}

fn number(value: &str) -> Result<f64, String> {
    let wrong = |_| format!("Parameter q is {value:?}: a number from 0 to 1 is needed.");
    value.parse().map_err(wrong)
}

fn flag(value: &str) -> Result<bool, String> {
    let wrong = |_| format!("Parameter sum is {value:?}: true and false are allowed.");
    value.parse().map_err(wrong)
}

fn window(value: &str) -> Result<Duration, String> {
    duration::parse(value).ok_or_else(|| {
        format!("Parameter window is {value:?}: a duration like 300, 300s, 5m or 1h is needed.")
    })
}

/// Splits at the first colon, because no label name has one.
fn label(value: &str) -> Result<(String, String), String> {
    let (name, value) = value
        .split_once(':')
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| {
            format!("Parameter label is {value:?}: a name, a colon and the value are needed.")
        })?;
    Ok((name.to_owned(), value.to_owned()))
}

#[derive(Serialize)]
struct Found {
    since: Option<String>,
    metric: String,
    r#type: &'static str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    q: Option<f64>,
    sum: bool,
    interval_seconds: Number,
    window_seconds: Number,
    series: Vec<FoundSeries>,
}

#[derive(Serialize)]
struct FoundSeries {
    #[serde(serialize_with = "serialize_labels")]
    labels: Vec<(String, String)>,
    points: Vec<(Number, Number)>,
}

impl From<TimeSeries> for FoundSeries {
    fn from(TimeSeries { labels, points, .. }: TimeSeries) -> Self {
        let points = points.into_iter();
        let points = points.map(|(time, value)| (timestamp(time), Number(value)));
        let points = points.collect();
        Self { labels, points }
    }
}

/// Rounds to milliseconds.
fn timestamp(time: SystemTime) -> Number {
    Number((unix_seconds(time) * 1e3).round() / 1e3)
}
