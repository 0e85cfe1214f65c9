//! The tables of figures.

use super::support::{Figures, Spread};

/// Prints each figure of a section on a line.
pub(crate) fn print(section: &str, figures: &Figures) {
    println!("\n{section}");
    for name in figures.names() {
        let Spread {
            median,
            least,
            most,
        } = figures.get(name);
        println!("{name:50} {median:12.2} ({least:.2} to {most:.2})");
    }
}
