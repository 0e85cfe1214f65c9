//! Native histograms beside classic ones with 14 buckets.

use std::hint::black_box;

use metrics::Recorder;
use tower_vitals::Prometheus;
use tower_vitals::exporter::NativeHistograms;

use crate::peers::{HISTOGRAM, METADATA, key, ours};
use crate::recording::repeat;
use crate::support::{CpuTime, Figures, least};

const ROUND: u32 = 20_000;
const ROUNDS: usize = 101;

const CLASSIC: &str = "classic, 14 buckets";
const ROWS: [(&str, Option<i8>); 5] = [
    (CLASSIC, None),
    ("native, schema 3", Some(3)),
    ("native, schema 0", Some(0)),
    ("native, schema 5, halved to 2", Some(5)),
    ("native, schema 8, halved to 2", Some(8)),
];

fn native(schema: i8) -> Prometheus {
    Prometheus::builder()
        .native_histograms(NativeHistograms::all().schema(schema))
        .build()
        .unwrap()
}

pub(crate) fn measure(figures: &mut Figures) {
    let histograms = ROWS.map(|(_, schema)| {
        let recorder = schema.map_or_else(|| ours(10), native);
        recorder.register_histogram(&key(HISTOGRAM, 0), &METADATA)
    });
    let mut times = ROWS.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        for (histogram, times) in histograms.iter().zip(&mut times) {
            let run = || repeat(|duration| histogram.record(black_box(duration)), ROUND);
            times.push(CpuTime::of(run) / f64::from(ROUND));
        }
    }
    for ((name, _), times) in ROWS.iter().zip(times) {
        figures.push(*name, least(times));
    }
    let classic = figures.get(CLASSIC).least;
    for (name, _) in &ROWS[1..] {
        let ratio = figures.get(name).least / classic;
        figures.push(format!("{name} ÷ classic"), ratio);
    }
}
