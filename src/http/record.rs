//! What one request records, exactly once, when its guard finishes or is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::layer::Until;
use super::outcome::{Outcome, Status};
use super::series::Series;
use crate::measure::Recording;

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
        self.series
            .current(|series| series.record_request_body(bytes));
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
