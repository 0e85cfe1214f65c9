//! The recordings of one request, before and after its response head.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use http::{HeaderMap, response};

use super::config::{Protocol, Until};
use super::ending::Ending;
use super::grpc::{Code, Evidence, ending_of_call, is_rpc};
use super::outcome::{Outcome, Side};
use super::series::Series;
use crate::measure::{Instant, Recording};

/// The bytes read of one request body. They are recorded once the body is dropped and the response head is known,
/// because the head can exclude the request.
pub(crate) struct RequestBytes {
    series: Arc<Series>,
    bytes: AtomicU64,
    skipped: AtomicBool,
}

impl RequestBytes {
    pub(crate) fn set_skipped(&self, is_skipped: bool) {
        self.skipped.store(is_skipped, Ordering::Relaxed);
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
        // A series that is undecided still had no answer.
        let series = Arc::clone(&self.series).decide(Evidence::Failed);
        series.record_request_body(bytes);
    }
}

/// A request before its response head. It has no series if it is skipped or already recorded.
pub(crate) struct Pending {
    series: Option<Arc<Series>>,
}

impl Pending {
    #[expect(
        clippy::inline_always,
        reason = "a call costs as much as the gauge, 1 ns"
    )]
    #[inline(always)]
    pub(crate) fn begin(series: Option<Arc<Series>>) -> Self {
        if let Some(series) = &series {
            series.begin();
        }
        Self { series }
    }

    /// A counter for the bytes of the request body.
    pub(crate) fn count_request_bytes(&self) -> Option<Arc<RequestBytes>> {
        let series = self.series.as_ref();
        series
            .filter(|series| !is_rpc(&series.config))
            .map(|series| {
                Arc::new(RequestBytes {
                    series: Arc::clone(series),
                    bytes: AtomicU64::new(0),
                    skipped: AtomicBool::new(false),
                })
            })
    }

    /// Whether the response head is read for more than its status.
    #[inline]
    pub(crate) fn reads_head(&self) -> bool {
        let series = self.series.as_ref();
        series.is_some_and(|series| series.reads_head)
    }

    /// The ending that a response head has, and the duration if it ends here, else [`UNTIL_END`].
    #[cold]
    pub(crate) fn read_head(
        &self,
        parts: &http::response::Parts,
        started: Instant,
    ) -> (Ending, u64) {
        let ending = Ending::new(parts.status.as_u16());
        let Some(series) = &self.series else {
            return (ending, UNTIL_END);
        };
        series.on_head(parts);
        let config = &series.config;
        let nanos = match config.until {
            Until::Head => started.nanos(),
            Until::End => UNTIL_END,
        };
        let variant = config.response_labels.combination(parts);
        let ending = ending.with_variant(variant);
        let code = match config.protocol {
            Protocol::Grpc => Code::of_headers(&parts.headers),
            _ => None,
        };
        (code.map_or(ending, |code| code.added_to(ending)), nanos)
    }

    /// Decides the series of a gRPC call by the head of a server's answer. A client waits for the trailers, because some
    /// servers answer with a head and trailers to methods that they do not have.
    #[cold]
    pub(crate) fn decide(&mut self, head: &response::Parts) {
        let is_call = |series: &Arc<Series>| {
            series.config.protocol == Protocol::Grpc && series.config.side() == Side::Server
        };
        if let Some(shown) = self.series.take_if(|series| is_call(series)) {
            self.series = Some(decide(&shown, Evidence::of_head(head)));
        }
    }

    /// Whether this is a gRPC call whose status is still to come, in the trailers.
    pub(crate) fn awaits_trailers(&self, head: &response::Parts) -> bool {
        let is_call = |series: &Arc<Series>| series.config.protocol == Protocol::Grpc;
        self.series.as_ref().is_some_and(is_call)
            && Evidence::of_head(head) == Evidence::Exists
            && Code::of_headers(&head.headers).is_none()
    }

    /// Whether the response may exclude the request. A response from another service may not.
    pub(crate) fn allows_skip(&self) -> bool {
        let series = self.series.as_ref();
        series.is_some_and(|series| series.config.side() == Side::Server)
    }

    /// Continues as [`Sending`]. A skipped request is excluded from everything but the gauge.
    #[inline]
    pub(crate) fn on_head(&mut self, ending: Ending, head_nanos: u64, is_skipped: bool) -> Sending {
        Sending {
            series: self.series.take(),
            head_nanos,
            bytes: 0,
            ending,
            is_skipped,
        }
    }
}

