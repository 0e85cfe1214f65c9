//! `Reader`: everything that is read from a recorder, its upkeep and its history.

use std::sync::{Arc, mpsc};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use super::baseline::{Baseline, JsonView};
use super::delta::Delta;
use super::gatherer::Gatherer;
use super::history::{HistoryConfig, MetricsHistory};
use super::snapshot::Snapshot;
use super::source::Source;
use crate::catalog::{Catalog, Family};
use crate::error::Error;
use crate::ticker::spawn_ticker;

/// How to read a recorder.
pub(super) struct ReaderConfig {
    /// Empty, or with its underscore.
    pub(super) prefix: String,
    pub(super) catalog: Catalog,
    pub(super) upkeep_interval: Duration,
    pub(super) history: Option<HistoryConfig>,
}

/// The handles of a recorder share it. Its threads do not keep it alive.
pub(crate) struct Reader {
    prefix: String,
    catalog: Catalog,
    gatherer: Arc<Gatherer>,
    history: Option<MetricsHistory>,
    baseline: Mutex<Baseline>,
    /// Dropped with the reader, which ends the threads of upkeep and history.
    _threads: Vec<mpsc::Sender<()>>,
}

impl Reader {
    /// Starts the threads. The config has no [mistakes](HistoryConfig::mistakes).
    pub(super) fn start(
        config: ReaderConfig,
        source: impl Source + 'static,
    ) -> Result<Self, Error> {
        let gatherer = Arc::new(Gatherer::new(source, &config.prefix));
        let upkeep = {
            let gatherer = Arc::clone(&gatherer);
            move || gatherer.upkeep()
        };
        let mut threads = vec![spawn_ticker(
            config.upkeep_interval,
            "vitals-upkeep",
            upkeep,
        )?];
        let history = match config.history {
            None => None,
            Some(history) => {
                let full_name = |family: &Family| [&*config.prefix, family.name].concat();
                let families = config.catalog.families().iter();
                let kinds = families.map(|family| (full_name(family), family.kind));
                let (history, thread) =
                    MetricsHistory::start(history, kinds.collect(), Arc::clone(&gatherer))?;
                threads.push(thread);
                Some(history)
            }
        };
        Ok(Self {
            prefix: config.prefix,
            catalog: config.catalog,
            gatherer,
            history,
            baseline: Baseline::now().into(),
            _threads: threads,
        })
    }

    pub(crate) fn render(&self) -> String {
        self.gatherer.render()
    }

    pub(crate) fn render_openmetrics(&self) -> String {
        self.gatherer.render_openmetrics()
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.gatherer.snapshot()
    }

    pub(super) fn on_gather(&self, hook: impl Fn() + Send + Sync + 'static) {
        self.gatherer.on_gather(hook);
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    pub(crate) fn history(&self) -> Option<&MetricsHistory> {
        self.history.as_ref()
    }

    /// Sets a new baseline and clears the history.
    pub(crate) fn reset(&self) {
        let baseline = Baseline::from(self.snapshot());
        *self.baseline.lock() = baseline;
        if let Some(history) = self.history() {
            history.clear();
        }
    }

    pub(super) fn since_reset(&self) -> Delta {
        self.json_view().delta
    }

    /// Gathers everything that `/metrics/json` shows.
    pub(crate) fn json_view(&self) -> JsonView {
        let baseline = self.baseline.lock().clone();
        let now = self.snapshot();
        JsonView {
            since: baseline.taken_at(),
            tokens_today: self.gatherer.daily_totals(&now),
            delta: baseline.delta(now),
        }
    }
}

#[cfg_attr(
    not(feature = "axum"),
    expect(dead_code, reason = "only the routes use these")
)]
impl Reader {
    /// Returns the time of the last reset, or that at which the recorder was built.
    pub(crate) fn reset_at(&self) -> SystemTime {
        self.baseline.lock().taken_at()
    }

    /// Returns the name of a family with the prefix.
    pub(crate) fn prefixed(&self, name: &str) -> String {
        [&*self.prefix, name].concat()
    }
}

debug_fields!(Reader { prefix });
