//! `Series`: the metric handles of one label set.

use std::sync::{Arc, OnceLock};

use metrics::{Counter, Gauge, Histogram, Key, Label, Recorder};
use parking_lot::Mutex;

use super::cache::Registration;
use super::cell_handles::CellHandles;
use super::config::{Config, Protocol};
use super::ending::Ending;
use super::ending_handles::EndingHandles;
use super::facade_handles::FacadeHandles;
use super::family_labels::{Of, labels};
use super::grpc::{Decide, Evidence};
use super::naming::Named;
use super::observe::{End, Observed, Observer};
use super::outcome::Outcome;
use super::series_rest::Rest;
use crate::recorder::METADATA;

/// The handles of one label set. The fields that every request reads stand together, because each cache line of each route
/// in use evicts another.
pub(crate) struct Series {
    pub(crate) config: Arc<Config>,
    handles: Handles,
    /// Whether the handles stay valid: they are not to be registered again.
    is_lasting: bool,
    /// Whether a complete response is recorded by its ending and duration alone.
    is_plain: bool,
    /// Whether the response head is read for more than its status.
    pub(crate) reads_head: bool,
    rest: Arc<Rest>,
}

enum Handles {
    Facade(FacadeHandles),
    /// Of a copy for one thread.
    Cells(CellHandles),
    /// Of one marked request.
    Target(Arc<Target>),
    Undecided(Undecided),
    /// Of one request that has an observer.
    Observed(Observed<Series>),
}

/// The series that a marked request is counted under.
pub(crate) struct Target(Mutex<(Arc<Series>, bool)>);

impl Target {
    fn series(&self) -> Arc<Series> {
        Arc::clone(&self.0.lock().0)
    }

    /// Counts the request under another series, unless it has ended.
    pub(crate) fn change(&self, series: Arc<Series>) {
        let (current, is_open) = &mut *self.0.lock();
        if *is_open {
            series.begin();
            current.leave();
            *current = series;
        }
    }

    /// The series that the request ends under.
    fn close(&self) -> Arc<Series> {
        let (series, is_open) = &mut *self.0.lock();
        *is_open = false;
        Arc::clone(series)
    }
}

/// The one call of a series whose endpoint its answer decides.
struct Undecided {
    /// Where it is in progress until then. Nothing else is recorded there.
    shown: Arc<Series>,
    decide: Box<dyn Decide<Series>>,
}

impl Series {
    /// Registers the series of an endpoint and an index from [`Config::label_index`].
    pub(crate) fn register(
        config: &Arc<Config>,
        endpoint: &Arc<str>,
        index: usize,
    ) -> Registration<Self> {
        let mut rest = Rest::new(endpoint, index);
        let in_progress = config.recorder.with(|recorder| {
            rest.is_registered = config.recorder.is_installed(recorder);
            rest.requests = config.recorder.requests(recorder).cloned();
            let named = config.naming.in_progress.as_ref();
            named.map(|named| {
                let key = key(named, labels(config, endpoint, index, Of::InProgress));
                recorder.register_gauge(&key, &METADATA)
            })
        });
        let is_registered = rest.is_registered;
        let series = Self {
            config: Arc::clone(config),
            handles: Handles::Facade(FacadeHandles::new(in_progress.unwrap_or(Gauge::noop()))),
            is_lasting: is_registered && config.reregister_after.is_none(),
            is_plain: is_registered
                && config.reregister_after.is_none()
                && config.protocol != Protocol::Grpc
                && !config.response_body_size,
            reads_head: config.reads.response,
            rest: Arc::new(rest),
        };
        if is_registered {
            Registration::Registered(series)
        } else {
            Registration::Detached(series)
        }
    }

    /// A series for requests that are not measured.
    pub(crate) fn unmeasured(config: &Arc<Config>) -> Arc<Self> {
        Arc::new(Self {
            config: Arc::clone(config),
            handles: Handles::Facade(FacadeHandles::new(Gauge::noop())),
            is_lasting: false,
            is_plain: false,
            reads_head: true,
            rest: Arc::new(Rest::new(&Arc::from(""), 0)),
        })
    }

