//! Recording with exemplars beside recording without.

use std::convert::Infallible;
use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use allocation_counter::measure as allocated;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use metrics::Recorder;
use tower::{Layer, Service, service_fn};
use tower_vitals::exporter::ExemplarLabels;
use tower_vitals::{HttpMetricsLayer, Prometheus};

use crate::peers::{COUNTER, HISTOGRAM, METADATA, key};
use crate::recording::repeat;
use crate::support::{CpuTime, Figures, Spread, least, on_two_threads};

const ROUND: u32 = 20_000;
/// Shorter than a time slice, because only rounds without a pause count.
const ROUND_OF_TWO: u32 = 10_000;
/// Long enough for each bucket to ask for several exemplars.
const ROUNDS: usize = 2_001;
const ROUNDS_OF_TWO: usize = 201;

const OFF: &str = "off";
const ON: &str = "on";

type Run = Box<dyn Fn(usize, u32) + Sync>;

struct Case {
    name: &'static str,
    run: Run,
}

/// A recorder without background work. Every value has an exemplar, which is the worst case.
fn recorder(has_exemplars: bool) -> Prometheus {
    let builder = Prometheus::builder().daily_totals_interval(Duration::from_hours(1));
    let builder = if has_exemplars {
        builder.exemplars(|| Some(ExemplarLabels::trace([0x4b; 16], [0xf0; 8])))
    } else {
        builder
    };
    builder.build().unwrap()
}

/// The HTTP layer around a service that responds at once.
fn request(prometheus: &Prometheus) -> Run {
    let layer = HttpMetricsLayer::builder().recorder(prometheus.clone());
    let layer = layer.endpoint(|_| Some("/users/{id}")).build().unwrap();
    let service = layer.layer(service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(Full::new(bytes::Bytes::from_static(
            b"hello",
        ))))
    }));
    Box::new(move |_, count| {
        let mut service = service.clone();
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..count {
            let mut future = pin!(service.call(Request::new(())));
            let Poll::Ready(Ok(response)) = future.as_mut().poll(&mut cx) else {
                unreachable!("the service responds at once")
            };
            let mut body = pin!(response.into_body());
            while let Poll::Ready(Some(frame)) = body.as_mut().poll_frame(&mut cx) {
                let _ = black_box(frame);
            }
        }
    })
}

fn cases(prometheus: &Prometheus) -> [Case; 3] {
    let counters = [0, 1].map(|n| prometheus.register_counter(&key(COUNTER, n), &METADATA));
    let histograms = [0, 1].map(|n| prometheus.register_histogram(&key(HISTOGRAM, n), &METADATA));
    [
        Case {
            name: "counter",
            run: Box::new(move |series, count| {
                let counter = counters[series].clone();
                repeat(
                    |duration| counter.increment(u64::from(black_box(duration) >= 0.0)),
                    count,
                );
            }),
        },
        Case {
            name: "histogram",
            run: Box::new(move |series, count| {
                let histogram = histograms[series].clone();
                repeat(|duration| histogram.record(black_box(duration)), count);
            }),
        },
        Case {
            name: "request in the HTTP layer",
            run: request(prometheus),
        },
    ]
}

pub(crate) fn measure(figures: &mut Figures) {
    let recorders = [(OFF, recorder(false)), (ON, recorder(true))];
    let cases = recorders.map(|(name, prometheus)| (name, cases(&prometheus), prometheus));
    let (off, on) = (&cases[0].1, &cases[1].1);
    for (off, on) in off.iter().zip(on) {
        let runs = [(OFF, &off.run), (ON, &on.run)];
        let mut times = [const { Vec::new() }; 2];
        for _ in 0..ROUNDS {
            for ((_, run), times) in runs.iter().zip(&mut times) {
                times.push(CpuTime::of(|| run(0, ROUND)) / f64::from(ROUND));
            }
        }
        for ((column, _), times) in runs.iter().zip(times) {
            figures.push(format!("{}, 1 thread/{column}", off.name), least(times));
        }
        for (series, is_same) in [("same series", true), ("different series", false)] {
            for (column, run) in runs {
                let run = |thread, count| run(if is_same { 0 } else { thread }, count);
                let nanos = on_two_threads(ROUNDS_OF_TWO, ROUND_OF_TWO, &run, &|| {});
                figures.push(format!("{}, 2 threads, {series}/{column}", off.name), nanos);
            }
        }
    }
}

/// The allocations of records on a new series, for longer than its exemplars stay.
pub(crate) fn measure_allocations(figures: &mut Figures) {
    for (column, prometheus) in [(OFF, recorder(false)), (ON, recorder(true))] {
        let histogram = prometheus.register_histogram(&key(HISTOGRAM, 0), &METADATA);
        let counter = prometheus.register_counter(&key(COUNTER, 0), &METADATA);
        // Fewer than give the thread cells of its own, which would be allocated.
        let first = allocated(|| {
            repeat(
                |duration| {
                    histogram.record(black_box(duration));
                    counter.increment(1);
                },
                500,
            );
        });
        figures.push(
            format!("the first 500 records/{column}"),
            first.count_total as f64,
        );
        repeat(
            |duration| {
                histogram.record(black_box(duration));
                counter.increment(1);
            },
            5_000,
        );
        let started = std::time::Instant::now();
        let later = allocated(|| {
            while started.elapsed() < Duration::from_secs(3) {
                repeat(
                    |duration| {
                        histogram.record(black_box(duration));
                        counter.increment(1);
                    },
                    10_000,
                );
            }
        });
        figures.push(
            format!("records for 3 s/{column}"),
            later.count_total as f64,
        );
    }
}

pub(crate) fn print(title: &str, figures: &Figures) {
    println!("\n{title:<62}{OFF:>26}{ON:>26}{:>12}", "on ÷ off");
    let rows = figures.names().filter_map(|name| name.strip_suffix("/off"));
    for row in rows {
        let find = |column: &str| figures.get(&format!("{row}/{column}"));
        let (off, on) = (find(OFF), find(ON));
        let cell = |spread: Spread| {
            format!(
                "{:.2} ({:.2} to {:.2})",
                spread.median, spread.least, spread.most
            )
        };
        println!(
            "{row:<62}{:>26}{:>26}{:>12}",
            cell(off),
            cell(on),
            if off.median > 0.0 {
                format!("{:.2}", on.median / off.median)
            } else {
                String::new()
            }
        );
    }
}