impl Recording for Pending {
    type Outcome = Outcome;
    const DROPPED: Outcome = Outcome::Cancelled;

    #[inline]
    fn is_armed(&self) -> bool {
        self.series.is_some()
    }

    #[inline]
    fn record(&mut self, outcome: Outcome, started: Instant) {
        if let Some(series) = self.series.take() {
            end_without_head(series, started, outcome);
        }
    }
}

/// Adds the status of a call that ended without one, and decides its series.
#[cold]
#[inline(never)]
fn end_of_call(
    series: &Arc<Series>,
    ending: Ending,
    bytes: u64,
    outcome: Outcome,
) -> (Arc<Series>, Ending) {
    let (code, ending) = ending_of_call(series.config.side(), ending, outcome);
    let evidence = match bytes {
        0 => Evidence::of_code(Some(code)),
        _ => Evidence::Exists,
    };
    (decide(series, evidence), ending)
}

/// Continues a request under the series that its answer decides.
fn decide(shown: &Arc<Series>, evidence: Evidence) -> Arc<Series> {
    let series = Arc::clone(shown).decide(evidence);
    if !Arc::ptr_eq(&series, shown) {
        series.begin();
        shown.leave();
    }
    series
}

/// Not inlined and by value, for the reasons given at [`end`].
#[cold]
#[inline(never)]
fn end_without_head(mut series: Arc<Series>, started: Instant, outcome: Outcome) {
    let nanos = started.nanos();
    let mut ending = series.config.ending_without_head(outcome);
    if series.config.protocol == Protocol::Grpc {
        (series, ending) = end_of_call(&series, ending, 0, outcome);
    }
    series.end(ending, nanos, None, outcome);
    drop(series);
}

/// A request whose response body is being sent. It moves with the response, so it is kept small.
#[derive(Default)]
pub(crate) struct Sending {
    series: Option<Arc<Series>>,
    /// The duration if it ends at the response head, else [`UNTIL_END`].
    head_nanos: u64,
    bytes: u64,
    ending: Ending,
    is_skipped: bool,
}

/// Stands for no duration yet, in the eight bytes that an `Option` would double.
pub(crate) const UNTIL_END: u64 = u64::MAX;

impl Sending {
    #[inline]
    pub(crate) fn add_bytes(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    /// Reads the status of a call from the trailers.
    #[inline]
    pub(crate) fn on_trailers(&mut self, trailers: &HeaderMap) {
        if let Some(series) = &self.series
            && series.config.protocol == Protocol::Grpc
            && let Some(code) = Code::of_headers(trailers)
        {
            self.ending = code.added_to(self.ending);
        }
    }
}

impl Recording for Sending {
    type Outcome = Outcome;
    const DROPPED: Outcome = Outcome::BodyDropped;

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
                self.ending,
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
    series: Arc<Series>,
    started: Instant,
    head_nanos: u64,
    bytes: u64,
    ending: Ending,
    is_skipped: bool,
    outcome: Outcome,
) {
    let nanos = match head_nanos {
        UNTIL_END => started.nanos(),
        nanos => nanos,
    };
    let is_plain = outcome == Outcome::Complete && !is_skipped;
    if !is_plain || !series.end_plain(ending, nanos) {
        end_otherwise(series, nanos, bytes, ending, is_skipped, outcome);
    }
}

#[inline(never)]
fn end_otherwise(
    mut series: Arc<Series>,
    nanos: u64,
    bytes: u64,
    mut ending: Ending,
    is_skipped: bool,
    outcome: Outcome,
) {
    if is_skipped {
        return series.end_skipped(ending, nanos, bytes, outcome);
    }
    if series.config.protocol == Protocol::Grpc {
        (series, ending) = end_of_call(&series, ending, bytes, outcome);
    }
    series.end(ending, nanos, Some(bytes), outcome);
}
