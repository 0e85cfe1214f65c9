//! `SloEvents`: the events that an SLO counts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::alerts::selector::Selector;

/// The events that an SLO counts: all of them, and one of three ways to tell the bad ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SloEvents {
    /// The counters of all events. With a threshold: the histograms.
    pub total: Selector,
    /// The counters of bad events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bad: Option<Selector>,
    /// The counters of good events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good: Option<Selector>,
    /// The longest duration of a good event, which is a bucket's bound of the histograms. In seconds.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "super::optional_seconds"
    )]
    pub threshold: Option<Duration>,
}

impl SloEvents {
    pub(super) fn new(total: impl Into<Selector>) -> Self {
        Self {
            total: total.into(),
            bad: None,
            good: None,
            threshold: None,
        }
    }

    /// As they are saved: secrets are sealed.
    pub(super) fn sealed(&self) -> Self {
        Self {
            total: self.total.sealed(),
            bad: self.bad.as_ref().map(Selector::sealed),
            good: self.good.as_ref().map(Selector::sealed),
            threshold: self.threshold,
        }
    }

    /// Whether these are the same events, of which one may have been saved.
    pub(super) fn are_same(&self, other: &Self) -> bool {
        self == other || self.sealed() == other.sealed()
    }

    /// All selectors.
    pub(super) fn selectors_mut(&mut self) -> impl Iterator<Item = &mut Selector> {
        let parts = self.bad.iter_mut().chain(&mut self.good);
        [&mut self.total].into_iter().chain(parts)
    }

    /// Whether the events that are counted besides all events are the bad ones.
    pub(super) fn counts_bad(&self) -> bool {
        self.threshold.is_none() && self.bad.is_some()
    }
}