    /// A series for one request that has an observer. `measured` is the series that counts it, if one does; else this one lends
    /// its fields.
    pub(crate) fn observed(
        &self,
        config: &Arc<Config>,
        measured: Option<Arc<Self>>,
        observer: Arc<dyn Observer>,
    ) -> Arc<Self> {
        Arc::new(Self {
            config: Arc::clone(config),
            handles: Handles::Observed(Observed::new(measured, observer)),
            is_lasting: false,
            is_plain: false,
            reads_head: true,
            rest: Arc::clone(&self.rest),
        })
    }

    /// Shows the response head to the observer, if there is one.
    pub(crate) fn on_head(&self, head: &http::response::Parts) {
        if let Handles::Observed(observed) = &self.handles {
            observed.observer.on_head(head);
        }
    }

    /// The endpoint that the request is counted under at this moment.
    pub(crate) fn endpoint(&self) -> Arc<str> {
        match &self.handles {
            Handles::Target(target) => target.series().endpoint(),
            _ => Arc::clone(&self.rest.endpoint),
        }
    }

    /// A series for one request, with the labels of this one.
    fn for_one(&self, handles: Handles) -> Self {
        Self {
            config: Arc::clone(&self.config),
            handles,
            is_lasting: false,
            is_plain: false,
            reads_head: self.reads_head,
            rest: Arc::new(Rest::new(&self.rest.endpoint, self.rest.index)),
        }
    }

    /// The same series for one thread. There is none before the first ending, because the cells of the crate's recorder
    /// include the duration, which is registered with it.
    pub(crate) fn thread_copy(&self) -> Option<Self> {
        let Handles::Facade(facade) = &self.handles else {
            return None;
        };
        let first = facade.first_ending().filter(|_| self.is_lasting)?;
        Some(Self {
            config: Arc::clone(&self.config),
            handles: match self.cells(first) {
                Some(cells) => Handles::Cells(cells),
                None => Handles::Facade(facade.clone()),
            },
            is_lasting: self.is_lasting,
            is_plain: self.is_plain,
            reads_head: self.reads_head,
            rest: Arc::clone(&self.rest),
        })
    }

    fn cells(&self, first: Ending) -> Option<CellHandles> {
        let requests = self.rest.requests.as_ref()?;
        let named = self.config.naming.in_progress.as_ref();
        let in_progress = named.map(|named| key(named, self.labels(Of::InProgress)));
        let cells = requests.request_cells(in_progress.as_ref(), &self.duration_key(first))?;
        let slot = requests.ending_slot(&cells, &self.requests_key(first)?)?;
        Some(CellHandles::new(cells, first, slot))
    }

    /// The slot of an ending in the cells. An ending that has a duration of its own has none.
    #[cold]
    fn cell_slot(&self, cells: &CellHandles, ending: Ending) -> Option<usize> {
        let requests = self.rest.requests.as_ref()?;
        let has_same_duration =
            self.duration_key(ending) == self.duration_key(cells.first_ending());
        let key = self.requests_key(ending).filter(|_| has_same_duration)?;
        requests.ending_slot(cells.cells(), &key)
    }

    /// A series that is `shown` in progress until the answer decides its endpoint.
    pub(crate) fn undecided(shown: &Arc<Self>, decide: Box<dyn Decide<Self>>) -> Self {
        let undecided = Undecided {
            shown: Arc::clone(shown),
            decide,
        };
        shown.for_one(Handles::Undecided(undecided))
    }

    /// The series that the answer decides, if it was undecided.
    pub(crate) fn decide(self: Arc<Self>, evidence: Evidence) -> Arc<Self> {
        if let Handles::Observed(observed) = &self.handles {
            if let Some(shown) = observed.measured() {
                let series = Arc::clone(&shown).decide(evidence);
                if !Arc::ptr_eq(&series, &shown) {
                    series.begin();
                    shown.leave();
                    observed.set_measured(series);
                }
            }
            return self;
        }
        let current = match &self.handles {
            Handles::Target(target) => target.series(),
            _ => self,
        };
        match &current.handles {
            Handles::Undecided(undecided) => undecided.decide.decide(evidence),
            _ => current,
        }
    }

    /// The series of one marked request, which is counted under `self` until a layer inside changes that.
    pub(crate) fn changeable(self: &Arc<Self>) -> (Arc<Self>, Arc<Target>) {
        let target = Arc::new(Target(Mutex::new((Arc::clone(self), true))));
        let series = self.for_one(Handles::Target(Arc::clone(&target)));
        (Arc::new(series), target)
    }

