//! The tables: a row for each figure.

use crate::support::{Figures, Spread};

fn cell(spread: Spread) -> String {
    if spread.least.to_bits() == spread.most.to_bits() {
        return number(spread.median);
    }
    let [median, least, most] = [spread.median, spread.least, spread.most].map(number);
    format!("{median} ({least} to {most})")
}

fn number(value: f64) -> String {
    let digits = if value.abs() < 100.0 { 2 } else { 0 };
    format!("{value:.digits$}")
}

pub(crate) fn print(title: &str, figures: &Figures) {
    println!("\n{title}");
    for name in figures.names() {
        println!("{name:<50}{:>28}", cell(figures.get(name)));
    }
}
