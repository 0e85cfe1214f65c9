//! `Endpoints`: the table of endpoints.

use std::collections::HashMap;

use super::endpoint_row::{BUCKETS, CLASSES, ERRORS, EndpointRow, REQUESTS, Values};
use super::request_names::Convention;
use super::series_index::SeriesIndex;
use super::times::Times;
use crate::exporter::{HistogramSnapshot, Series, Snapshot};

/// The most rows. Further endpoints count only in the row of all.
const MAX_ROWS: usize = 2_000;

/// The row of all requests.
const ALL: usize = 0;

/// The endpoint of requests that no route matched, where the convention has no label for them.
const UNMATCHED: &str = "unmatched";

/// The place of a series in the table.
#[derive(Clone, Copy)]
struct Place {
    /// [`ALL`] if the table is full.
    row: usize,
    /// The column of the status class, if it has one.
    class: Option<usize>,
    is_error: bool,
}

/// The requests by method and endpoint.
pub(super) struct Endpoints {
    rows: Vec<EndpointRow>,
    by_name: HashMap<(String, String), usize>,
    requests: SeriesIndex<Place>,
    durations: SeriesIndex<Place>,
    in_flight: SeriesIndex<Place>,
    /// The bounds of the durations.
    buckets: HistogramSnapshot,
    /// `["GET","/old"]` of the rows that left in this frame.
    gone: Vec<String>,
    increases: Vec<f64>,
    text: String,
}

impl Default for Endpoints {
    fn default() -> Self {
        Self {
            rows: vec![EndpointRow::default()],
            by_name: HashMap::new(),
            requests: SeriesIndex::default(),
            durations: SeriesIndex::default(),
            in_flight: SeriesIndex::default(),
            buckets: HistogramSnapshot::default(),
            gone: Vec::new(),
            increases: Vec::new(),
            text: String::new(),
        }
    }
}

impl Endpoints {
    /// Counts the requests of this moment, which `times` has already.
    pub(super) fn advance(&mut self, snapshot: &Snapshot, names: &Convention, times: &Times) {
        let series = |name: Option<&str>| {
            let family = name.and_then(|name| snapshot.family(name));
            family.map_or(&[][..], |family| &family.series)
        };
        let durations = series(Some(&names.duration));
        if let Some(histogram) = durations.first().and_then(|one| one.value.as_histogram())
            && histogram.buckets.len() != self.buckets.buckets.len()
        {
            self.buckets = histogram.clone();
        }
        let columns = BUCKETS + self.buckets.buckets.len();
        for row in &mut self.rows {
            row.is_seen = false;
            row.in_flight = None;
            row.totals.begin(times, columns);
        }
        self.add(Source::Durations, durations, names, times, columns);
        self.add(
            Source::Requests,
            series(names.requests.as_deref()),
            names,
            times,
            columns,
        );
        self.add(
            Source::InFlight,
            series(names.in_flight.as_deref()),
            names,
            times,
            columns,
        );
        self.compute(times);
    }

    fn add(
        &mut self,
        source: Source,
        series: &[Series],
        names: &Convention,
        times: &Times,
        columns: usize,
    ) {
        let (rows, by_name) = (&mut self.rows, &mut self.by_name);
        let counts_requests = match source {
            Source::Durations => names.requests.is_none(),
            Source::Requests => true,
            Source::InFlight => false,
        };
        let index = match source {
            Source::Durations => &mut self.durations,
            Source::Requests => &mut self.requests,
            Source::InFlight => &mut self.in_flight,
        };
        // Rows are found before they are written, because both need the table.
        let mut places = Vec::with_capacity(series.len());
        index.for_each(
            series,
            |one| place(source, one, names, rows, by_name, times, columns),
            |one, place| places.push((one, place)),
        );
        for (one, place) in places {
            let own = [ALL, place.row];
            let own = if place.row == ALL {
                &own[..1]
            } else {
                &own[..]
            };
            for row in own {
                let row = &mut rows[*row];
                row.is_seen = true;
                if source == Source::InFlight {
                    *row.in_flight.get_or_insert(0.0) += one.value.as_f64().unwrap_or(0.0);
                    continue;
                }
                let totals = row.totals.latest();
                let mut count = one.value.as_f64().unwrap_or(0.0);
                if let Some(histogram) = one.value.as_histogram() {
                    count = histogram.count as f64;
                    for (total, bucket) in totals[BUCKETS..].iter_mut().zip(&histogram.buckets) {
                        *total += bucket.1 as f64;
                    }
                }
                if counts_requests {
                    totals[REQUESTS] += count;
                    if let Some(class) = place.class {
                        totals[class] += count;
                    }
                    if place.is_error {
                        totals[ERRORS] += count;
                    }
                }
            }
        }
    }