    fn labels(&self, of: Of) -> Vec<Label> {
        labels(&self.config, &self.rest.endpoint, self.rest.index, of)
    }

    fn requests_key(&self, ending: Ending) -> Option<Key> {
        let requests = self.config.naming.requests.as_ref();
        requests.map(|requests| key(requests, self.labels(Of::Requests(ending))))
    }

    fn duration_key(&self, ending: Ending) -> Key {
        let duration = &self.config.naming.duration;
        key(duration, self.labels(Of::Duration(ending)))
    }

    /// The index from [`Config::label_index`].
    pub(crate) fn index(&self) -> usize {
        self.rest.index
    }

    /// Lets the counters of some statuses begin at zero, so that Prometheus sees their first increase. Called with the
    /// first ending, because requests that a handler skips have none.
    fn register_zeros(&self, recorder: &dyn Recorder) {
        let others = self.config.response_labels.others();
        for ending in self.config.zero_endings() {
            if let Some(key) = self.requests_key(ending.with_variant(others)) {
                recorder.register_counter(&key, &METADATA).increment(0);
            }
        }
    }

    /// Called at the first use of the ending, because a recorder with an idle timeout may drop a series that is
    /// registered but not written to.
    #[cold]
    fn register_ending(&self, ending: Ending) -> Registration<EndingHandles> {
        self.register_with(|recorder| {
            if let Handles::Facade(facade) = &self.handles
                && facade.first_ending().is_none()
            {
                self.register_zeros(recorder);
            }
            let requests = self.requests_key(ending);
            let requests = requests.map(|key| recorder.register_counter(&key, &METADATA));
            EndingHandles {
                ending,
                requests: requests.unwrap_or(Counter::noop()),
                duration: recorder.register_histogram(&self.duration_key(ending), &METADATA),
            }
        })
    }

    /// A request may begin under a local recorder and end under none, so each registration finds out whether one is
    /// installed.
    fn register_with<T>(&self, register: impl FnOnce(&dyn Recorder) -> T) -> Registration<T> {
        let recorder_ref = &self.config.recorder;
        recorder_ref.with(|recorder| {
            if recorder_ref.is_installed(recorder) {
                Registration::Registered(register(recorder))
            } else {
                Registration::Detached(register(recorder))
            }
        })
    }

    /// A request is in progress.
    #[inline]
    pub(crate) fn begin(&self) {
        match &self.handles {
            Handles::Cells(cells) => cells.begin(),
            _ => self.begin_without_cells(),
        }
    }

    #[inline(never)]
    fn begin_without_cells(&self) {
        match &self.handles {
            Handles::Facade(facade) => facade.begin(),
            Handles::Cells(cells) => cells.begin(),
            Handles::Target(target) => target.series().begin(),
            Handles::Undecided(undecided) => undecided.shown.begin(),
            Handles::Observed(observed) => observed.measured().iter().for_each(|s| s.begin()),
        }
    }

    /// A request is no longer in progress, and not counted here.
    #[cold]
    pub(crate) fn leave(&self) {
        match &self.handles {
            Handles::Facade(facade) => facade.leave(),
            Handles::Cells(cells) => cells.leave(),
            Handles::Target(target) => target.close().leave(),
            Handles::Undecided(undecided) => undecided.shown.leave(),
            Handles::Observed(observed) => observed.measured().iter().for_each(|s| s.leave()),
        }
    }

    /// A request that its response excludes from the metrics has ended.
    #[cold]
    pub(crate) fn end_skipped(&self, ending: Ending, nanos: u64, bytes: u64, outcome: Outcome) {
        let Handles::Observed(observed) = &self.handles else {
            return self.leave();
        };
        let measured = observed.measured();
        let endpoint = measured.as_ref().map(|series| series.endpoint());
        self.leave();
        observed.observer.on_end(&End {
            ending,
            nanos,
            bytes: Some(bytes),
            outcome,
            endpoint: endpoint.as_deref(),
        });
    }

    /// Records the end of a complete response, in the way that most end. Returns whether it did.
    #[inline]
    pub(crate) fn end_plain(&self, ending: Ending, nanos: u64) -> bool {
        self.is_plain
            && match &self.handles {
                Handles::Cells(cells) => cells.end_first(ending, nanos),
                Handles::Facade(facade) => facade.end_first(ending, nanos),
                _ => false,
            }
    }

