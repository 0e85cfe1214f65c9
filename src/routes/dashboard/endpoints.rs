//! `Endpoints`: the table of endpoints.

use std::collections::HashMap;

use super::endpoint_row::{BUCKETS, ERRORS, EndpointRow, REQUESTS, Values};
use super::endpoint_series::{EndpointSeries, Part};
use super::quantiles::Quantiles;
use super::request_names::Convention;
use super::row_state::RowState;
use super::series_index::SeriesIndex;
use super::times::Times;
use crate::exporter::{Labels, Seen};

/// The most rows. Further endpoints count only in the row of all.
const MAX_ROWS: usize = 2_000;

/// The most rows that one frame computes. Of a larger table, each frame computes a part in turn, and rows with new errors first,
/// so that a viewer of 1,000 endpoints costs no more than one of 200.
const ROWS_PER_FRAME: usize = 200;
const URGENT_ROWS: usize = 100;

/// The row of all requests.
const ALL: usize = 0;

/// The row of a series; [`ALL`] if the table is full.
type Place = (usize, EndpointSeries);

/// The requests by method and endpoint.
pub(super) struct Endpoints {
    rows: Vec<EndpointRow>,
    /// Of each row.
    states: Vec<RowState>,
    by_name: HashMap<(String, String), usize>,
    /// By [`Part`].
    indexes: [SeriesIndex<Place>; 3],
    quantiles: Quantiles,
    /// The row that the next frame computes first.
    turn: usize,
    /// `["GET","/old"]` of the rows that left in this frame.
    gone: Vec<String>,
    increases: Vec<f64>,
    text: String,
}

impl Default for Endpoints {
    fn default() -> Self {
        Self {
            rows: vec![EndpointRow::default()],
            states: vec![RowState::new()],
            by_name: HashMap::new(),
            indexes: Default::default(),
            quantiles: Quantiles::default(),
            turn: 0,
            gone: Vec::new(),
            increases: Vec::new(),
            text: String::new(),
        }
    }
}

impl Endpoints {
    /// Begins a frame at the latest of these times.
    pub(super) fn begin(&mut self, times: &Times) {
        // Without rates, and with the first ones, all rows are new to viewers.
        let are_all_due = self.rows.len() <= ROWS_PER_FRAME + 1 || times.len() <= 2;
        self.choose(are_all_due);
        let columns = BUCKETS + self.quantiles.buckets();
        for (row, state) in self.rows.iter_mut().zip(&mut self.states) {
            state.begin();
            if state.is_due {
                row.in_flight = None;
                row.totals.begin(times, columns);
            }
        }
        self.indexes.iter_mut().for_each(SeriesIndex::begin);
        self.gone.clear();
    }

    /// Decides which rows this frame computes.
    fn choose(&mut self, are_all_due: bool) {
        let mut rest = URGENT_ROWS;
        for state in &mut self.states {
            let is_urgent = rest > 0 && state.errors > state.errors_before;
            rest -= usize::from(is_urgent);
            state.is_due = are_all_due || is_urgent;
        }
        self.states[ALL].is_due = true;
        let mut rest = ROWS_PER_FRAME - (URGENT_ROWS - rest);
        let last = self.states.len() - 1;
        for _ in 0..last {
            if are_all_due || rest == 0 {
                break;
            }
            self.turn = self.turn % last + 1;
            let state = &mut self.states[self.turn];
            rest -= usize::from(!state.is_due);
            state.is_due = true;
        }
    }

