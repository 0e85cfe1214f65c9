//! The API document of the routes, what validators and browsers say of it, and the pages that show it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_methods,
    reason = "tests panic on failure and compare exact values"
)]

mod answers;
mod document;
mod examples;
mod guards;
mod pages;
mod service;
#[path = "../support/mod.rs"]
mod support;
mod validators;
