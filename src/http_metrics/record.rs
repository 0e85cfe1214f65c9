//! The recordings of one request, before and after its response head.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use http::{HeaderMap, response};

use super::config::{Protocol, Until};
use super::current_series::CurrentSeries;
use super::group::Active;
use super::grpc::{Code, Evidence, code_of, with_code};
use super::outcome::{Outcome, Side, Status};
use super::series::Series;
use crate::measure::{Instant, Recording};

/// The bytes read of one request body. They are recorded once the body is dropped and the response head is known,
/// because the head can exclude the request.
pub(crate) struct RequestBytes {
    series: Arc<Series>,
    /// The series that a layer inside changed it to.
    changed: OnceLock<Arc<Series>>,
    bytes: AtomicU64,
    skipped: AtomicBool,
}

impl RequestBytes {
    pub(crate) fn set_skipped(&self, is_skipped: bool) {
        self.skipped.store(is_skipped, Ordering::Relaxed);
    }

    pub(crate) fn set_series(&self, series: &Arc<Series>) {
        self.changed.get_or_init(|| Arc::clone(series));
    }

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
        let series = Arc::clone(self.changed.get().unwrap_or(&self.series));
        // A series that is undecided still had no answer.
        let series = series.decide(Evidence::Failed);
        series.with_live(|series| series.record_request_body(bytes));
    }
}

/// A request before its response head. It has no series if it is skipped or already recorded.
pub(crate) struct Pending {
    series: Option<Arc<Series>>,
    /// The series if a layer inside may change it.
    current: Option<Arc<CurrentSeries>>,
}

impl Pending {
    #[inline]
    pub(crate) fn begin(series: Option<Arc<Series>>, current: Option<Arc<CurrentSeries>>) -> Self {
        if let Some(series) = &series {
            series.in_progress.increment(1.0);
        }
        Self { series, current }
    }

    /// How layers inside find this one.
    #[inline]
    pub(crate) fn active(&self) -> Active {
        let series = self.series.as_ref();
        let group = series.and_then(|series| series.config.group.as_ref());
        group.map_or(Active::NONE, |group| {
            Active::new(group, self.current.is_some())
        })
    }

    /// Stops layers inside from changing the series.
    #[inline]
    fn settle(&mut self) {
        if let Some(current) = self.current.take() {
            self.series = current.take();
        }
    }

    /// A counter for the bytes of the request body.
    pub(crate) fn count_request_bytes(&self) -> Option<Arc<RequestBytes>> {
        self.series.as_ref().map(|series| {
            Arc::new(RequestBytes {
                series: Arc::clone(series),
                changed: OnceLock::new(),
                bytes: AtomicU64::new(0),
                skipped: AtomicBool::new(false),
            })
        })
    }

    /// Whether the duration ends at the response head.
    #[inline]
    pub(crate) fn ends_at_head(&self) -> bool {
        let series = self.series.as_ref();
        series.is_some_and(|series| series.config.until == Until::Head)
    }

    /// Whether the response may exclude the request. A response from another service may not.
    pub(crate) fn allows_skip(&self) -> bool {
        let series = self.series.as_ref();
        series.is_some_and(|series| series.config.side == Side::Server)
    }

