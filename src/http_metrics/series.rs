//! `Series`: the metric handles of one label set.

use std::sync::{Arc, OnceLock};

use metrics::{Counter, Gauge, GaugeFn, Histogram, Key, Label, Recorder};

use parking_lot::Mutex;

use super::cache::Registration;
use super::config::Config;
use super::ending::Ending;
use super::family_labels::{Of, labels};
use super::grpc::{Decide, Evidence};
use super::naming::Named;
use super::outcome::Outcome;
use crate::measure::Instant;
use crate::recorder::METADATA;

/// The handles of one label set. The fields that every request reads fit into two cache lines, because each line of
/// each route in use evicts another. The alignment keeps the count of the `Arc`, which every thread writes, out of
/// these lines: two threads on one axum route serve a request in 418 ns with it and in 455 ns without.
#[repr(align(64))]
pub(crate) struct Series {
    pub(crate) config: Arc<Config>,
    pub(crate) in_progress: Gauge,
    /// The first recorded ending, which nearly all requests have.
    first_ending: OnceLock<EndingHandles>,
    /// Whether a recorder was installed at registration.
    is_registered: bool,
    rest: Box<Rest>,
}

/// The series that a marked request is counted under. As a gauge it is the gauge of that series.
pub(crate) struct Target(Mutex<(Arc<Series>, bool)>);

impl Target {
    fn new(series: Arc<Series>) -> Self {
        Self(Mutex::new((series, true)))
    }

    fn series(&self) -> Arc<Series> {
        Arc::clone(&self.0.lock().0)
    }

    /// Counts the request under another series, unless it has ended. It moves from gauge to gauge.
    pub(crate) fn change(&self, series: Arc<Series>) {
        let (current, is_open) = &mut *self.0.lock();
        if *is_open {
            series.in_progress.increment(1.0);
            current.in_progress.decrement(1.0);
            *current = series;
        }
    }
}

impl GaugeFn for Target {
    fn increment(&self, value: f64) {
        self.0.lock().0.in_progress.increment(value);
    }

    fn decrement(&self, value: f64) {
        let (series, is_open) = &mut *self.0.lock();
        *is_open = false;
        series.in_progress.decrement(value);
    }

    fn set(&self, value: f64) {
        self.0.lock().0.in_progress.set(value);
    }
}

/// The fields that few requests read.
struct Rest {
    endpoint: Arc<str>,
    /// The index of the labels among those of the endpoint.
    index: usize,
    /// Where the requests are counted, for the series of one request that layers inside may change.
    target: Option<Arc<Target>>,
    registered_at: Instant,
    other_endings: Endings,
    request_body: OnceLock<Histogram>,
    response_body: OnceLock<Histogram>,
    /// Set for the one call of a series whose endpoint its answer decides.
    undecided: Option<Box<dyn Decide<Series>>>,
}

/// Handles by ending, in the order of first use.
#[derive(Default)]
struct Endings {
    slots: [OnceLock<EndingHandles>; 4],
    more: OnceLock<Box<Endings>>,
}

struct EndingHandles {
    ending: Ending,
    requests: Counter,
    duration: Histogram,
}

impl EndingHandles {
    #[inline]
    fn count(&self, nanos: u64) {
        self.requests.increment(1);
        self.duration.record(nanos as f64 / 1e9);
    }
}

impl Series {
    /// Registers the series of an endpoint and an index from [`Config::label_index`].
    pub(crate) fn register(
        config: &Arc<Config>,
        endpoint: &Arc<str>,
        index: usize,
    ) -> Registration<Self> {
        let mut series = Self::unregistered(config, endpoint, index);
        config.recorder.with(|recorder| {
            if let Some(in_progress) = &config.naming.in_progress {
                let key = key(in_progress, series.labels(Of::InProgress));
                series.in_progress = recorder.register_gauge(&key, &METADATA);
            }
            series.is_registered = config.recorder.is_installed(recorder);
        });
        if series.is_registered {
            Registration::Registered(series)
        } else {
            Registration::Detached(series)
        }
    }

    fn unregistered(config: &Arc<Config>, endpoint: &Arc<str>, index: usize) -> Self {
        Self {
            config: Arc::clone(config),
            in_progress: Gauge::noop(),
            first_ending: OnceLock::new(),
            is_registered: false,
            rest: Box::new(Rest {
                endpoint: Arc::clone(endpoint),
                index,
                target: None,
                registered_at: Instant::now(),
                other_endings: Endings::default(),
                request_body: OnceLock::new(),
                response_body: OnceLock::new(),
                undecided: None,
            }),
        }
    }

    /// A series that is `shown` in progress until the answer decides its endpoint. Nothing else is recorded to it.
    pub(crate) fn undecided(shown: &Self, decide: Box<dyn Decide<Self>>) -> Self {
        let mut series = shown.reregister();
        series.in_progress = shown.in_progress.clone();
        series.rest.undecided = Some(decide);
        series
    }

    /// The series that the answer decides, if it was undecided.
    pub(crate) fn decide(self: Arc<Self>, evidence: Evidence) -> Arc<Self> {
        let current = match &self.rest.target {
            Some(target) => target.series(),
            None => self,
        };
        match &current.rest.undecided {
            Some(undecided) => undecided.decide(evidence),
            None => current,
        }
    }

