//! The protobuf format: messages `io.prometheus.client.MetricFamily`, each with its length before it.

use super::buckets::Buckets;
use super::family_info::{FamilyInfo, Shape};
use super::family_name::FamilyName;
use super::native_family::NativeFamily;
use super::store::Store;
use super::stored_family::StoredFamily;
use super::stored_series::StoredSeries;
use crate::catalog::Kind;
use crate::cells::NativeCounts;
use crate::exporter::escaping::Escaping;
use crate::exporter::exemplars::Exemplar;
use crate::wire::Wire;

/// Field numbers of the messages in `io/prometheus/client/metrics.proto`.
mod family {
    pub(super) const NAME: u32 = 1;
    pub(super) const HELP: u32 = 2;
    pub(super) const TYPE: u32 = 3;
    pub(super) const METRIC: u32 = 4;
}
mod metric {
    pub(super) const LABEL: u32 = 1;
    pub(super) const GAUGE: u32 = 2;
    pub(super) const COUNTER: u32 = 3;
    pub(super) const HISTOGRAM: u32 = 7;
}
/// Of gauges and counters.
mod number {
    pub(super) const VALUE: u32 = 1;
    pub(super) const EXEMPLAR: u32 = 2;
    pub(super) const CREATED: u32 = 3;
}
mod bucket {
    pub(super) const CUMULATIVE_COUNT: u32 = 1;
    pub(super) const UPPER_BOUND: u32 = 2;
    pub(super) const EXEMPLAR: u32 = 3;
}
mod exemplar {
    pub(super) const LABEL: u32 = 1;
    pub(super) const VALUE: u32 = 2;
    pub(super) const TIMESTAMP: u32 = 3;
}
mod timestamp {
    pub(super) const SECONDS: u32 = 1;
    pub(super) const NANOS: u32 = 2;
}
mod histogram {
    pub(super) const SAMPLE_COUNT: u32 = 1;
    pub(super) const SAMPLE_SUM: u32 = 2;
    pub(super) const BUCKET: u32 = 3;
    pub(super) const SCHEMA: u32 = 5;
    pub(super) const ZERO_THRESHOLD: u32 = 6;
    pub(super) const ZERO_COUNT: u32 = 7;
    pub(super) const NEGATIVE_SPAN: u32 = 9;
    pub(super) const NEGATIVE_DELTA: u32 = 10;
    pub(super) const POSITIVE_SPAN: u32 = 12;
    pub(super) const POSITIVE_DELTA: u32 = 13;
    pub(super) const CREATED: u32 = 15;
    pub(super) const EXEMPLARS: u32 = 16;
}
mod span {
    pub(super) const OFFSET: u32 = 1;
    pub(super) const LENGTH: u32 = 2;
}

/// Up to so many empty buckets take less room as such than as a gap between two spans.
const MAX_EMPTY: i32 = 2;

impl Store {
    /// Returns all metrics in the protobuf format.
    pub(in crate::exporter) fn render_protobuf(
        &self,
        escaping: Escaping,
        capacity: usize,
    ) -> Vec<u8> {
        let mut wire = Wire::with_capacity(capacity);
        let mut messages = Messages {
            has_created: self.config.created_timestamps,
            escaping,
            ..Messages::default()
        };
        for family in self.shown_families(escaping) {
            wire.delimited(expected_size(&family), |wire| {
                let name = FamilyName::new(&family.info, escaping);
                write_metadata(&name.text, &family.info, wire);
                family.list.read(|series| messages.write(series, wire));
            });
        }
        wire.into_bytes()
    }
}

/// About as many bytes as the family's message has.
fn expected_size(family: &StoredFamily) -> usize {
    let of_series = match &family.info.shape {
        Shape::Histogram(buckets) => 60 + 13 * buckets.bounds.buckets(),
        Shape::Counter | Shape::FloatCounter | Shape::Gauge => 60,
    };
    let chunks = family.list.chunks();
    let series: usize = chunks.iter().map(|chunk| chunk.iter().count()).sum();
    100 + series * of_series
}

