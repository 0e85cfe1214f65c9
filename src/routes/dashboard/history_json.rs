//! `history`: the requests of the last minutes, of one endpoint or of all.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value as Json, json};

use super::endpoint_series::UNMATCHED;
use super::quantiles::Quantiles;
use super::request_names::Convention;
use super::site::Site;
use crate::duration;
use crate::exporter::MetricsHistory;
use crate::routes::query::{parameters, unknown};
use crate::routes::rejection::Rejection;
use crate::routes::respond;
use crate::time::unix_seconds;

/// The status classes 2xx to 5xx.
const CLASSES: usize = 4;

/// Responds with `ticks`: the time, the rates of 2xx to 5xx, p50, p95, p99, and the requests in flight; and with `heat`: the
/// requests that ended in each tick by the `bounds` of their durations, and those above all bounds.
pub(super) fn history(site: &Site, query: &str) -> Result<Response, Rejection> {
    let history = site.reader.as_ref().and_then(|reader| reader.history());
    let Some(history) = history else {
        return Err(Rejection::new(
            StatusCode::NOT_FOUND,
            "This service keeps no history. Its owner enables one with history(HistoryConfig::new()) on the builder of Prometheus.",
        ));
    };
    let params =
        Params::parse(query).map_err(|detail| Rejection::new(StatusCode::BAD_REQUEST, &detail))?;
    let body = params.read(history, site.names.current());
    Ok(respond::json(StatusCode::OK, &body))
}

#[derive(Default)]
struct Params {
    method: Option<String>,
    endpoint: Option<String>,
    window: Option<Duration>,
}

impl Params {
    fn parse(query: &str) -> Result<Self, String> {
        let mut params = Self::default();
        for parameter in parameters(query) {
            let (name, value) = parameter?;
            match &*name {
                "method" => params.method = Some(value),
                "endpoint" => params.endpoint = Some(value),
                "window" => {
                    let window = duration::parse(&value).ok_or_else(|| {
                        format!("Parameter window is {value:?}: a duration like 300, 300s or 5m is needed.")
                    })?;
                    params.window = Some(window);
                }
                _ => return Err(unknown(&name, "method, endpoint and window")),
            }
        }
        Ok(params)
    }

    fn matches(&self, names: &Convention, labels: &[(String, String)]) -> bool {
        let own = |name: &str| {
            let label = labels.iter().find(|(own, _)| own == name);
            label.map(|(_, value)| &**value)
        };
        let method = names.method.as_deref().and_then(own).unwrap_or_default();
        let endpoint = own(&names.endpoint).unwrap_or(UNMATCHED);
        self.method.as_ref().is_none_or(|wanted| wanted == method)
            && self
                .endpoint
                .as_ref()
                .is_none_or(|wanted| wanted == endpoint)
    }

    fn read(&self, history: &MetricsHistory, names: &Convention) -> Json {
        let kept = history.stats();
        let window = self.window.unwrap_or(kept.window);
        let group = |labels: &[(String, String)]| self.matches(names, labels).then_some(0);
        let class = |labels: &[(String, String)]| {
            let status = labels.iter().find(|(own, _)| *own == names.status)?;
            let class = match status.1.as_bytes() {
                [class @ b'2'..=b'5', ..] => usize::from(class - b'2'),
                _ => return None,
            };
            self.matches(names, labels).then_some(class)
        };
        let counted = names.requests.as_ref().unwrap_or(&names.duration);
        let requests = history.fold(counted, CLASSES, window, class);
        let durations = history.fold(&names.duration, 1, window, group);
        let open = names.in_flight.as_ref();
        let open = open.map(|name| history.fold(name, 1, window, group));
        let open: HashMap<SystemTime, f64> = open
            .into_iter()
            .flat_map(|fold| fold.ticks)
            .filter_map(|tick| Some((tick.taken_at, tick.groups.first().copied()??)))
            .collect();
        let mut by_time: HashMap<_, _> = durations
            .ticks
            .into_iter()
            .map(|tick| (tick.taken_at, tick.counts))
            .collect();
        // The last bucket holds all that is above the bounds.
        let bounds = durations.bounds.into_iter();
        let bounds: Vec<f64> = bounds.filter(|bound| bound.is_finite()).collect();
        let mut quantiles = Quantiles::default();
        quantiles.set_bounds(&bounds);
        let (mut ticks, mut heat) = (Vec::new(), Vec::new());
        for tick in requests.ticks {
            let counts = by_time.remove(&tick.taken_at).unwrap_or_default();
            let samples: Vec<f64> = counts.iter().map(|count| *count as f64).collect();
            let seconds = tick.elapsed.as_secs_f64();
            let rates = tick
                .groups
                .iter()
                .map(|count| count.unwrap_or(0.0) / seconds);
            let mut row = vec![json!((unix_seconds(tick.taken_at) * 1e3).round() / 1e3)];
            row.extend(rates.map(|rate| json!(rate)));
            row.extend(quantiles.of(&samples).map(|value| json!(value)));
            row.push(json!(open.get(&tick.taken_at)));
            ticks.push(row);
            heat.push(counts);
        }
        json!({
            "interval": kept.interval.as_secs_f64(),
            "ticks": ticks,
            "bounds": bounds,
            "heat": heat,
        })
    }
}
