//! `/metrics/history`: what the last minutes were like.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::StatusCode;
use serde::Serialize;
use serde::ser::Serializer;
use serde_json::json;

use super::metrics_answer::{Written, as_json};
use super::metrics_json::{Labels, Number};
use super::problem::problem;
use super::query;
use crate::catalog::Kind;
use crate::exporter::{HistoryQuery, HistoryStats, MetricsHistory, TimeSeries};
use crate::time::rfc3339;

const NOT_KEPT: &str = "This service keeps no history. Its owner keeps one with Prometheus::builder().history(HistoryConfig::new()).";

/// What is asked for, or what there is to ask for.
pub(super) fn write(history: Option<&MetricsHistory>, query: &str) -> Written {
    let Some(history) = history else {
        return Err(Box::new(problem(StatusCode::NOT_FOUND, NOT_KEPT)));
    };
    let wrong = |detail: String| Box::new(problem(StatusCode::BAD_REQUEST, &detail));
    let asked = Asked::of(query).map_err(wrong)?;
    let kept = history.stats();
    if asked.metric.is_none() {
        return as_json(&overview(&kept));
    }
    as_json(&asked.answer(history, &kept).map_err(wrong)?)
}

fn overview(kept: &HistoryStats) -> impl Serialize {
    let metrics = kept.metrics.iter();
    let metrics = metrics.map(|(name, kind)| (name.clone(), kind.as_str().into()));
    json!({
        "since": rfc3339(kept.since),
        "interval_seconds": Number(kept.interval.as_secs_f64()),
        "window_seconds": Number(kept.window.as_secs_f64()),
        "ticks": kept.ticks,
        "series": kept.series,
        "series_left_out": kept.series_dropped,
        "bytes": kept.bytes,
        "metrics": metrics.collect::<serde_json::Map<_, _>>(),
    })
}

/// The parameters, each by itself as it should be.
#[derive(Default)]
struct Asked {
    metric: Option<String>,
    kind: Option<&'static str>,
    q: Option<f64>,
    window: Option<Duration>,
    is_sum: Option<bool>,
    labels: Vec<(String, String)>,
}

const KINDS: [&str; 4] = ["values", "rate", "average", "quantile"];

impl Asked {
    fn of(query: &str) -> Result<Self, String> {
        let mut asked = Self::default();
        for (name, value) in query::pairs(query)? {
            asked.take(&name, value)?;
        }
        if asked.metric.is_none() && !query.is_empty() {
            return Err("The query names no metric: metric=<name> is needed.".to_owned());
        }
        Ok(asked)
    }

    fn take(&mut self, name: &str, value: String) -> Result<(), String> {
        let is_again = match name {
            "metric" => self.metric.replace(value).is_some(),
            "kind" => self.kind.replace(kind(&value)?).is_some(),
            "q" => self.q.replace(number(&value)?).is_some(),
            "window" => self.window.replace(duration(&value)?).is_some(),
            "sum" => self.is_sum.replace(flag(&value)?).is_some(),
            "label" => {
                self.labels.push(label(&value)?);
                false
            }
            _ => {
                return Err(format!(
                    "Parameter {name:?} is none of this route's: metric, kind, q, window, sum and label are."
                ));
            }
        };
        if is_again {
            return Err(format!(
                "Parameter {name} is given twice: only label can be."
            ));
        }
        Ok(())
    }

    fn answer(self, history: &MetricsHistory, kept: &HistoryStats) -> Result<Answer, String> {
        let metric = self.metric.unwrap_or_default();
        let of = history.kind(&metric);
        let kind = self.kind.unwrap_or(match of {
            Some(Kind::Counter) => "rate",
            Some(Kind::Histogram) => "quantile",
            // Of an unknown one the query says that it is.
            Some(Kind::Gauge) | None => "values",
        });
        let q = (kind == "quantile").then(|| self.q.unwrap_or(0.95));
        if q.is_none() && self.q.is_some() && of.is_some() {
            return Err(format!(
                "Parameter q is of kind=quantile only, and this is kind={kind}."
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
        let is_sum = self.is_sum.unwrap_or_default();
        if is_sum {
            query = query.sum();
        }
        let series = history.query(&query).map_err(|error| error.to_string())?;
        Ok(Answer {
            since: rfc3339(kept.since),
            metric,
            r#type: of.map_or("", Kind::as_str),
            kind,
            q,
            sum: is_sum,
            interval_seconds: Number(kept.interval.as_secs_f64()),
            window_seconds: Number(self.window.unwrap_or(kept.window).as_secs_f64()),
            series: series.into_iter().map(Line).collect(),
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

/// `300`, `300s`, `5m`, `1h`.
fn duration(value: &str) -> Result<Duration, String> {
    let units = [('s', 1), ('m', 60), ('h', 60 * 60)];
    let with_unit = |(unit, seconds)| Some((value.strip_suffix(unit)?, seconds));
    let (count, seconds) = units
        .into_iter()
        .find_map(with_unit)
        .unwrap_or((value, 1_u64));
    let is_digits = count.bytes().all(|byte| byte.is_ascii_digit());
    let count = is_digits.then(|| count.parse::<u64>().ok()).flatten();
    let seconds = count.and_then(|count| count.checked_mul(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| {
        format!("Parameter window is {value:?}: whole seconds, minutes or hours are allowed, as 300, 300s, 5m or 1h.")
    })
}

/// The first colon is where the value begins: no name has one.
fn label(value: &str) -> Result<(String, String), String> {
    let (name, is) = value
        .split_once(':')
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| {
            format!("Parameter label is {value:?}: a name, a colon and the value are needed.")
        })?;
    Ok((name.to_owned(), is.to_owned()))
}

#[derive(Serialize)]
struct Answer {
    since: Option<String>,
    metric: String,
    r#type: &'static str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    q: Option<f64>,
    sum: bool,
    interval_seconds: Number,
    window_seconds: Number,
    series: Vec<Line>,
}

/// `labels`, and `points` as pairs.
struct Line(TimeSeries);

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shape<'a> {
            labels: Labels<'a>,
            points: Points<'a>,
        }
        let Self(TimeSeries { labels, points, .. }) = self;
        let (labels, points) = (Labels(labels), Points(points));
        Shape { labels, points }.serialize(serializer)
    }
}

struct Points<'a>(&'a [(SystemTime, f64)]);

impl Serialize for Points<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let points = self.0.iter();
        serializer.collect_seq(points.map(|(when, value)| (unix_seconds(*when), Number(*value))))
    }
}

/// To the millisecond.
fn unix_seconds(when: SystemTime) -> Number {
    let since = when.duration_since(UNIX_EPOCH).unwrap_or_default();
    Number((since.as_secs_f64() * 1e3).round() / 1e3)
}
