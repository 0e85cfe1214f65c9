//! The text of many series, and the typed snapshot.

use std::hint::black_box;

use tower_vitals::Prometheus;

use crate::peers::{self, CLIENT, Client, Kind, OURS, STOCK, client_labels};
use crate::support::{CpuTime, Figures, least};

const SERIES: usize = 100_000;
const ROUNDS: usize = 5;

const TEXT: &str = "our text";
const PROTOBUF: &str = "our protobuf";
const CLIENT_PROTOBUF: &str = "prometheus-client's protobuf";

pub(crate) fn measure(figures: &mut Figures) {
    for kind in [Kind::Counters, Kind::Histograms] {
        render(figures, kind);
    }
}

fn render(figures: &mut Figures, kind: Kind) {
    let prometheus = peers::ours(SERIES);
    let stock = peers::stock();
    let handle = stock.handle();
    let client = Client::new();
    for n in 0..SERIES {
        let key = kind.key(n);
        kind.record(&prometheus, &key);
        kind.record(&stock, &key);
        kind.record_client(&client, &client_labels(n));
    }
    let libraries: [(&str, &dyn Fn() -> String); 3] = [
        (OURS, &|| prometheus.render()),
        (STOCK, &|| handle.render()),
        (CLIENT, &|| client.render()),
    ];
    // All must show the same samples. This also moves recorded samples to their buckets.
    let texts = libraries.map(|(_, render)| render());
    let samples = texts
        .each_ref()
        .map(|text| text.lines().filter(|line| line.contains("/orders")).count());
    assert!(samples[0] >= SERIES);
    assert_eq!(samples, [samples[0]; 3]);
    let sizes = texts.map(|text| text.len() as f64 / 1e6);

    let mut times: [Vec<f64>; 3] = Default::default();
    for _ in 0..ROUNDS {
        for ((_, render), times) in libraries.iter().zip(&mut times) {
            times.push(CpuTime::of(|| drop(black_box(render()))) / 1e6);
        }
    }
    for (((library, _), times), size) in libraries.iter().zip(times).zip(sizes) {
        figures.push(format!("{}, ms/{library}", kind.name()), least(times));
        figures.push(format!("{}, MB/{library}", kind.name()), size);
    }
}

/// The protobuf format beside our text, and beside the other library's.
pub(crate) fn measure_protobuf(figures: &mut Figures) {
    let prometheus = peers::ours(SERIES);
    let client = Client::new();
    for n in 0..SERIES {
        Kind::Histograms.record(&prometheus, &Kind::Histograms.key(n));
        Kind::Histograms.record_client(&client, &client_labels(n));
    }
    let renders: [(&str, &dyn Fn() -> Vec<u8>); 3] = [
        (TEXT, &|| prometheus.render().into_bytes()),
        (PROTOBUF, &|| prometheus.render_protobuf()),
        (CLIENT_PROTOBUF, &|| client.render_protobuf()),
    ];
    for (name, render) in renders {
        figures.push(format!("{name}, MB"), render().len() as f64 / 1e6);
    }
    let mut times: [Vec<f64>; 3] = Default::default();
    for _ in 0..ROUNDS {
        for ((_, render), times) in renders.iter().zip(&mut times) {
            times.push(CpuTime::of(|| drop(black_box(render()))) / 1e6);
        }
    }
    for ((name, _), times) in renders.iter().zip(times) {
        figures.push(format!("{name}, ms"), least(times));
    }
    for (unit, other) in [
        ("ms", TEXT),
        ("MB", TEXT),
        ("ms", CLIENT_PROTOBUF),
        ("MB", CLIENT_PROTOBUF),
    ] {
        let of = |name| figures.get(&format!("{name}, {unit}")).least;
        figures.push(
            format!("{PROTOBUF} ÷ {other}, {unit}"),
            of(PROTOBUF) / of(other),
        );
    }
}

/// The text for scrapers that take plain names only, of a recorder without and with names of all characters.
pub(crate) fn measure_names(figures: &mut Figures) {
    const SERIES: usize = 5_000;
    let rows = [
        ("without utf8_names()", Prometheus::builder()),
        ("with utf8_names()", Prometheus::builder().utf8_names()),
    ];
    for kind in [Kind::Counters, Kind::Histograms] {
        let recorders = rows.clone().map(|(_, builder)| {
            let prometheus = builder.max_series(SERIES + 1).build().unwrap();
            (0..SERIES).for_each(|n| kind.record(&prometheus, &kind.key(n)));
            prometheus
        });
        let texts = recorders.each_ref().map(Prometheus::render);
        assert_eq!(texts[0].len(), texts[1].len());
        let mut times: [Vec<f64>; 2] = Default::default();
        for _ in 0..21 {
            for (prometheus, times) in recorders.iter().zip(&mut times) {
                times.push(CpuTime::of(|| drop(black_box(prometheus.render()))) / 1e6);
            }
        }
        let [without, with] = times.map(least);
        for ((row, _), time) in rows.iter().zip([without, with]) {
            figures.push(format!("{}, {row}, ms", kind.name()), time);
        }
        figures.push(format!("{}, with ÷ without", kind.name()), with / without);
    }
}

pub(crate) fn measure_snapshot(figures: &mut Figures) {
    const SERIES: usize = 10_000;
    let prometheus = peers::ours(SERIES);
    for n in 0..SERIES {
        Kind::Counters.record(&prometheus, &Kind::Counters.key(n));
    }
    let (mut snapshots, mut renders) = (Vec::new(), Vec::new());
    for _ in 0..21 {
        snapshots.push(CpuTime::of(|| drop(black_box(prometheus.snapshot()))) / 1e6);
        renders.push(CpuTime::of(|| drop(black_box(prometheus.render()))) / 1e6);
    }
    figures.push("snapshot", least(snapshots));
    figures.push("render", least(renders));
}
