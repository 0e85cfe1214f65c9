//! `Refusal`: the reason why a policy does not take an alert.

use super::cause::Cause;

/// The reason why a policy does not take an alert: a [`Cause`] in one byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Level,
    Labels,
    OtherChannels,
    AnnouncedByPrometheus,
}

impl From<Refusal> for Cause {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Level => Self::Level,
            Refusal::Labels => Self::Labels,
            Refusal::OtherChannels => Self::OtherChannels,
            Refusal::AnnouncedByPrometheus => Self::AnnouncedByPrometheus,
        }
    }
}
