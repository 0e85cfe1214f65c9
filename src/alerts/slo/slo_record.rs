//! `SloRecord`: the counted events of one SLO.

use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use super::burn::Burn;
use super::counters::Counters;
use super::readings::readings;
use super::resolution::Resolution;
use super::ring::{Counts, Ring};
use super::slo::Slo;
use super::slo_events::SloEvents;
use crate::exporter::Snapshot;

/// The counted events of one SLO.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SloRecord {
    /// The events that were counted.
    #[serde(serialize_with = "sealed")]
    pub(super) events: SloEvents,
    fine: Ring,
    medium: Ring,
    coarse: Ring,
    #[serde(skip)]
    counters: Counters,
    #[serde(skip)]
    pub(super) problem: Option<String>,
}

fn sealed<S: Serializer>(events: &SloEvents, serializer: S) -> Result<S::Ok, S::Error> {
    events.sealed().serialize(serializer)
}

impl SloRecord {
    pub(super) fn new(events: SloEvents) -> Self {
        Self {
            events,
            fine: Ring::default(),
            medium: Ring::default(),
            coarse: Ring::default(),
            counters: Counters::default(),
            problem: None,
        }
    }

    /// Returns the increase since the last snapshot. A snapshot that cannot be read is left out, so the next one has its events.
    pub(super) fn increase(&mut self, snapshot: &Snapshot) -> Counts {
        match readings(&self.events, snapshot) {
            Ok(readings) => {
                self.problem = None;
                self.counters.increase(&readings)
            }
            Err(problem) => {
                self.problem = Some(problem);
                (0, 0)
            }
        }
    }

    /// Goes on with the totals of another record.
    pub(super) fn count_on_from(&mut self, counted: &Self) {
        self.counters = counted.counters.clone();
    }

    pub(super) fn add(&mut self, period: Duration, now: i64, counts: Counts) {
        for (resolution, ring) in [
            (Resolution::FINE, &mut self.fine),
            (Resolution::MEDIUM, &mut self.medium),
            (Resolution::coarse(period), &mut self.coarse),
        ] {
            ring.advance(resolution.index(now), resolution.buckets());
            ring.add(counts);
        }
    }

    pub(super) fn burn(&self, slo: &Slo, window: Duration, now: i64) -> Burn {
        let (resolution, ring) = if Resolution::FINE.answers(window) {
            (Resolution::FINE, &self.fine)
        } else if Resolution::MEDIUM.answers(window) {
            (Resolution::MEDIUM, &self.medium)
        } else {
            (Resolution::coarse(slo.period), &self.coarse)
        };
        let (part, total) = ring.since(resolution.first(now, window));
        let bad = if self.events.counts_bad() {
            part
        } else {
            total.saturating_sub(part)
        };
        Burn::new(bad, total, slo.budget())
    }
}
