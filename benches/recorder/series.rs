//! The cost of a series by their number, which should not depend on it.

use std::hint::black_box;

use crate::peers::{self, CLIENT, Client, Kind, OURS, STOCK, client_labels};
use crate::support::{CpuTime, Figures, least};

const COUNTERS: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// A million histograms would fill a gigabyte with their text.
const HISTOGRAMS: [usize; 3] = [1_000, 10_000, 100_000];

fn sizes(kind: Kind) -> &'static [usize] {
    match kind {
        Kind::Counters => &COUNTERS,
        Kind::Histograms => &HISTOGRAMS,
    }
}

pub(crate) fn measure(figures: &mut Figures) {
    for kind in [Kind::Counters, Kind::Histograms] {
        let most = sizes(kind).iter().copied().max().unwrap();
        let keys: Vec<_> = (0..most).map(|n| kind.key(n)).collect();
        let labels: Vec<_> = (0..most).map(client_labels).collect();
        for &size in sizes(kind) {
            let (keys, labels) = (&keys[..size], &labels[..size]);
            let mut push = |library, (register, render): (f64, f64)| {
                let per_series = |nanos| nanos / size as f64;
                figures.push(name("register", kind, size, library), per_series(register));
                figures.push(name("render", kind, size, library), per_series(render));
            };
            push(
                OURS,
                cost(
                    size,
                    || peers::ours(size),
                    |ours| keys.iter().for_each(|key| kind.record(ours, key)),
                    tower_vitals::Prometheus::render,
                ),
            );
            push(
                STOCK,
                cost(
                    size,
                    peers::stock,
                    |stock| keys.iter().for_each(|key| kind.record(stock, key)),
                    |stock| stock.handle().render(),
                ),
            );
            push(
                CLIENT,
                cost(
                    size,
                    Client::new,
                    |client| {
                        for labels in labels {
                            kind.record_client(client, labels);
                        }
                    },
                    Client::render,
                ),
            );
        }
    }
}

fn name(what: &str, kind: Kind, size: usize, library: &str) -> String {
    format!("{what}, {size} {}/{library}", kind.name())
}

/// The least nanoseconds of a registration of all series with one record each, and of a render.
fn cost<R>(
    size: usize,
    new: impl Fn() -> R,
    register: impl Fn(&R),
    render: impl Fn(&R) -> String,
) -> (f64, f64) {
    // Few series are cheap to repeat, and the first repetition meets cold caches.
    let rounds = (200_000 / size).clamp(1, 20);
    let (mut registers, mut renders) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let recorder = new();
        registers.push(CpuTime::of(|| register(&recorder)));
        // The first render also moves the samples to their buckets.
        drop(render(&recorder));
        for _ in 0..2 {
            renders.push(CpuTime::of(|| drop(black_box(render(&recorder)))));
        }
    }
    (least(registers), least(renders))
}

/// Prints how much a series costs among the most of them, compared with the fewest.
pub(crate) fn print_growth(figures: &Figures) {
    println!();
    for what in ["register", "render"] {
        for kind in [Kind::Counters, Kind::Histograms] {
            let sizes = sizes(kind);
            let (few, many) = (sizes[0], sizes[sizes.len() - 1]);
            for library in [OURS, STOCK, CLIENT] {
                let at = |size| figures.get(&name(what, kind, size, library)).median;
                let ratio = at(many) / at(few);
                let what = format!("{what}, {}: {many} ÷ {few} series, {library}", kind.name());
                println!("{what:<70}{ratio:>8.2}");
            }
        }
    }
}
