//! `Evaluation`: the result of a rule at one time.

use super::evaluated::Evaluated;
use crate::error::Error;

/// The result of a rule at one time.
#[derive(Debug)]
pub enum Evaluation {
    /// All members that the rule knows of, also those whose condition is false. An empty list is
    /// [`NoData`](Self::NoData).
    Members(Vec<Evaluated>),
    /// There are no values to judge. The rule's [`NoData`](super::NoData) decides.
    NoData,
    /// The rule could not be evaluated.
    Failed(Error),
}
