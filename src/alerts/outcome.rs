//! `Outcome`: an evaluation that the state takes.

use super::found::Found;
use crate::error::Error;

/// The outcome of one evaluation of a rule, as [`Evaluation`](super::Evaluation), without its own memory.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outcome<'f, 'a> {
    Members(&'f [Found<'a>]),
    NoData,
    Failed(&'f Error),
}
