//! What one request records, exactly once, when its guard finishes or is dropped.

use std::borrow::Cow;
use std::slice;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, SharedString};

use super::handles::Made;
use super::labels::METHODS;
use super::layer::{Config, Until};
use super::naming::Named;
use crate::measure::{self, Instant, Recording};

static METADATA: Metadata<'static> =
    Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The response ran to its end.
    Complete,
    /// The guard was dropped: before the head, by whoever waited for it; after, with the body half read.
    Dropped,
    /// The inner service, its future or the body panicked.
    Panic,
    /// The inner service returned `Err`.
    ServiceError,
    /// The inner service returned `Err`, and the error says that time ran out.
    TimedOut,
    /// The body returned `Err`.
    BodyError,
}

/// A status that the counter of requests can show. The codes below 100 stand for what no HTTP status says.
type Status = u16;
const ERROR: Status = 0;
const TIMEOUT: Status = 1;

/// nginx's "client closed request", for a client that left before it was answered.
const CLIENT_CLOSED: Status = 499;
const INTERNAL_ERROR: Status = 500;

/// Whose requests a layer records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Server,
    Client,
}

impl Side {
    /// The status of a request that ended without a response head.
    fn status_without_head(self, outcome: Outcome) -> Status {
        match (self, outcome) {
            (Self::Server, Outcome::Dropped) => CLIENT_CLOSED,
            (Self::Server, _) => INTERNAL_ERROR,
            (Self::Client, Outcome::Dropped | Outcome::TimedOut) => TIMEOUT,
            (Self::Client, _) => ERROR,
        }
    }
}

/// The handles of one method and endpoint.
pub(crate) struct Series {
    config: Arc<Config>,
    /// Labels of the counter of requests, less its status.
    labels: Vec<Label>,
    /// Labels of the duration, less its status if it has one.
    duration_labels: Vec<Label>,
    registered: Instant,
    in_progress: Gauge,
    statuses: Statuses,
    request_body: OnceLock<Histogram>,
    response_body: OnceLock<Histogram>,
    /// Registered with a recorder that lasts, not made while there was none.
    lasting: bool,
}

/// Handles by status, in order of first use: nearly all requests find theirs in the first slot or two.
#[derive(Default)]
struct Statuses {
    slots: [OnceLock<StatusHandles>; 4],
    more: OnceLock<Box<Statuses>>,
}

struct StatusHandles {
    status: Status,
    requests: Counter,
    duration: Histogram,
}

impl Series {
    /// Registers the series of the place that [`Config::place`] numbered, at this endpoint.
    pub(crate) fn register(config: &Arc<Config>, endpoint: &Arc<str>, place: usize) -> Made<Self> {
        let (labels, duration_labels) = labels(config, endpoint, place);
        let mut series = Self::unregistered(config, labels, duration_labels);
        config.with_recorder(|recorder| {
            if let Some(in_progress) = &config.naming.in_progress {
                let key = key(in_progress, series.labels.clone());
                series.in_progress = recorder.register_gauge(&key, &METADATA);
            }
            series.lasting = config.is_lasting(recorder);
        });
        if series.lasting {
            Made::Lasting(series)
        } else {
            Made::Passing(series)
        }
    }

    fn unregistered(config: &Arc<Config>, labels: Vec<Label>, duration_labels: Vec<Label>) -> Self {
        Self {
            config: Arc::clone(config),
            labels,
            duration_labels,
            registered: measure::now(),
            in_progress: Gauge::noop(),
            statuses: Statuses::default(),
            request_body: OnceLock::new(),
            response_body: OnceLock::new(),
            lasting: false,
        }
    }

    #[inline]
    fn at(&self, status: Status) -> &StatusHandles {
        let mut statuses = &self.statuses;
        loop {
            for slot in &statuses.slots {
                let handles = slot.get_or_init(|| self.register_status(status));
                if handles.status == status {
                    return handles;
                }
            }
            statuses = statuses.more.get_or_init(Box::default);
        }
    }

