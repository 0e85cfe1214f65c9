//! `HeldNotification`: the causes why a channel is not told of an alert now.

use serde::{Deserialize, Serialize};

use super::cause::Cause;

/// The causes why a channel is not told of a firing alert now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HeldNotification {
    /// The name of the channel.
    pub channel: String,
    /// The causes. Silences and inhibitions hold back from all channels:
    /// [`explain_alert`](crate::alerts::state::State::explain_alert).
    pub causes: Vec<Cause>,
}