    /// Counts one series of a frame. An idle one has a total, and shows no row.
    pub(super) fn add(
        &mut self,
        part: Part,
        names: &Convention,
        times: &Times,
        labels: &Labels,
        value: Seen<'_>,
        is_idle: bool,
    ) {
        if let Seen::Histogram { bounds, .. } = value
            && self.quantiles.buckets() == 0
        {
            self.quantiles.set_bounds(bounds);
            let columns = BUCKETS + self.quantiles.buckets();
            for row in &mut self.rows {
                row.totals.widen(columns);
            }
        }
        let columns = BUCKETS + self.quantiles.buckets();
        let (rows, states) = (&mut self.rows, &mut self.states);
        let by_name = &mut self.by_name;
        let (place, series) = self.indexes[part as usize].next(labels, || {
            let series = EndpointSeries::new(labels, names);
            let Some(name) = EndpointSeries::endpoint(part, labels, names) else {
                return (ALL, series);
            };
            if let Some(place) = by_name.get(&name) {
                return (*place, series);
            }
            if rows.len() > MAX_ROWS {
                return (ALL, series);
            }
            let mut row = EndpointRow::new(&name.0, &name.1);
            row.totals.begin(times, columns);
            rows.push(row);
            states.push(RowState::new());
            by_name.insert(name, rows.len() - 1);
            (rows.len() - 1, series)
        });
        if is_idle && part == Part::InFlight {
            return;
        }
        let counts_requests = match part {
            Part::Durations => names.requests.is_none(),
            Part::Requests => true,
            Part::InFlight => false,
        };
        rows[ALL].add(part, series, counts_requests, value);
        if place != ALL {
            let state = &mut states[place];
            state.is_seen = true;
            state.is_live |= !is_idle;
            if state.is_due {
                rows[place].add(part, series, counts_requests, value);
            }
            if series.is_error && counts_requests {
                state.errors += value.count();
            }
        }
    }

    /// Ends a frame.
    pub(super) fn end(&mut self) {
        let all = &mut self.states[ALL];
        (all.is_seen, all.is_live) = (true, true);
        let states = self.states.iter_mut().enumerate();
        for (place, state) in states {
            let row = &mut self.rows[place];
            if state.is_shown && !state.is_live {
                self.gone.push([&*row.key, "]"].concat());
                row.text.clear();
                state.is_shown = false;
            }
            if !state.is_seen {
                row.totals.clear();
            } else if state.is_due && state.is_live {
                row.compute(&mut self.quantiles, &mut self.increases);
                state.is_changed = place != ALL && row.write(&mut self.text);
                state.is_shown = true;
            }
        }
        if self.rows.len() > MAX_ROWS && !self.states.iter().all(|state| state.is_seen) {
            self.forget_gone();
        }
    }

    /// Makes room for other endpoints.
    fn forget_gone(&mut self) {
        let mut states = self.states.iter();
        self.rows
            .retain(|_| states.next().is_some_and(|state| state.is_seen));
        self.states.retain(|state| state.is_seen);
        self.by_name.clear();
        let rows = self.rows.iter().enumerate().skip(1);
        self.by_name.extend(rows.filter_map(|(place, row)| {
            let name: (String, String) = serde_json::from_str(&[&*row.key, "]"].concat()).ok()?;
            Some((name, place))
        }));
        self.indexes.iter_mut().for_each(SeriesIndex::clear);
    }

    /// All requests.
    pub(super) fn all(&self) -> (Values, Option<f64>) {
        let row = &self.rows[ALL];
        (row.values, row.in_flight)
    }

    /// Writes the members `endpoints` and `gone` of a frame.
    pub(super) fn push(&self, text: &mut String, is_full: bool) {
        let rows = self.rows.iter().zip(&self.states).skip(1);
        let is_pushed = |state: &RowState| state.is_shown && (is_full || state.is_changed);
        let rows = rows.filter(|(_, state)| is_pushed(state));
        text.push_str("\"endpoints\":[");
        push_list(text, rows.map(|(row, _)| &*row.text));
        text.push_str("],\"gone\":[");
        if !is_full {
            push_list(text, self.gone.iter().map(|gone| &**gone));
        }
        text.push(']');
    }
}

impl EndpointRow {
    fn add(&mut self, part: Part, series: EndpointSeries, counts_requests: bool, value: Seen<'_>) {
        if part == Part::InFlight {
            *self.in_flight.get_or_insert(0.0) += value.count();
            return;
        }
        let totals = self.totals.latest();
        if totals.len() < BUCKETS {
            return;
        }
        if let Seen::Histogram { counts, .. } = value {
            for (total, count) in totals[BUCKETS..].iter_mut().zip(counts) {
                *total += *count as f64;
            }
        }
        if counts_requests {
            let count = value.count();
            totals[REQUESTS] += count;
            if let Some(class) = series.class {
                totals[class] += count;
            }
            if series.is_error {
                totals[ERRORS] += count;
            }
        }
    }
}

fn push_list<'a>(text: &mut String, items: impl Iterator<Item = &'a str>) {
    for (place, item) in items.enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push_str(item);
    }
}
