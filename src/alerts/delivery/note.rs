//! `Note`: something to log and to count once no lock is held.

use crate::alerts::stores::{DeliveryResult, Queued};
use std::sync::Arc;

/// Something to log and to count once no lock is held, because both run code of the service.
pub(super) enum Note {
    /// An attempt ended, or a notification left the outbox.
    Count(usize, Outcome),
    /// A notification left the outbox undelivered.
    Undelivered {
        queued: Arc<Queued>,
        result: DeliveryResult,
        error: String,
        /// The channel that takes it instead.
        fallback: Option<String>,
    },
    /// The fallback got copies.
    HandedOver {
        lane: usize,
        fallback: String,
        copies: usize,
        error: String,
    },
    Stopped(usize, String),
    Started(usize),
    /// A state or a beat was rejected.
    FeedRejected(usize, String),
}

/// The label `result` of the counter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Delivered,
    Failed,
    Rejected,
    Stopped,
    Expired,
    Dropped,
}

impl Outcome {
    pub(super) const ALL: [Self; 6] = [
        Self::Delivered,
        Self::Failed,
        Self::Rejected,
        Self::Stopped,
        Self::Expired,
        Self::Dropped,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Stopped => "stopped",
            Self::Expired => "expired",
            Self::Dropped => "dropped",
        }
    }

    /// The one that counts a notification with this result.
    pub(super) fn of(result: DeliveryResult) -> Self {
        match result {
            DeliveryResult::Delivered => Self::Delivered,
            DeliveryResult::Rejected => Self::Rejected,
            DeliveryResult::Stopped => Self::Stopped,
            DeliveryResult::Expired => Self::Expired,
            DeliveryResult::HeldBack | DeliveryResult::Dropped => Self::Dropped,
        }
    }
}
