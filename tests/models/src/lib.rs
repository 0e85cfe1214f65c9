//! Models of `src/cells`: loom runs every interleaving of a few threads, and every value that the memory model lets them read.
//!
//! `cargo test --manifest-path tests/models/Cargo.toml --release`

#![cfg(test)]

mod cells;
mod counter;
mod exemplars;
mod histogram;
mod native;
mod requests;
mod run;
