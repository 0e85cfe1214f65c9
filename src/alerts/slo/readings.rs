//! `Reading`: the totals of one series that an SLO counts.

use std::time::Duration;

use super::ring::Counts;
use super::slo_events::SloEvents;
use super::threshold;
use crate::alerts::selector::Selector;
use crate::exporter::{Labels, Series, Snapshot, Value};

/// The totals of one series.
pub(super) struct Reading<'a> {
    /// Whether the series is of the selector of good or bad events, and that one reads another metric than the one of all events.
    pub(super) is_part: bool,
    pub(super) labels: &'a Labels,
    pub(super) counts: Counts,
}

/// Reads all series. Fails with the reason that one of them has no such counts.
pub(super) fn readings<'a>(
    events: &SloEvents,
    snapshot: &'a Snapshot,
) -> Result<Vec<Reading<'a>>, String> {
    let total = &events.total;
    if let Some(threshold) = events.threshold {
        let read = |series: &Series| in_time(series, threshold);
        return of(total, snapshot, false, |series| {
            total.matches(&series.labels).then(|| read(series))
        });
    }
    let Some(part) = events.bad.as_ref().or(events.good.as_ref()) else {
        return Err("neither bad nor good events nor a threshold are given".to_owned());
    };
    if part.metric == total.metric {
        // One pass, so that a reset of a series resets both counts.
        return of(total, snapshot, false, |series| {
            let is_part = part.matches(&series.labels);
            let is_total = total.matches(&series.labels);
            let counts = |count| (select(is_part, count), select(is_total, count));
            (is_part || is_total).then(|| counter(series).map(counts))
        });
    }
    let mut all = of(total, snapshot, false, |series| {
        let is_total = total.matches(&series.labels);
        is_total.then(|| counter(series).map(|count| (0, count)))
    })?;
    all.extend(of(part, snapshot, true, |series| {
        let is_part = part.matches(&series.labels);
        is_part.then(|| counter(series).map(|count| (count, 0)))
    })?);
    Ok(all)
}

fn select(is_selected: bool, count: u64) -> u64 {
    if is_selected { count } else { 0 }
}

/// The readings of one metric. `read` returns `None` for a series that is not selected.
fn of<'a>(
    selector: &Selector,
    snapshot: &'a Snapshot,
    is_part: bool,
    read: impl Fn(&Series) -> Option<Result<Counts, String>>,
) -> Result<Vec<Reading<'a>>, String> {
    let metric = &selector.metric;
    let family = snapshot.family(metric);
    let series = family.map(|family| &*family.series).unwrap_or_default();
    let readings = series.iter().filter_map(|series| {
        let counts = read(series)?;
        Some(counts.map(|counts| Reading {
            is_part,
            labels: &series.labels,
            counts,
        }))
    });
    let readings: Result<_, _> = readings.collect();
    readings.map_err(|reason| format!("metric {metric:?} {reason}"))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and the increases of rounded totals lose nothing"
)]
fn counter(series: &Series) -> Result<u64, String> {
    match series.value {
        Value::Counter(count) => Ok(count as u64),
        Value::Gauge(_) => Err("is a gauge, not a counter".to_owned()),
        Value::Histogram(_) => Err("is a histogram, not a counter".to_owned()),
    }
}

/// The number of samples up to the threshold, and of all samples.
fn in_time(series: &Series, threshold: Duration) -> Result<Counts, String> {
    let Value::Histogram(histogram) = &series.value else {
        return Err("is no histogram".to_owned());
    };
    let bounds = || histogram.buckets.iter().map(|(bound, _)| *bound);
    let bucket = bounds().position(|bound| threshold::is_bound(threshold, bound));
    match bucket.and_then(|bucket| histogram.buckets.get(bucket)) {
        Some((_, good)) => Ok((*good, histogram.count)),
        None => Err(threshold::mistake(threshold, bounds())),
    }
}
