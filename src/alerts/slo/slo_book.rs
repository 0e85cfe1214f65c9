//! `SloBook`: the counted events of all SLOs.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::book_clock::BookClock;
use super::burn::Burn;
use super::burn_window::BurnWindow;
use super::slo::Slo;
use super::slo_record::SloRecord;
use super::slo_status::SloStatus;
use crate::alerts::window::milliseconds;
use crate::exporter::Snapshot;

/// The counted events of all SLOs, without I/O. The caller gives the time.
///
/// It can be saved as JSON: at most 48 KiB for each SLO with a period of 90 days and counts of 20 digits, and about 10 KiB with a
/// million requests an hour. Only what was counted is saved, not the totals of the series: in the next process they begin at 0.
/// Time without a process has no events. If the definition of an SLO's events changes, its counts begin again.
///
/// A step back of the clock counts as no time. A step forward looks like time without a process.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use metrics::Recorder;
/// # use metrics::{Key, Metadata};
/// use tower_vitals::Prometheus;
/// use tower_vitals::alerts::slo::{BurnWindow, Slo, SloBook, Slos};
///
/// let slos = Slos::builder().slo(Slo::availability("checkout", 0.999)).build()?;
/// let prometheus = Prometheus::builder().build()?;
/// # let metadata = Metadata::new("doc", metrics::Level::INFO, None);
/// let requests = |status| {
///     let key = Key::from_parts("http_requests_total", &[("method", "GET"), ("endpoint", "/"), ("status", status)]);
///     prometheus.register_counter(&key, &metadata)
/// };
/// requests("200").increment(9_995);
/// requests("500").increment(5);
///
/// let mut book = SloBook::default();
/// let now = SystemTime::now();
/// book.observe(&slos, &prometheus.snapshot(), now);
/// let status = book.evaluate(&slos[0], now);
/// assert!((status.burn(BurnWindow::Hour1).rate - 0.5).abs() < 1e-9);
/// assert!((status.budget_remaining - 0.5).abs() < 1e-9);
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SloBook {
    clock: BookClock,
    slos: BTreeMap<String, SloRecord>,
}

impl SloBook {
    /// Counts the events since the last snapshot. The first snapshot of a process has all events since its start. SLOs that are not
    /// given are forgotten.
    pub fn observe(&mut self, slos: &[Slo], snapshot: &Snapshot, now: SystemTime) {
        let now = self.clock.advance(milliseconds(now));
        self.prepare(slos);
        for slo in slos {
            if let Some(record) = self.slos.get_mut(&slo.name) {
                let counts = record.increase(snapshot);
                record.add(slo.period, now, counts);
            }
        }
    }

    /// Takes the totals of a snapshot as counted before. For a book that begins in a process that has run for a while, or goes on in
    /// the process in which another copy of it has counted.
    pub fn start_from(&mut self, slos: &[Slo], snapshot: &Snapshot) {
        self.prepare(slos);
        for slo in slos {
            if let Some(record) = self.slos.get_mut(&slo.name) {
                record.increase(snapshot);
            }
        }
    }

    /// Goes on with the totals of another copy, which has counted in this process.
    pub(in crate::alerts) fn count_on_from(&mut self, counted: &Self) {
        for (name, counted) in &counted.slos {
            let new = || SloRecord::new(counted.events.clone());
            let record = self.slos.entry(name.clone()).or_insert_with(new);
            if record.events.are_same(&counted.events) {
                record.count_on_from(counted);
            }
        }
    }

    /// Makes a record for each SLO, and forgets those of others.
    fn prepare(&mut self, slos: &[Slo]) {
        self.slos.retain(|name, record| {
            let mut same = slos.iter().filter(|slo| slo.name == *name);
            let same = same.find(|slo| slo.events.are_same(&record.events));
            if let Some(slo) = same
                && record.events != slo.events
            {
                record.events = slo.events.clone();
            }
            same.is_some()
        });
        for slo in slos {
            if !self.slos.contains_key(&slo.name) {
                let record = SloRecord::new(slo.events.clone());
                self.slos.insert(slo.name.clone(), record);
            }
        }
    }

    /// Computes the burn rates and the rest of the budget at the time `now`, from the snapshots that were observed until then.
    #[must_use]
    pub fn evaluate(&self, slo: &Slo, now: SystemTime) -> SloStatus {
        let now = self.clock.at(milliseconds(now));
        let record = self.slos.get(&slo.name);
        let burn = |window| match record {
            Some(record) => record.burn(slo, window, now),
            None => Burn::new(0, 0, slo.budget()),
        };
        let windows = BurnWindow::ALL.map(|window| (window, burn(window.duration())));
        let period = burn(slo.period);
        SloStatus {
            slo: slo.name.clone(),
            objective: slo.objective,
            min_events: slo.min_events,
            windows: windows.into(),
            budget_remaining: 1.0 - period.rate,
            period,
            problem: record.and_then(|record| record.problem.clone()),
        }
    }
}