fn write_metadata(name: &str, info: &FamilyInfo, wire: &mut Wire) {
    wire.text(family::NAME, name);
    if !info.help().is_empty() {
        wire.text(family::HELP, info.help());
    }
    let kind = match info.kind() {
        Kind::Counter => 0,
        Kind::Gauge => 1,
        Kind::Histogram => 4,
    };
    wire.uint(family::TYPE, kind);
}

/// Writes series, with buffers that all of them use.
#[derive(Default)]
struct Messages {
    /// Whether counters and histograms have the times at which they were created.
    has_created: bool,
    escaping: Escaping,
    counts: Vec<u64>,
    native: NativeCounts,
    spans: Spans,
}

impl Messages {
    fn write(&mut self, series: &StoredSeries, wire: &mut Wire) {
        wire.message(family::METRIC, |wire| {
            series.labels.for_each(self.escaping, |name, value| {
                wire.pair(metric::LABEL, name, value);
            });
            match &series.family.shape {
                Shape::Counter | Shape::FloatCounter => wire.message(metric::COUNTER, |wire| {
                    wire.double(number::VALUE, series.total().as_f64());
                    if let Some(exemplar) = series.exemplar(0) {
                        write_exemplar(number::EXEMPLAR, &exemplar, wire);
                    }
                    self.write_created(number::CREATED, series, wire);
                }),
                Shape::Gauge => wire.message(metric::GAUGE, |wire| {
                    wire.double(number::VALUE, series.gauge());
                }),
                Shape::Histogram(buckets) => wire.message(metric::HISTOGRAM, |wire| {
                    self.write_histogram(series, buckets, wire);
                }),
            }
        });
    }

    fn write_histogram(&mut self, series: &StoredSeries, buckets: &Buckets, wire: &mut Wire) {
        let native = buckets.native.as_ref();
        let sum = match native {
            Some(_) => series.native_histogram(&mut self.counts, &mut self.native),
            None => series.histogram(&mut self.counts),
        };
        let count = self.counts.iter().fold(0, |sum, own| own.wrapping_add(sum));
        wire.uint(histogram::SAMPLE_COUNT, count);
        wire.double(histogram::SAMPLE_SUM, sum);
        if native.is_none_or(|native| native.has_classic) {
            self.write_classic(series, buckets, wire);
        }
        if let Some(native) = native {
            self.write_native(native, wire);
        }
        self.write_created(histogram::CREATED, series, wire);
        if native.is_some() {
            let exemplars = (0..self.counts.len()).filter_map(|place| series.exemplar(place));
            exemplars.for_each(|exemplar| write_exemplar(histogram::EXEMPLARS, &exemplar, wire));
        }
    }

    fn write_classic(&self, series: &StoredSeries, buckets: &Buckets, wire: &mut Wire) {
        let mut total = 0;
        let cumulative = self.counts.iter().map(|count| {
            total = count.wrapping_add(total);
            total
        });
        let cumulative = cumulative.zip(buckets.bounds());
        if series.exemplars.is_none() {
            return wire.counts_and_bounds(histogram::BUCKET, self.counts.len(), cumulative);
        }
        for (place, (total, bound)) in cumulative.enumerate() {
            wire.message(histogram::BUCKET, |wire| {
                wire.uint(bucket::CUMULATIVE_COUNT, total);
                wire.double(bucket::UPPER_BOUND, bound);
                if let Some(exemplar) = series.exemplar(place) {
                    write_exemplar(bucket::EXEMPLAR, &exemplar, wire);
                }
            });
        }
    }

    fn write_created(&self, field: u32, series: &StoredSeries, wire: &mut Wire) {
        if let Some(created) = series.created().filter(|_| self.has_created) {
            write_time(field, created, wire);
        }
    }