    fn labels(&self, of: Of) -> Vec<Label> {
        labels(&self.config, &self.rest.endpoint, self.rest.index, of)
    }

    /// Lets the counters of some statuses begin at zero, so that Prometheus sees their first increase. Called with the
    /// first ending, because requests that a handler skips have none.
    fn register_zeros(&self, recorder: &dyn Recorder) {
        let Some(requests) = &self.config.naming.requests else {
            return;
        };
        let others = self.config.response_labels.others();
        for ending in self.config.zero_endings() {
            let ending = ending.with_variant(others);
            let key = key(requests, self.labels(Of::Requests(ending)));
            recorder.register_counter(&key, &METADATA).increment(0);
        }
    }

    /// Called at the first use of the ending, because a recorder with an idle timeout may drop a series that is
    /// registered but not written to.
    #[cold]
    fn register_ending(&self, ending: Ending) -> Registration<EndingHandles> {
        let naming = &self.config.naming;
        self.register_with(|recorder| {
            if self.first_ending.get().is_none() {
                self.register_zeros(recorder);
            }
            let requests = naming.requests.as_ref().map(|requests| {
                let key = key(requests, self.labels(Of::Requests(ending)));
                recorder.register_counter(&key, &METADATA)
            });
            let duration = key(&naming.duration, self.labels(Of::Duration(ending)));
            EndingHandles {
                ending,
                requests: requests.unwrap_or(Counter::noop()),
                duration: recorder.register_histogram(&duration, &METADATA),
            }
        })
    }

    /// The series of one marked request, which is counted under `self` until a layer inside changes that. It takes the
    /// path of unregistered series, so that the others do not pay for it.
    pub(crate) fn changeable(self: &Arc<Self>) -> (Arc<Self>, Arc<Target>) {
        let target = Arc::new(Target::new(Arc::clone(self)));
        let mut series = Self::unregistered(&self.config, &self.rest.endpoint, self.rest.index);
        series.in_progress = Gauge::from_arc(Arc::clone(&target));
        series.rest.target = Some(Arc::clone(&target));
        (Arc::new(series), target)
    }

    /// The index from [`Config::label_index`].
    pub(crate) fn index(&self) -> usize {
        self.rest.index
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

    #[inline]
    pub(crate) fn count(&self, ending: Ending, nanos: u64) {
        match self.first_ending.get() {
            Some(first) if first.ending == ending => first.count(nanos),
            _ => self.count_other_ending(ending, nanos),
        }
    }

    /// Counts an ending other than the first one. Not inlined, so that the common path stays small.
    #[cold]
    #[inline(never)]
    fn count_other_ending(&self, ending: Ending, nanos: u64) {
        if self.count_in(&self.first_ending, ending, nanos) {
            return;
        }
        let mut endings = &self.rest.other_endings;
        while !endings
            .slots
            .iter()
            .any(|slot| self.count_in(slot, ending, nanos))
        {
            endings = endings.more.get_or_init(Box::default);
        }
    }

    /// Counts in this slot if it is free or belongs to the ending. Returns whether it did.
    fn count_in(&self, slot: &OnceLock<EndingHandles>, ending: Ending, nanos: u64) -> bool {
        let handles = match slot.get() {
            Some(handles) => handles,
            None => match self.register_ending(ending) {
                Registration::Registered(handles) => slot.get_or_init(|| handles),
                Registration::Detached(handles) => {
                    handles.count(nanos);
                    return true;
                }
            },
        };
        let is_match = handles.ending == ending;
        if is_match {
            handles.count(nanos);
        }
        is_match
    }

    /// Records the end of a response.
    #[inline]
    pub(crate) fn end(&self, ending: Ending, nanos: u64, bytes: u64, outcome: Outcome) {
        let ending = match outcome {
            Outcome::Complete => ending,
            outcome => self.config.with_outcome(ending, outcome),
        };
        self.count(ending, nanos);
        if self.config.response_body_size {
            let named = &self.config.naming.response_body_size;
            self.record_size(&self.rest.response_body, named, bytes);
        }
        if outcome != Outcome::Complete {
            self.count_aborted(outcome.reason());
        }
    }

    /// The handle is not cached, because this lookup is cheap compared with a request that ends early.
    #[cold]
    pub(crate) fn count_aborted(&self, reason: &'static str) {
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
        self.record_size(&self.rest.request_body, named, bytes);
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
    /// are older than `reregister_after` or were registered without a recorder.
    #[inline]
    pub(crate) fn with_live(&self, write: impl Fn(&Self)) {
        if self.is_registered && self.config.reregister_after.is_none() {
            write(self);
        } else {
            self.with_live_or_new(write);
        }
    }

    #[cold]
    fn with_live_or_new(&self, write: impl Fn(&Self)) {
        if let Some(target) = &self.rest.target {
            return target.series().with_live_or_new(write);
        }
        let after = self.config.reregister_after;
        if self.is_registered
            && after.is_none_or(|after| self.rest.registered_at.elapsed() <= after)
        {
            write(self);
        } else {
            write(&self.reregister());
        }
    }

    /// Excludes the gauge, which must be decremented where it was incremented; a new one would fall below zero.
    fn reregister(&self) -> Self {
        Self::unregistered(&self.config, &self.rest.endpoint, self.rest.index)
    }
}

fn key(named: &Named, labels: Vec<Label>) -> Key {
    Key::from_parts(named.name.clone(), labels)
}
