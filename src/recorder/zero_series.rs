//! `ZeroSeries`: the series of one instrument that exist at 0 before their first use.

use std::sync::{Arc, OnceLock, Weak};

use metrics::Recorder;
use parking_lot::Mutex;

use super::recorder_ref::RecorderRef;
use super::slot::Register;

/// The handles of the instrument keep this alive.
#[derive(Default)]
pub(super) struct ZeroSeries(OnceLock<Vec<Arc<dyn Register>>>);

impl ZeroSeries {
    /// Registers the series if there is a recorder, and otherwise lets them wait for one.
    pub(super) fn announce(
        self: &Arc<Self>,
        series: Vec<Arc<dyn Register>>,
        recorder: &RecorderRef,
    ) {
        self.0.get_or_init(|| series);
        let register_if_installed = || {
            recorder.with(|to| {
                let is_installed = recorder.is_installed(to);
                if is_installed {
                    self.register(to, recorder.is_lasting(to));
                }
                is_installed
            })
        };
        if register_if_installed() {
            return;
        }
        wait_for_recorder(self);
        // The recorder may have been installed just before.
        register_if_installed();
    }

    /// `keeps` the handles if the recorder is the one that their records will go to.
    pub(super) fn register(&self, recorder: &dyn Recorder, keeps: bool) {
        for series in self.0.get().into_iter().flatten() {
            series.register(recorder, keeps);
        }
    }
}

/// The instruments that were created while no recorder was installed.
static WAITING: Mutex<Vec<Weak<ZeroSeries>>> = Mutex::new(Vec::new());

/// Series of later instruments exist from their first use.
const MAX_WAITING: usize = 4_096;

fn wait_for_recorder(series: &Arc<ZeroSeries>) {
    let mut waiting = WAITING.lock();
    if waiting.len() == MAX_WAITING {
        waiting.retain(|series| series.strong_count() > 0);
    }
    if waiting.len() < MAX_WAITING {
        waiting.push(Arc::downgrade(series));
    }
}

/// Registers the series that waited for the facade's recorder.
#[cfg(feature = "prometheus")]
pub(crate) fn announce_waiting(recorder: &dyn Recorder) {
    // Without the lock, because a recorder may log, and a subscriber may create an instrument.
    let waiting = std::mem::take(&mut *WAITING.lock());
    for series in waiting.iter().filter_map(Weak::upgrade) {
        series.register(recorder, true);
    }
}
