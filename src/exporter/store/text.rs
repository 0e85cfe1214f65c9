//! Text format 0.0.4.

use super::family_info::{FamilyInfo, Shape};
use super::family_name::FamilyName;
use super::number::{write_float, write_integer, write_seconds};
use super::store::Store;
use super::stored_series::{StoredSeries, Total};
use crate::exporter::escaping::Escaping;

impl Store {
    /// Returns all metrics in text format 0.0.4, or 1.0.0 with quoted names.
    pub(in crate::exporter) fn render_text(&self, escaping: Escaping, capacity: usize) -> String {
        let mut text = String::with_capacity(capacity);
        let families = self.shown_families(escaping);
        let mut lines = Lines::default();
        for family in &families {
            lines.name = FamilyName::new(&family.info, escaping);
            write_metadata(&lines.name, &family.info, &mut text);
            family.list.read(|series| lines.write(series, &mut text));
        }
        text
    }
}

fn write_metadata(name: &FamilyName<'_>, family: &FamilyInfo, text: &mut String) {
    let FamilyName {
        text: name, quote, ..
    } = name;
    let help = family.help();
    if !help.is_empty() {
        text.extend(["# HELP ", quote, name, quote, " "]);
        for c in help.chars() {
            match c {
                '\\' => text.push_str(r"\\"),
                '\n' => text.push_str("\\n"),
                c => text.push(c),
            }
        }
        text.push('\n');
    }
    text.extend(["# TYPE ", quote, name, quote, " "]);
    text.extend([family.kind().as_str(), "\n"]);
}

/// Writes the lines of series, with buffers that all of them use.
#[derive(Default)]
pub(super) struct Lines<'a> {
    /// The name of the family whose series follow.
    pub(super) name: FamilyName<'a>,
    counts: Vec<u64>,
    start: String,
}

impl Lines<'_> {
    /// Sets the beginning of the next lines: `name_suffix{labels,` or, if no label follows, `name_suffix{labels} `. If the name
    /// needs quotes, it stands among the labels.
    fn start(&mut self, series: &StoredSeries, suffix: &str, is_open: bool) {
        self.start_cut(self.name.text.len(), series, suffix, is_open);
    }

    /// The same with the beginning of the name.
    fn start_cut(&mut self, len: usize, series: &StoredSeries, suffix: &str, is_open: bool) {
        let name = self.name.text.get(..len).unwrap_or_default();
        let labels = series.labels.escaped(self.name.escaping);
        self.start.clear();
        if self.name.is_quoted() {
            let comma = if labels.is_empty() { "" } else { "," };
            let close = if is_open { "," } else { "} " };
            self.start
                .extend(["{\"", name, suffix, "\"", comma, &labels, close]);
            return;
        }
        let (open, close) = match (labels.is_empty(), is_open) {
            (true, true) => ("{", ""),
            (true, false) => ("", " "),
            (false, true) => ("{", ","),
            (false, false) => ("{", "} "),
        };
        self.start.extend([name, suffix, open, &labels, close]);
    }

    fn write(&mut self, series: &StoredSeries, text: &mut String) {
        match &series.family.shape {
            Shape::Histogram(buckets) => {
                let sum = series.histogram(&mut self.counts);
                self.write_buckets(series, &buckets.text, |_, _| {}, text);
                self.write_sum_and_count(series, sum, text);
            }
            Shape::Counter | Shape::FloatCounter | Shape::Gauge => {
                self.write_number(series, text);
            }
        }
    }

    fn write_number(&mut self, series: &StoredSeries, text: &mut String) {
        self.write_value(series, text);
        text.push('\n');
    }

    /// Writes the line of a counter or a gauge, without its end.
    pub(super) fn write_value(&mut self, series: &StoredSeries, text: &mut String) {
        self.start(series, "", false);
        text.push_str(&self.start);
        match &series.family.shape {
            Shape::Gauge => write_float(series.gauge(), text),
            _ => match series.total() {
                Total::Integer(total) => write_integer(total, text),
                Total::Float(total) => write_float(total, text),
            },
        }
    }

    /// Reads the histogram for the next lines. Returns its sum.
    pub(super) fn read(&mut self, series: &StoredSeries) -> f64 {
        series.histogram(&mut self.counts)
    }

    /// Writes the buckets of the histogram that was read last, each with the end of its labels. Buckets without an end are part of
    /// the first that has one. `exemplar` writes what follows the count of a bucket.
    pub(super) fn write_buckets(
        &mut self,
        series: &StoredSeries,
        ends: &[Box<str>],
        exemplar: impl Fn(usize, &mut String),
        text: &mut String,
    ) {
        self.start(series, "_bucket", true);
        let hidden = self.counts.len().saturating_sub(ends.len());
        let mut total = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            total = count.wrapping_add(total);
            let Some(end) = bucket.checked_sub(hidden).and_then(|shown| ends.get(shown)) else {
                continue;
            };
            text.push_str(&self.start);
            text.push_str(end);
            write_integer(total, text);
            exemplar(bucket, text);
            text.push('\n');
        }
    }

    pub(super) fn write_sum_and_count(
        &mut self,
        series: &StoredSeries,
        sum: f64,
        text: &mut String,
    ) {
        self.start(series, "_sum", false);
        text.push_str(&self.start);
        write_float(sum, text);
        text.push('\n');
        self.start(series, "_count", false);
        text.push_str(&self.start);
        let count = self.counts.iter().fold(0, |sum, own| own.wrapping_add(sum));
        write_integer(count, text);
        text.push('\n');
    }

    /// Writes when the series was created, after its other samples: Prometheus 3.5 ignores it before them. `len` is the length of
    /// the family's name.
    pub(super) fn write_created(&mut self, len: usize, series: &StoredSeries, text: &mut String) {
        let Some(created) = series.created() else {
            return;
        };
        self.start_cut(len, series, "_created", false);
        text.push_str(&self.start);
        write_seconds(created, text);
        text.push('\n');
    }
}
