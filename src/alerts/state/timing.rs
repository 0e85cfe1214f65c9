//! `Timing`: the durations of a rule.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::alerts::no_data::NoData;

/// The durations of a rule, and its choice for missing data. By default all durations are zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// An alert fires when its condition has held for this long. With zero it fires at once.
    pub for_duration: Duration,
    /// An alert fires on for this long after the first false evaluation.
    pub keep_firing_for: Duration,
    /// The choice for an evaluation without data.
    pub no_data: NoData,
    /// A firing alert resolves when no evaluation with data has confirmed it for this long, whether its condition was true or
    /// false.
    pub auto_resolve: Option<Duration>,
}