    /// Continues as [`Sending`]. A skipped request is excluded from everything but the gauge.
    #[inline]
    pub(crate) fn on_head(
        &mut self,
        head: &response::Parts,
        head_nanos: u64,
        is_skipped: bool,
    ) -> Sending {
        self.settle();
        let (series, status) = match self.series.take() {
            Some(series) if series.config.protocol == Protocol::Grpc => {
                grpc_head(series, head, is_skipped)
            }
            series => (series, head.status.as_u16()),
        };
        Sending {
            series,
            head_nanos,
            bytes: 0,
            status,
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

    #[inline]
    fn record(&mut self, outcome: Outcome, started: Instant) {
        self.settle();
        if let Some(series) = self.series.take() {
            end_without_head(series, started, outcome);
        }
    }
}

/// Reads the status of a call from the head, where it is if there are no messages. A server's head also tells whether the
/// method exists; other servers answer with a head and trailers to methods that do not.
#[cold]
#[inline(never)]
fn grpc_head(
    mut series: Arc<Series>,
    head: &response::Parts,
    is_skipped: bool,
) -> (Option<Arc<Series>>, Status) {
    if series.config.side == Side::Server && !is_skipped {
        let shown = Arc::clone(&series);
        series = series.decide(Evidence::of_head(head));
        if !Arc::ptr_eq(&series, &shown) {
            series.in_progress.increment(1.0);
            shown.in_progress.decrement(1.0);
        }
    }
    let status = head.status.as_u16();
    let code = Code::of_headers(&head.headers);
    let status = code.map_or(status, |code| with_code(status, code));
    (Some(series), status)
}

/// Adds the status of a call that ended without one, and decides its series.
#[cold]
#[inline(never)]
fn grpc_end(
    series: Arc<Series>,
    status: Status,
    bytes: u64,
    outcome: Outcome,
) -> (Arc<Series>, Status) {
    let side = series.config.side;
    let code = code_of(status).unwrap_or_else(|| Code::of_end(side, status, outcome));
    let evidence = match bytes {
        0 => Evidence::of_code(Some(code)),
        _ => Evidence::Exists,
    };
    (series.decide(evidence), with_code(status, code))
}

/// Not inlined and by value, for the reasons given at [`end`].
#[cold]
#[inline(never)]
fn end_without_head(series: Arc<Series>, started: Instant, outcome: Outcome) {
    let nanos = started.nanos();
    series.in_progress.decrement(1.0);
    let mut series = series;
    let mut status = series.config.side.status_without_head(outcome);
    if series.config.protocol == Protocol::Grpc {
        (series, status) = grpc_end(series, status, 0, outcome);
    }
    series.with_live(|series| {
        series.count(status, nanos);
        series.count_aborted(match outcome {
            Outcome::Dropped => "cancelled",
            Outcome::Panic => "panic",
            _ => "service_error",
        });
    });
    drop(series);
}

/// A request whose response body is being sent. It moves with the response, so it is kept small.
#[derive(Default)]
pub(crate) struct Sending {
    series: Option<Arc<Series>>,
    /// The duration if it ends at the response head, else [`UNTIL_END`].
    head_nanos: u64,
    bytes: u64,
    status: Status,
    is_skipped: bool,
}

/// Stands for no duration yet, in the eight bytes that an `Option` would double.
pub(crate) const UNTIL_END: u64 = u64::MAX;

impl Sending {
    #[inline]
    pub(crate) fn add_bytes(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    pub(crate) fn series(&self) -> Option<&Arc<Series>> {
        self.series.as_ref()
    }

    /// Reads the status of a call from the trailers.
    #[inline]
    pub(crate) fn on_trailers(&mut self, trailers: &HeaderMap) {
        if let Some(series) = &self.series
            && series.config.protocol == Protocol::Grpc
            && let Some(code) = Code::of_headers(trailers)
        {
            self.status = with_code(self.status, code);
        }
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
    fn record(&mut self, outcome: Outcome, started: Instant) {
        if let Some(series) = self.series.take() {
            end(
                series,
                started,
                self.head_nanos,
                self.bytes,
                self.status,
                self.is_skipped,
                outcome,
            );
        }
    }
}

/// Not inlined, so that the guard's code stays small enough to be inlined itself. By value, because a pointer to the
/// recording would tie it to memory, where each move of the body around it waits for stores to land (13 ns a request).
#[inline(never)]
fn end(
    mut series: Arc<Series>,
    started: Instant,
    head_nanos: u64,
    bytes: u64,
    mut status: Status,
    is_skipped: bool,
    outcome: Outcome,
) {
    let nanos = match head_nanos {
        UNTIL_END => started.nanos(),
        nanos => nanos,
    };
    series.in_progress.decrement(1.0);
    if !is_skipped {
        if series.config.protocol == Protocol::Grpc {
            (series, status) = grpc_end(series, status, bytes, outcome);
        }
        series.with_live(|series| series.end(status, nanos, bytes, outcome));
    }
    drop(series);
}
