//! `AlertExplanation`: an alert, its deadline, and the causes that hold it back.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::alert::Alert;
use super::held_back::HeldBack;
use crate::alerts::wire;

/// An alert, its deadline, and the causes that hold it back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AlertExplanation {
    /// The alert with its value, its state and the begin of the state.
    pub alert: Alert,
    /// The time at which a pending alert fires and a firing one resolves if the evaluations go on as they are.
    #[serde(with = "wire::optional_time")]
    pub deadline: Option<SystemTime>,
    /// The causes that hold the alert back.
    pub held_back: Vec<HeldBack>,
}
