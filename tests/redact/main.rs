//! The redactor: what it masks, and what it leaves.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests panic on failure"
)]

mod corpus;
mod debug;
mod forms;
mod given;
mod known;
