//! Recording through handles that were registered before.

use std::hint::black_box;

use metrics::Recorder;

use crate::peers::{self, CLIENT, COUNTER, Client, HISTOGRAM, METADATA, OURS, STOCK, key};
use crate::support::{CpuTime, Figures, least, on_two_threads};

const ROUND: u32 = 20_000;
/// Shorter than a time slice, because only rounds without a pause count.
const ROUND_OF_TWO: u32 = 10_000;
const ROUNDS: usize = 41;
const ROUNDS_OF_TWO: usize = 31;

const ROWS: [&str; 3] = ["counter", "histogram", "both"];
const HISTOGRAM_ROW: usize = 1;

/// Records `count` times to the first or the second series. The handle is cloned before, because one beside a counter in
/// memory would be read from the other core's cache each time.
type Run = Box<dyn Fn(usize, u32) + Sync>;

/// The rows of a library, and the function that moves recorded samples into buckets.
struct Library {
    name: &'static str,
    rows: [Run; 3],
    drain: Box<dyn Fn()>,
}

/// Durations from a microsecond to ten seconds: without a pattern, so that a search for their bucket is as costly as in a
/// service.
fn durations() -> &'static [f64; 1024] {
    let mut state = 88_172_645_463_325_252_u64;
    let durations = [0; 1024].map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let unit = (state >> 11) as f64 / (1_u64 << 53) as f64;
        10_f64.powf(unit * 7.0 - 6.0)
    });
    Box::leak(Box::new(durations))
}

pub(crate) fn repeat(mut once: impl FnMut(f64), count: u32) {
    static DURATIONS: std::sync::LazyLock<&'static [f64; 1024]> =
        std::sync::LazyLock::new(durations);
    let durations = *DURATIONS;
    for number in 0..count {
        once(durations[number as usize % 1024]);
    }
}

fn of_facade(name: &'static str, recorder: &impl Recorder, drain: Box<dyn Fn()>) -> Library {
    let counters = [0, 1].map(|n| recorder.register_counter(&key(COUNTER, n), &METADATA));
    let histograms = [0, 1].map(|n| recorder.register_histogram(&key(HISTOGRAM, n), &METADATA));
    let both = (counters.clone(), histograms.clone());
    Library {
        name,
        rows: [
            Box::new(move |series, count| {
                let counter = counters[series].clone();
                repeat(
                    |duration| counter.increment(u64::from(black_box(duration) >= 0.0)),
                    count,
                );
            }),
            Box::new(move |series, count| {
                let histogram = histograms[series].clone();
                repeat(|duration| histogram.record(black_box(duration)), count);
            }),
            Box::new(move |series, count| {
                let (counter, histogram) = (both.0[series].clone(), both.1[series].clone());
                repeat(
                    |duration| {
                        counter.increment(1);
                        histogram.record(black_box(duration));
                    },
                    count,
                );
            }),
        ],
        drain,
    }
}

fn of_client() -> Library {
    let client = Client::new();
    let labels = [0, 1].map(peers::client_labels);
    let counters = [0, 1].map(|n| client.counters.get_or_create_owned(&labels[n]));
    let histograms = [0, 1].map(|n| client.histograms.get_or_create_owned(&labels[n]));
    let both = (counters.clone(), histograms.clone());
    Library {
        name: CLIENT,
        rows: [
            Box::new(move |series, count| {
                let counter = counters[series].clone();
                repeat(
                    |duration| {
                        counter.inc_by(u64::from(black_box(duration) >= 0.0));
                    },
                    count,
                );
            }),
            Box::new(move |series, count| {
                let histogram = histograms[series].clone();
                repeat(|duration| histogram.observe(black_box(duration)), count);
            }),
            Box::new(move |series, count| {
                let (counter, histogram) = (both.0[series].clone(), both.1[series].clone());
                repeat(
                    |duration| {
                        counter.inc();
                        histogram.observe(black_box(duration));
                    },
                    count,
                );
            }),
        ],
        drain: Box::new(|| {}),
    }
}

pub(crate) fn measure(figures: &mut Figures) {
    let prometheus = peers::ours(10);
    let stock = peers::stock();
    let handle = stock.handle();
    let libraries = [
        of_facade(
            OURS,
            &prometheus.clone(),
            Box::new(move || drop(black_box(prometheus.render()))),
        ),
        of_facade(STOCK, &stock, Box::new(move || handle.run_upkeep())),
        of_client(),
    ];
    one_thread(&libraries, figures);
    two_threads(&libraries, figures);
}

fn one_thread(libraries: &[Library], figures: &mut Figures) {
    let mut records = vec![[const { Vec::new() }; 3]; libraries.len()];
    let mut drains = vec![Vec::new(); libraries.len()];
    for _ in 0..ROUNDS {
        for (place, library) in libraries.iter().enumerate() {
            for (row, run) in library.rows.iter().enumerate() {
                let record = CpuTime::of(|| run(0, ROUND));
                records[place][row].push(record / f64::from(ROUND));
                let drain = CpuTime::of(|| (library.drain)());
                if row == HISTOGRAM_ROW {
                    drains[place].push((record + drain) / f64::from(ROUND));
                }
            }
        }
    }
    for (row, what) in ROWS.into_iter().enumerate() {
        for (library, records) in libraries.iter().zip(&records) {
            let figure = format!("{what}, 1 thread/{}", library.name);
            figures.push(figure, least(records[row].iter().copied()));
        }
    }
    for (library, drains) in libraries.iter().zip(drains) {
        let figure = format!(
            "histogram, 1 thread, and its samples moved to buckets/{}",
            library.name
        );
        figures.push(figure, least(drains));
    }
}

fn two_threads(libraries: &[Library], figures: &mut Figures) {
    for (series, is_same) in [("same series", true), ("different series", false)] {
        for (row, what) in ROWS.into_iter().enumerate() {
            for library in libraries {
                let row = &library.rows[row];
                let run = |thread, count| row(if is_same { 0 } else { thread }, count);
                let nanos = on_two_threads(ROUNDS_OF_TWO, ROUND_OF_TWO, &run, &library.drain);
                figures.push(
                    format!("{what}, 2 threads, {series}/{}", library.name),
                    nanos,
                );
            }
        }
    }
}
