//! The cost of alerts: `cargo bench --bench alerts --features alerts`.
//!
//! `-- --only delivery` measures one section: evaluation, memory or delivery.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its table"
)]

mod delivery;
mod evaluation;
mod memory;
mod storm;
#[path = "../support/mod.rs"]
mod support;

use self::support::print_processor;

/// The sections by name.
const SECTIONS: [(&str, fn()); 3] = [
    ("evaluation", evaluation::measure),
    ("memory", memory::measure),
    ("delivery", delivery::measure),
];

fn main() {
    print_processor();
    let mut args = std::env::args().skip_while(|arg| arg != "--only").skip(1);
    let only = args.next();
    for (name, measure) in SECTIONS {
        if only.as_ref().is_none_or(|only| only == name) {
            measure();
        }
    }
}