    /// Records the end of a request. `bytes` is the size of its response body, if it had one.
    pub(crate) fn end(&self, ending: Ending, nanos: u64, bytes: Option<u64>, outcome: Outcome) {
        if let Handles::Observed(observed) = &self.handles {
            return Self::end_observed(observed, ending, nanos, bytes, outcome);
        }
        let ending = match outcome {
            Outcome::Complete => ending,
            outcome => self.config.with_outcome(ending, outcome),
        };
        match &self.handles {
            Handles::Cells(cells) => {
                if !cells.end(ending, nanos, || self.cell_slot(cells, ending)) {
                    cells.leave();
                    self.count(ending, nanos);
                }
            }
            Handles::Facade(facade) => {
                facade.leave();
                self.with_live(|series| series.count(ending, nanos));
            }
            Handles::Target(target) => return target.close().end(ending, nanos, bytes, outcome),
            Handles::Undecided(undecided) => {
                undecided.shown.leave();
                let series = undecided.decide.decide(Evidence::Failed);
                series.begin();
                return series.end(ending, nanos, bytes, outcome);
            }
            Handles::Observed(_) => {}
        }
        if self.config.response_body_size
            && let Some(bytes) = bytes
        {
            self.with_live(|series| series.record_response_body(bytes));
        }
        if outcome != Outcome::Complete {
            self.count_aborted(outcome.reason());
        }
    }

    fn end_observed(
        observed: &Observed<Self>,
        ending: Ending,
        nanos: u64,
        bytes: Option<u64>,
        outcome: Outcome,
    ) {
        let endpoint = observed.measured().map(|series| {
            let endpoint = series.endpoint();
            let ending = match series.config.protocol {
                Protocol::Grpc => ending,
                _ => ending.without_code(),
            };
            series.end(ending, nanos, bytes, outcome);
            endpoint
        });
        observed.observer.on_end(&End {
            ending,
            nanos,
            bytes,
            outcome,
            endpoint: endpoint.as_deref(),
        });
    }

    fn count(&self, ending: Ending, nanos: u64) {
        let register = || self.register_ending(ending);
        let is_counted = match &self.handles {
            Handles::Facade(facade) => facade.count_first(ending, nanos, register),
            _ => false,
        };
        if !is_counted {
            self.rest.other_endings.count(ending, nanos, register);
        }
    }

    /// The handle is not cached, because this lookup is cheap compared with a request that ends early.
    #[cold]
    fn count_aborted(&self, reason: &'static str) {
        let naming = &self.config.naming;
        let Some(aborted) = &naming.aborted else {
            return;
        };
        let key = key(aborted, self.labels(Of::Aborted(reason)));
        self.config
            .recorder
            .with(|recorder| recorder.register_counter(&key, &METADATA).increment(1));
    }

    pub(crate) fn record_request_body(&self, bytes: u64) {
        let named = &self.config.naming.request_body_size;
        self.with_live(|series| series.record_size(&series.rest.request_body, named, bytes));
    }

    fn record_response_body(&self, bytes: u64) {
        let named = &self.config.naming.response_body_size;
        self.record_size(&self.rest.response_body, named, bytes);
    }

    fn record_size(&self, cell: &OnceLock<Histogram>, named: &Named, size: u64) {
        let size = size as f64;
        if let Some(histogram) = cell.get() {
            return histogram.record(size);
        }
        let key = key(named, self.labels(Of::BodySize));
        match self.register_with(|recorder| recorder.register_histogram(&key, &METADATA)) {
            Registration::Registered(histogram) => cell.get_or_init(|| histogram).record(size),
            Registration::Detached(histogram) => histogram.record(size),
        }
    }

    /// Runs `write` with handles that the recorder still knows: its own, or new ones with the same labels if its own
    /// are older than `reregister_after` or were registered without a recorder. The gauge is not for `write`, because it
    /// must be decremented where it was incremented; a new one would fall below zero.
    fn with_live(&self, write: impl FnOnce(&Self)) {
        let after = self.config.reregister_after;
        let is_young = || after.is_none_or(|after| self.rest.registered_at.elapsed() <= after);
        if self.is_lasting || self.rest.is_registered && is_young() {
            write(self);
        } else {
            write(&self.for_one(Handles::Facade(FacadeHandles::new(Gauge::noop()))));
        }
    }
}

fn key(named: &Named, labels: Vec<Label>) -> Key {
    Key::from_parts(named.name.clone(), labels)
}
