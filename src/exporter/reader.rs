//! `Reader`: everything that is read from a recorder, its upkeep and its history.

use std::sync::{Arc, mpsc};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use super::baseline::{Baseline, JsonView};
use super::delta::Delta;
use super::escaping::Escaping;
use super::format::Format;
use super::gatherer::Gatherer;
use super::history::{HistoryConfig, MetricsHistory};
use super::snapshot::Snapshot;
use super::source::Source;
use super::visit::SeriesVisitor;
use crate::catalog::Catalog;
use crate::cells::ExemplarTimer;
use crate::error::Error;
use crate::ticker::spawn_ticker;

/// An exemplar stays for at most this much longer than its second.
const EXEMPLAR_TICK: Duration = Duration::from_millis(200);

/// The handles of a recorder share it. Its threads do not keep it alive.
pub(crate) struct Reader {
    prefix: String,
    catalog: Catalog,
    gatherer: Arc<Gatherer>,
    history: Option<MetricsHistory>,
    baseline: Mutex<Baseline>,
    /// Dropped with the reader, which ends the threads of upkeep and history.
    threads: Vec<mpsc::Sender<()>>,
}

impl Reader {
    /// Reads on demand, until upkeep and history are started. The prefix is empty or ends in an underscore.
    pub(super) fn new(prefix: String, catalog: Catalog, source: impl Source + 'static) -> Self {
        Self {
            gatherer: Arc::new(Gatherer::new(source, &prefix)),
            prefix,
            catalog,
            history: None,
            baseline: Baseline::now().into(),
            threads: Vec::new(),
        }
    }

    pub(super) fn start_upkeep(&mut self, interval: Duration) -> Result<(), Error> {
        let gatherer = Arc::clone(&self.gatherer);
        let thread = spawn_ticker(interval, "vitals-upkeep", move || gatherer.upkeep())?;
        self.threads.push(thread);
        Ok(())
    }

    /// Lets a timer tick until the reader is dropped.
    pub(super) fn start_exemplars(&mut self, timer: Arc<ExemplarTimer>) -> Result<(), Error> {
        let thread = spawn_ticker(EXEMPLAR_TICK, "vitals-exemplar", move || timer.tick())?;
        self.threads.push(thread);
        Ok(())
    }

    /// The config has no [mistakes](HistoryConfig::mistakes).
    pub(super) fn start_history(&mut self, config: HistoryConfig) -> Result<(), Error> {
        let families = self.catalog.families().iter();
        let kinds = families.map(|family| (self.prefixed(family.name), family.kind));
        let gatherer = Arc::clone(&self.gatherer);
        let (history, thread) = MetricsHistory::start(config, kinds.collect(), gatherer)?;
        self.threads.push(thread);
        self.history = Some(history);
        Ok(())
    }

    /// Returns the name of a family with the prefix.
    pub(crate) fn prefixed(&self, name: &str) -> String {
        [&*self.prefix, name].concat()
    }

    /// Returns the metrics in text format 0.0.4.
    pub(super) fn text(&self) -> String {
        self.gatherer.text()
    }

    /// Returns the metrics as `OpenMetrics` 1.0 text that every scraper can take.
    pub(super) fn openmetrics(&self) -> String {
        self.gatherer.openmetrics()
    }

    /// Returns the metrics in the protobuf format that every scraper can take.
    pub(super) fn protobuf(&self) -> Vec<u8> {
        self.gatherer.protobuf()
    }

    #[cfg_attr(
        not(feature = "axum"),
        expect(dead_code, reason = "only the routes use it")
    )]
    pub(crate) fn render(&self, format: Format, escaping: Escaping) -> Vec<u8> {
        self.gatherer.render(format, escaping)
    }

    /// The formats that the recorder has, text the last.
    #[cfg_attr(
        not(feature = "axum"),
        expect(dead_code, reason = "only the routes use it")
    )]
    pub(crate) fn formats(&self) -> &'static [Format] {
        self.gatherer.source().formats()
    }

    /// Whether the escaping of names matters.
    #[cfg_attr(
        not(feature = "axum"),
        expect(dead_code, reason = "only the routes use it")
    )]
    pub(crate) fn has_utf8_names(&self) -> bool {
        self.gatherer.source().has_utf8_names()
    }

    /// The names of the histograms that have no classic buckets.
    #[cfg_attr(
        not(feature = "dashboard"),
        expect(dead_code, reason = "only the dashboard uses it")
    )]
    pub(crate) fn native_families(&self) -> Vec<String> {
        self.gatherer.source().native_families()
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.gatherer.snapshot()
    }

    /// Runs the hooks, as a snapshot does before it reads.
    #[cfg_attr(
        not(feature = "dashboard"),
        expect(dead_code, reason = "only the dashboard uses it")
    )]
    pub(crate) fn run_hooks(&self) {
        self.gatherer.run_hooks();
    }

    /// Lets a visitor see all series, also those that are idle, whose totals would otherwise seem to fall when they leave.
    #[cfg_attr(
        not(feature = "dashboard"),
        expect(dead_code, reason = "only the dashboard uses it")
    )]
    pub(crate) fn visit(&self, visitor: &mut dyn SeriesVisitor) {
        self.gatherer.source().visit(visitor);
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
        let baseline = Baseline::from(self.gatherer.baseline());
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

    /// Returns the time of the last reset, or that at which the recorder was built.
    #[cfg_attr(
        not(feature = "axum"),
        expect(dead_code, reason = "only the routes use it")
    )]
    pub(crate) fn reset_at(&self) -> SystemTime {
        self.baseline.lock().taken_at()
    }
}

debug_fields!(Reader { prefix });

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{RecvTimeoutError, Sender, channel};

    use super::*;

    /// Tells of each upkeep.
    struct Kept(Sender<()>);

    impl Source for Kept {
        fn text(&self, _: Escaping) -> String {
            String::new()
        }

        fn openmetrics(&self, _: Escaping) -> String {
            "# EOF\n".to_owned()
        }

        fn snapshot(&self) -> Snapshot {
            Snapshot::empty()
        }

        fn upkeep(&self) {
            // Fails if the test has ended.
            let _ = self.0.send(());
        }
    }

    #[test]
    fn the_source_is_kept_up_until_the_reader_is_dropped() {
        let (told, upkeep) = channel();
        let mut reader = Reader::new(String::new(), Catalog::new(), Kept(told));
        reader.start_upkeep(Duration::from_millis(1)).unwrap();
        let soon = Duration::from_secs(10);
        assert_eq!(upkeep.recv_timeout(soon), Ok(()));
        assert_eq!(upkeep.recv_timeout(soon), Ok(()));
        drop(reader);
        // The thread ends and drops the source.
        while upkeep.recv_timeout(soon) != Err(RecvTimeoutError::Disconnected) {}
    }
}
