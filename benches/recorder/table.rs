//! The tables: a row for each figure, a column for each library.

use crate::peers::{CLIENT, OURS, STOCK};
use crate::support::{Figures, Spread};

/// Whether the other libraries' columns end with their relation to the first.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Ratio {
    None,
    First,
}

fn cell(spread: Spread) -> String {
    if spread.least.to_bits() == spread.most.to_bits() {
        return number(spread.median);
    }
    format!(
        "{} ({} to {})",
        number(spread.median),
        number(spread.least),
        number(spread.most)
    )
}

fn number(value: f64) -> String {
    let digits = if value.abs() < 100.0 { 2 } else { 0 };
    format!("{value:.digits$}")
}

/// Prints figures named `row/library`.
pub(crate) fn print(title: &str, figures: &Figures, ratio: Ratio) {
    println!(
        "\n{title:<62}{OURS:>26}{STOCK:>26}{CLIENT:>26}{:>14}{:>16}",
        if ratio == Ratio::First {
            "ours ÷ stock"
        } else {
            ""
        },
        if ratio == Ratio::First {
            "ours ÷ client"
        } else {
            ""
        },
    );
    let mut rows: Vec<&str> = Vec::new();
    for name in figures.names() {
        let (row, _) = name.rsplit_once('/').unwrap();
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    for row in rows {
        let find = |library: &str| figures.find(&format!("{row}/{library}"));
        let (ours, stock, client) = (find(OURS), find(STOCK), find(CLIENT));
        let shown = |spread: Option<Spread>| spread.map(cell).unwrap_or_default();
        let over = |other: Option<Spread>| match (ours, other) {
            (Some(ours), Some(other)) if ratio == Ratio::First && other.median > 0.0 => {
                format!("{:.2}", ours.median / other.median)
            }
            _ => String::new(),
        };
        println!(
            "{row:<62}{:>26}{:>26}{:>26}{:>14}{:>16}",
            shown(ours),
            shown(stock),
            shown(client),
            over(stock),
            over(client)
        );
    }
}

/// Prints figures that have one column.
pub(crate) fn print_one(title: &str, figures: &Figures) {
    println!("\n{title}");
    for name in figures.names() {
        println!("{name:<62}{:>26}", cell(figures.get(name)));
    }
}