    /// Registered when first needed, not with the series: a recorder with an idle timeout may drop a series that is
    /// registered but not written to.
    #[cold]
    fn register_status(&self, status: Status) -> StatusHandles {
        let naming = &self.config.naming;
        let label = Label::new(naming.status.clone(), status_text(status));
        let with_status = |labels: &[Label]| [labels, slice::from_ref(&label)].concat();
        let duration_labels = if naming.status_on_duration {
            with_status(&self.duration_labels)
        } else {
            self.duration_labels.clone()
        };
        self.config.with_recorder(|recorder| StatusHandles {
            status,
            requests: naming
                .requests
                .as_ref()
                .map_or_else(Counter::noop, |requests| {
                    let key = key(requests, with_status(&self.labels));
                    recorder.register_counter(&key, &METADATA)
                }),
            duration: recorder
                .register_histogram(&key(&naming.duration, duration_labels), &METADATA),
        })
    }

    #[inline]
    fn count(&self, status: Status, duration: Duration) {
        let handles = self.at(status);
        handles.requests.increment(1);
        handles.duration.record(duration.as_secs_f64());
    }

    /// A response's end.
    fn end(&self, status: Status, duration: Duration, bytes: u64, outcome: Outcome) {
        self.count(status, duration);
        if self.config.response_body_size {
            let named = &self.config.naming.response_body_size;
            self.record_size(&self.response_body, named, bytes);
        }
        match outcome {
            Outcome::Complete => {}
            Outcome::Panic => self.count_aborted("panic"),
            Outcome::Dropped => self.count_aborted("body_dropped"),
            _ => self.count_aborted("body_error"),
        }
    }

    /// Not cached: a request that ends early has cost more than this look-up.
    fn count_aborted(&self, reason: &'static str) {
        let naming = &self.config.naming;
        let Some(aborted) = &naming.aborted else {
            return;
        };
        let mut labels = self.labels.clone();
        labels.push(Label::new(naming.reason.clone(), reason));
        let key = key(aborted, labels);
        self.config
            .with_recorder(|recorder| recorder.register_counter(&key, &METADATA).increment(1));
    }

    fn record_size(&self, cell: &OnceLock<Histogram>, named: &Named, size: u64) {
        cell.get_or_init(|| {
            let key = key(named, self.labels.clone());
            self.config
                .with_recorder(|recorder| recorder.register_histogram(&key, &METADATA))
        })
        .record(size as f64);
    }

    /// Runs `write` with handles that the recorder still knows: this series' own, or, when they were registered longer
    /// ago than `reregister_after` or before any recorder was installed, new ones of the same labels.
    #[inline]
    fn current(&self, write: impl FnOnce(&Self)) {
        let stale = match self.config.reregister_after {
            Some(after) => measure::now().saturating_duration_since(self.registered) > after,
            None => false,
        };
        if self.lasting && !stale {
            write(self);
        } else {
            write(&self.again());
        }
    }

    /// The gauge is not among what is made again: it must fall where it rose, or a new one would go below zero.
    #[cold]
    fn again(&self) -> Self {
        let labels = (self.labels.clone(), self.duration_labels.clone());
        Self::unregistered(&self.config, labels.0, labels.1)
    }
}

fn key(named: &Named, labels: Vec<Label>) -> Key {
    Key::from_parts(named.name.clone(), labels)
}

fn labels(config: &Config, endpoint: &Arc<str>, place: usize) -> (Vec<Label>, Vec<Label>) {
    let naming = &config.naming;
    let endpoint = Label::new(
        naming.endpoint.clone(),
        SharedString::from_shared(Arc::clone(endpoint)),
    );
    if let Some(service) = &config.service {
        let service = Label::new("service", service.clone());
        return (vec![service.clone(), endpoint], vec![service]);
    }
    let method = Label::new(naming.method.clone(), METHODS[place % METHODS.len()]);
    let mut labels = vec![method, endpoint];
    labels.extend(config.extra_labels(place / METHODS.len()));
    (labels.clone(), labels)
}

fn status_text(status: Status) -> Cow<'static, str> {
    match status {
        ERROR => "error".into(),
        TIMEOUT => "timeout".into(),
        code => code.to_string().into(),
    }
}

/// Bytes read of one request's body: one observation, made when the body is dropped, and not before the response's head
/// said whether the request is left out.
pub(crate) struct RequestBytes {
    series: Arc<Series>,
    bytes: AtomicU64,
    skipped: AtomicBool,
}

