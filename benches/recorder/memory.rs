//! Allocated bytes, as requested from the allocator: its own rounding is not included.

use std::hint::black_box;

use allocation_counter::measure as allocated;
use metrics::{Counter, Histogram, Recorder};

use crate::peers::{
    self, CLIENT, COUNTER, Client, HISTOGRAM, Kind, METADATA, OURS, STOCK, client_labels, key,
};
use crate::support::Figures;

const SERIES: usize = 100_000;
const RECORDS: u32 = 10_000_000;

/// The bytes that remain of `run`. Only this thread is counted, so nothing may be moved to or from another one.
fn bytes(run: impl FnOnce()) -> f64 {
    allocated(run).bytes_current as f64
}

pub(crate) fn measure_bytes(figures: &mut Figures) {
    for kind in [Kind::Counters, Kind::Histograms] {
        let prometheus = peers::ours(SERIES);
        let stock = peers::stock();
        let handle = stock.handle();
        let client = Client::new();
        let mut push = |library, bytes: f64| {
            let row = format!("{}/{library}", kind.name());
            figures.push(row, bytes / SERIES as f64);
        };
        push(
            OURS,
            bytes(|| {
                (0..SERIES).for_each(|n| kind.record(&prometheus, &kind.key(n)));
                drop(black_box(prometheus.render()));
            }),
        );
        push(
            STOCK,
            bytes(|| {
                (0..SERIES).for_each(|n| kind.record(&stock, &kind.key(n)));
                drop(black_box(handle.render()));
            }),
        );
        push(
            CLIENT,
            bytes(|| {
                (0..SERIES).for_each(|n| kind.record_client(&client, &client_labels(n)));
                drop(black_box(client.render()));
            }),
        );
    }
}

fn handles(recorder: &impl Recorder) -> (Counter, Histogram) {
    (
        recorder.register_counter(&key(COUNTER, 0), &METADATA),
        recorder.register_histogram(&key(HISTOGRAM, 0), &METADATA),
    )
}

fn growth((counter, histogram): &(Counter, Histogram)) -> f64 {
    bytes(|| {
        for _ in 0..RECORDS {
            counter.increment(1);
            histogram.record(black_box(0.02));
        }
    })
}

pub(crate) fn measure_growth(figures: &mut Figures) {
    let row = |library| format!("a counter and a histogram/{library}");
    let prometheus = peers::ours(10);
    figures.push(row(OURS), growth(&handles(&prometheus)));
    let stock = peers::stock();
    figures.push(row(STOCK), growth(&handles(&stock)));
    let client = Client::new();
    let labels = client_labels(0);
    let counter = client.counters.get_or_create_owned(&labels);
    let histogram = client.histograms.get_or_create_owned(&labels);
    let grown = bytes(|| {
        for _ in 0..RECORDS {
            counter.inc();
            histogram.observe(black_box(0.02));
        }
    });
    figures.push(row(CLIENT), grown);
}
