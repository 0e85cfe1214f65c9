//! `Hold`: the cause why a summary will list an alert.

use serde::{Deserialize, Serialize};

/// The cause why a summary will list an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Hold {
    Cooldown,
    Cap,
}