impl RequestBytes {
    pub(crate) fn add(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for RequestBytes {
    fn drop(&mut self) {
        if *self.skipped.get_mut() {
            return;
        }
        let bytes = *self.bytes.get_mut();
        self.series.current(|series| {
            let named = &series.config.naming.request_body_size;
            series.record_size(&series.request_body, named, bytes);
        });
    }
}

/// A request until its response's head is there. Without a series it is one that is left out, or was recorded.
#[derive(Default)]
pub(crate) struct Pending {
    series: Option<Arc<Series>>,
    request_bytes: Option<Arc<RequestBytes>>,
}

impl Pending {
    #[inline]
    pub(crate) fn begin(series: Option<Arc<Series>>) -> Self {
        if let Some(series) = &series {
            series.in_progress.increment(1.0);
        }
        Self {
            series,
            request_bytes: None,
        }
    }

    pub(crate) fn count_request_bytes(&mut self) -> Option<Arc<RequestBytes>> {
        self.request_bytes = self.series.as_ref().map(|series| {
            Arc::new(RequestBytes {
                series: Arc::clone(series),
                bytes: AtomicU64::new(0),
                skipped: AtomicBool::new(false),
            })
        });
        self.request_bytes.clone()
    }

    /// Whether the duration is to end with the response's head.
    #[inline]
    pub(crate) fn ends_at_head(&self) -> bool {
        let series = self.series.as_ref();
        series.is_some_and(|series| series.config.until == Until::Head)
    }

    /// The head is there; `after` is given where the duration ends with it. A skipped request is left out of everything
    /// but the gauge.
    #[inline]
    pub(crate) fn head(
        &mut self,
        status: http::StatusCode,
        after: Option<Duration>,
        is_skipped: bool,
    ) -> Sending {
        if let Some(bytes) = self.request_bytes.take() {
            bytes.skipped.store(is_skipped, Ordering::Relaxed);
        }
        Sending {
            series: self.series.take(),
            head_nanos: after.map_or(UNTIL_END, nanos),
            bytes: 0,
            status: status.as_u16(),
            is_skipped,
        }
    }
}

impl Recording for Pending {
    type Outcome = Outcome;
    const DROPPED: Outcome = Outcome::Dropped;

    #[inline]
    fn is_armed(&self) -> bool {
        self.series.is_some()
    }

    fn record(&mut self, outcome: Outcome, elapsed: Duration) {
        let Some(series) = self.series.take() else {
            return;
        };
        series.in_progress.decrement(1.0);
        series.current(|series| {
            series.count(series.config.side.status_without_head(outcome), elapsed);
            series.count_aborted(match outcome {
                Outcome::Dropped => "cancelled",
                Outcome::Panic => "panic",
                _ => "service_error",
            });
        });
    }
}

/// A request whose response is on its way out. It is moved with the response, so it is kept small.
#[derive(Default)]
pub(crate) struct Sending {
    series: Option<Arc<Series>>,
    /// The time from the request to its response's head, where the duration ends with it; else [`UNTIL_END`].
    head_nanos: u64,
    bytes: u64,
    status: Status,
    is_skipped: bool,
}

const UNTIL_END: u64 = u64::MAX;

/// Good for 584 years.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(UNTIL_END)
}

impl Sending {
    #[inline]
    pub(crate) fn add_bytes(&mut self, bytes: u64) {
        self.bytes += bytes;
    }
}

impl Recording for Sending {
    type Outcome = Outcome;
    const DROPPED: Outcome = Outcome::Dropped;

    #[inline]
    fn is_armed(&self) -> bool {
        self.series.is_some()
    }

    #[inline]
    fn record(&mut self, outcome: Outcome, elapsed: Duration) {
        let Some(series) = self.series.take() else {
            return;
        };
        series.in_progress.decrement(1.0);
        if self.is_skipped {
            return;
        }
        let duration = match self.head_nanos {
            UNTIL_END => elapsed,
            nanos => Duration::from_nanos(nanos),
        };
        let (status, bytes) = (self.status, self.bytes);
        series.current(|series| series.end(status, duration, bytes, outcome));
    }
}
