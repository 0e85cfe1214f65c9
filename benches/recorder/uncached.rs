//! Recording without a cached handle: the macros of `metrics` register the key again for each record.

use std::hint::black_box;

use metrics::{counter, histogram, with_local_recorder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use crate::peers::{self, CLIENT, Kind, OURS, STOCK, client_histogram};
use crate::support::{CpuTime, Figures, least};

const ROUND: u32 = 5_000;
const ROUNDS: usize = 41;
/// Other series of the same metrics.
const OTHERS: usize = 1_000;

const ROWS: [&str; 4] = [
    "counter without labels",
    "counter with 3 labels",
    "histogram without labels",
    "histogram with 3 labels",
];

struct Library {
    name: &'static str,
    rows: [Box<dyn Fn(u32)>; 4],
    drain: Box<dyn Fn()>,
}

/// One of the three label values is known only at run time, as those of requests are.
fn of_facade<R: metrics::Recorder + Clone + 'static>(
    name: &'static str,
    recorder: &R,
    drain: Box<dyn Fn()>,
) -> Library {
    for n in 0..OTHERS {
        for kind in [Kind::Counters, Kind::Histograms] {
            kind.record(recorder, &kind.key(n));
        }
    }
    let status: &'static str = black_box("200");
    let with = |once: fn(&'static str)| -> Box<dyn Fn(u32)> {
        let recorder = recorder.clone();
        Box::new(move |count| {
            with_local_recorder(&recorder, || (0..count).for_each(|_| once(status)));
        })
    };
    Library {
        name,
        rows: [
            with(|_| counter!("plain_total").increment(1)),
            with(|status| {
                counter!("requests_total", "method" => "GET", "endpoint" => "/", "status" => status)
                    .increment(1);
            }),
            with(|_| histogram!("plain_seconds").record(black_box(0.02))),
            with(|status| {
                histogram!("wait_seconds", "method" => "GET", "endpoint" => "/", "status" => status)
                    .record(black_box(0.02));
            }),
        ],
        drain,
    }
}

type Pairs<const N: usize> = [(&'static str, &'static str); N];

/// Its labels are typed and here allocate nothing, which is the best case of `prometheus-client`.
fn of_client() -> Library {
    let plain = Family::<Pairs<0>, Counter>::default();
    let labelled = Family::<Pairs<3>, Counter>::default();
    let constructor = client_histogram as fn() -> Histogram;
    let plain_waits = Family::<Pairs<0>, Histogram, _>::new_with_constructor(constructor);
    let waits = Family::<Pairs<3>, Histogram, _>::new_with_constructor(constructor);
    let labels = |endpoint, status| {
        [
            ("method", "GET"),
            ("endpoint", endpoint),
            ("status", status),
        ]
    };
    for n in 0..OTHERS {
        let endpoint = format!("/users/{n}/orders").leak();
        labelled.get_or_create(&labels(endpoint, "200")).inc();
        waits.get_or_create(&labels(endpoint, "200")).observe(0.02);
    }
    let status: &'static str = black_box("200");
    Library {
        name: CLIENT,
        rows: [
            Box::new(move |count| {
                (0..count).for_each(|_| {
                    plain.get_or_create(&[]).inc();
                });
            }),
            Box::new(move |count| {
                (0..count).for_each(|_| {
                    labelled.get_or_create(&labels("/", status)).inc();
                });
            }),
            Box::new(move |count| {
                (0..count).for_each(|_| plain_waits.get_or_create(&[]).observe(black_box(0.02)));
            }),
            Box::new(move |count| {
                (0..count).for_each(|_| {
                    waits
                        .get_or_create(&labels("/", status))
                        .observe(black_box(0.02));
                });
            }),
        ],
        drain: Box::new(|| {}),
    }
}

pub(crate) fn measure(figures: &mut Figures) {
    let prometheus = peers::ours(2 * OTHERS);
    let drained = prometheus.clone();
    let stock = std::sync::Arc::new(peers::stock());
    let handle = stock.handle();
    let libraries = [
        of_facade(
            OURS,
            &prometheus,
            Box::new(move || drop(black_box(drained.render()))),
        ),
        of_facade(STOCK, &stock, Box::new(move || handle.run_upkeep())),
        of_client(),
    ];
    for (row, what) in ROWS.into_iter().enumerate() {
        let mut times: [Vec<f64>; 3] = Default::default();
        for _ in 0..ROUNDS {
            for (library, times) in libraries.iter().zip(&mut times) {
                times.push(CpuTime::of(|| (library.rows[row])(ROUND)) / f64::from(ROUND));
                (library.drain)();
            }
        }
        for (library, times) in libraries.iter().zip(times) {
            figures.push(format!("{what}/{}", library.name), least(times));
        }
    }
}