    fn compute(&mut self, times: &Times) {
        self.gone.clear();
        for (place, row) in self.rows.iter_mut().enumerate() {
            row.is_changed = false;
            if place != ALL && !row.is_seen {
                if row.is_shown {
                    self.gone.push([&*row.key, "]"].concat());
                }
                row.is_shown = false;
                row.totals.clear();
                row.text.clear();
                continue;
            }
            row.is_shown = true;
            row.compute(times, &mut self.buckets, &mut self.increases);
            if place != ALL {
                row.write(&mut self.text);
            }
        }
        if self.rows.len() > MAX_ROWS && self.rows.iter().any(|row| !row.is_shown) {
            self.forget_gone();
        }
    }

    /// Makes room for other endpoints.
    fn forget_gone(&mut self) {
        self.rows.retain(|row| row.is_shown);
        self.by_name.clear();
        let rows = self.rows.iter().enumerate().skip(1);
        self.by_name.extend(rows.filter_map(|(place, row)| {
            let names: (String, String) = serde_json::from_str(&[&*row.key, "]"].concat()).ok()?;
            Some((names, place))
        }));
        self.requests.clear();
        self.durations.clear();
        self.in_flight.clear();
    }

    /// All requests.
    pub(super) fn all(&self) -> (Values, Option<f64>) {
        let row = &self.rows[ALL];
        (row.values, row.in_flight)
    }

    /// Writes the members `endpoints` and `gone` of a frame.
    pub(super) fn push(&self, text: &mut String, is_full: bool) {
        let rows = self.rows[1..].iter();
        let rows = rows.filter(|row| row.is_shown && (is_full || row.is_changed));
        text.push_str("\"endpoints\":[");
        push_list(text, rows.map(|row| &*row.text));
        text.push_str("],\"gone\":[");
        if !is_full {
            push_list(text, self.gone.iter().map(|gone| &**gone));
        }
        text.push(']');
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Source {
    Durations,
    Requests,
    InFlight,
}

fn push_list<'a>(text: &mut String, items: impl Iterator<Item = &'a str>) {
    for (place, item) in items.enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push_str(item);
    }
}

/// Returns the place of a series, with a new row if its endpoint is new.
fn place(
    source: Source,
    series: &Series,
    names: &Convention,
    rows: &mut Vec<EndpointRow>,
    by_name: &mut HashMap<(String, String), usize>,
    times: &Times,
    columns: usize,
) -> Place {
    let label = |name: &str| series.labels.get(name).unwrap_or_default();
    let status = label(&names.status);
    let class = match status.as_bytes() {
        [class @ b'2'..=b'5', ..] => Some(CLASSES + usize::from(class - b'2')),
        _ => None,
    };
    let is_error = match &names.error_type {
        // The clients that went away did not see an error.
        Some(name) => !matches!(label(name), "" | "cancelled" | "body_dropped"),
        None => status.starts_with('5'),
    };
    let place = |row| Place {
        row,
        class,
        is_error,
    };
    let endpoint = match series.labels.get(&names.endpoint) {
        Some(endpoint) => endpoint,
        // The gauges of some conventions have no endpoint.
        None if source == Source::InFlight => return place(ALL),
        None => UNMATCHED,
    };
    let method = names.method.as_deref().map_or("", label);
    let key = (method.to_owned(), endpoint.to_owned());
    if let Some(row) = by_name.get(&key) {
        return place(*row);
    }
    if rows.len() > MAX_ROWS {
        return place(ALL);
    }
    let mut row = EndpointRow::new(method, endpoint);
    row.totals.begin(times, columns);
    rows.push(row);
    by_name.insert(key, rows.len() - 1);
    place(rows.len() - 1)
}