    fn write_native(&mut self, native: &NativeFamily, wire: &mut Wire) {
        let counts = &self.native;
        let threshold = native.options.zero_threshold;
        wire.sint(histogram::SCHEMA, counts.schema.into());
        wire.double(histogram::ZERO_THRESHOLD, threshold);
        wire.uint(histogram::ZERO_COUNT, counts.zero);
        self.spans.set(&counts.negative);
        self.spans
            .write(histogram::NEGATIVE_SPAN, histogram::NEGATIVE_DELTA, wire);
        self.spans.set(&counts.positive);
        // Readers tell by spans, zero threshold and zero count whether a histogram is native.
        let is_recognized = threshold > 0.0
            || counts.zero > 0
            || !counts.negative.is_empty()
            || !counts.positive.is_empty();
        if !is_recognized {
            self.spans.spans.push((0, 0));
        }
        self.spans
            .write(histogram::POSITIVE_SPAN, histogram::POSITIVE_DELTA, wire);
    }
}

fn write_exemplar(field: u32, exemplar: &Exemplar, wire: &mut Wire) {
    wire.message(field, |wire| {
        exemplar
            .labels
            .for_each(|name, value| wire.pair(exemplar::LABEL, name, value));
        wire.double(exemplar::VALUE, exemplar.value);
        write_time(exemplar::TIMESTAMP, exemplar.recorded_at, wire);
    });
}

/// A time in milliseconds since 1970.
fn write_time(field: u32, millis: u64, wire: &mut Wire) {
    wire.message(field, |wire| {
        wire.uint(timestamp::SECONDS, millis / 1_000);
        wire.uint(timestamp::NANOS, millis % 1_000 * 1_000_000);
    });
}

/// Buckets as Prometheus transmits them: without long gaps, and each count as the difference from the one before.
#[derive(Default)]
struct Spans {
    /// The gap before the span, or the index of its first bucket if it is the first, and the number of its buckets.
    spans: Vec<(i32, u32)>,
    deltas: Vec<i64>,
}

impl Spans {
    /// Takes indexes and samples. The indexes ascend.
    fn set(&mut self, buckets: &[(i32, u64)]) {
        self.spans.clear();
        self.deltas.clear();
        let (mut next, mut last) = (0, 0);
        for (index, count) in buckets {
            let gap = index - next;
            let is_near = gap <= MAX_EMPTY;
            match self.spans.last_mut() {
                Some((_, length)) if is_near => {
                    *length += gap.unsigned_abs() + 1;
                    for _ in 0..gap {
                        self.push(&mut last, 0);
                    }
                }
                _ => self.spans.push((gap, 1)),
            }
            self.push(&mut last, *count);
            next = index + 1;
        }
    }

    fn push(&mut self, last: &mut u64, count: u64) {
        self.deltas.push(count.wrapping_sub(*last).cast_signed());
        *last = count;
    }

    fn write(&self, span_field: u32, delta_field: u32, wire: &mut Wire) {
        for (offset, length) in &self.spans {
            wire.message(span_field, |wire| {
                wire.sint(span::OFFSET, i64::from(*offset));
                wire.uint(span::LENGTH, u64::from(*length));
            });
        }
        if !self.deltas.is_empty() {
            wire.packed_sints(delta_field, &self.deltas);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(buckets: &[(i32, u64)]) -> (Vec<(i32, u32)>, Vec<i64>) {
        let mut spans = Spans::default();
        spans.set(&[(1, 1)]);
        spans.set(buckets);
        (spans.spans, spans.deltas)
    }

    #[test]
    fn short_gaps_are_empty_buckets_and_long_ones_begin_a_span() {
        assert_eq!(spans(&[]), (vec![], vec![]));
        assert_eq!(spans(&[(-7, 3)]), (vec![(-7, 1)], vec![3]));
        assert_eq!(spans(&[(2, 3)]), (vec![(2, 1)], vec![3]));
        assert_eq!(
            spans(&[(-1, 3), (0, 5), (3, 1), (7, 1), (8, 4)]),
            (vec![(-1, 5), (3, 2)], vec![3, 2, -5, 0, 1, 0, 3])
        );
    }
}
