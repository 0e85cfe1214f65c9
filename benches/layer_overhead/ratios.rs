//! The costs that the tables are about, as multiples of others.

use crate::support::{Figures, Spread};

const COST: &str = "cost/";
const RATIO: &str = "ratio/";

pub(crate) fn push(figures: &mut Figures) {
    let one = |name: &str| figures.get(&format!("{name}/1")).median;
    let scales = |name: &str| one(name) / figures.get(&format!("{name}/2")).median;
    let net = |name: &str, bare: &str| one(name) - one(bare);

    let reads = one("service_fn/two clock reads");
    let floor = one("service_fn/floor");
    let fns = |case: &str| net(&format!("service_fn/{case}"), "service_fn/bare");
    let axum = |case: &str| net(&format!("axum/{case}"), "axum/body wrapped");
    let peer_fn = fns("axum-prometheus");
    let peer_axum = net("axum/axum-prometheus", "axum/bare, 1 route");

    let mut costs = Vec::new();
    for (name, cost) in [
        ("service_fn: ours - bare", fns("ours")),
        (
            "service_fn: ours with the stock exporter - bare",
            fns("ours, stock exporter"),
        ),
        (
            "service_fn: floor as a layer - bare",
            fns("floor as a layer"),
        ),
        (
            "service_fn: ours by endpoint function - bare",
            fns("ours, endpoint by function"),
        ),
        ("axum: ours - body wrapped", axum("ours, 1 route")),
        (
            "axum: ours with the stock exporter - body wrapped",
            axum("ours, stock exporter"),
        ),
        (
            "axum: floor as a layer - body wrapped",
            axum("floor as a layer"),
        ),
        ("service_fn: floor", floor),
    ] {
        costs.push((format!("{name}/ns"), cost));
        costs.push((format!("{name}/reads"), cost / reads));
        costs.push((format!("{name}/floor"), cost / floor));
    }
    let ours_axum = net("axum/ours, 1 route", "axum/bare, 1 route");
    let ratios = [
        (
            "service_fn: ours ÷ axum-prometheus, each less bare",
            fns("ours") / peer_fn,
        ),
        (
            "axum: ours ÷ axum-prometheus, each less bare",
            ours_axum / peer_axum,
        ),
        (
            "service_fn: 100 routes ÷ 1 route, net of bare (wanted <= 1.2)",
            net(
                "service_fn/ours, 100 routes by extension",
                "service_fn/bare, extension set",
            ) / net(
                "service_fn/ours, 1 route by extension",
                "service_fn/bare, extension set",
            ),
        ),
        (
            "axum: 100 routes ÷ 1 route (wanted <= 1.2)",
            one("axum/ours, 100 routes") / one("axum/ours, 1 route"),
        ),
        (
            "axum: 100 routes ÷ 1 route, each net of body wrapped",
            net("axum/ours, 100 routes", "axum/body wrapped, 100 routes") / axum("ours, 1 route"),
        ),
        (
            "service_fn, 2 threads: ours scales ÷ bare scales (wanted >= 0.9)",
            scales("service_fn/ours") / scales("service_fn/bare"),
        ),
        (
            "service_fn, 2 threads: floor scales ÷ bare scales",
            scales("service_fn/floor") / scales("service_fn/bare"),
        ),
        (
            "axum, 2 threads: ours scales ÷ bare scales (wanted >= 0.9)",
            scales("axum/ours, 1 route") / scales("axum/bare, 1 route"),
        ),
    ];
    for (name, cost) in costs {
        figures.push([COST, &name].concat(), cost);
    }
    for (name, ratio) in ratios {
        figures.push([RATIO, name].concat(), ratio);
    }
}

fn shown(
    Spread {
        median,
        least,
        most,
    }: Spread,
) -> String {
    format!("{median:.2} ({least:.2} to {most:.2})")
}

pub(crate) fn print(figures: &Figures) {
    println!(
        "\n{:<52}{:>28}{:>24}{:>24}",
        "", "ns", "÷ two clock reads", "÷ floor"
    );
    let costs = figures.names().filter_map(|name| name.strip_prefix(COST));
    for cost in costs.filter_map(|cost| cost.strip_suffix("/ns")) {
        let cell = |column| shown(figures.get(&format!("{COST}{cost}/{column}")));
        println!(
            "{cost:<52}{:>28}{:>24}{:>24}",
            cell("ns"),
            cell("reads"),
            cell("floor")
        );
    }
    println!();
    for ratio in figures.names().filter_map(|name| name.strip_prefix(RATIO)) {
        println!(
            "{ratio:<76}{:>24}",
            shown(figures.get(&[RATIO, ratio].concat()))
        );
    }
}
