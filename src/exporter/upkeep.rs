//! What goes on while nobody reads: a thread that drains histograms, and notices that it is another day.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use metrics_exporter_prometheus::PrometheusHandle;

use super::day::{Day, day_of};
use super::fractional::Fractional;
use super::snapshot::Snapshot;
use crate::error::{Error, ErrorKind};

/// Parts of the recorder, and not the recorder: it would never be dropped.
pub(super) struct Upkeep {
    pub(super) handle: PrometheusHandle,
    pub(super) fractional: Arc<Fractional>,
    pub(super) day: Arc<Mutex<Day>>,
}

impl Upkeep {
    /// Until the returned sender is dropped.
    pub(super) fn start(self, interval: Duration) -> Result<mpsc::Sender<()>, Error> {
        let (alive, ended) = mpsc::channel();
        thread::Builder::new()
            .name("vitals-upkeep".to_owned())
            .spawn(move || {
                while ended.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                    self.once();
                }
            })
            .map_err(|error| {
                let what =
                    "the upkeep thread cannot be started: the system allows no further thread";
                Error::new(ErrorKind::Io, what).with_source(error)
            })?;
        Ok(alive)
    }

    fn once(&self) {
        self.handle.run_upkeep();
        let mut day = self.day.lock().unwrap_or_else(PoisonError::into_inner);
        day.turn(day_of(SystemTime::now()), || {
            Snapshot::of(&self.fractional.as_counters(self.handle.render()))
        });
    }
}
