//! `ExternalApi`: calls to other services by clients that are not tower services.

use std::borrow::Cow;
use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use metrics::{Counter, Histogram, Key, SharedString};
use parking_lot::RwLock;

use super::observe::{Observe, Observer, Outcome};
use crate::catalog::{EXTERNAL_API_DURATION, EXTERNAL_API_REQUESTS};
use crate::recorder::{LazyHandle, RecorderRef, Zeros};

/// Requests to one endpoint of another service: `external_api_requests_total{service, endpoint, status}` and
/// `external_api_duration_seconds{service}`.
///
/// [`ClientMetricsLayer`](crate::ClientMetricsLayer) records the same families around a tower client.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use std::time::Duration;
/// use tower_vitals::instrument::ExternalApi;
///
/// let charges = ExternalApi::new("stripe", "/v1/charges");
/// // With a client that reports the status code:
/// charges.record(http::StatusCode::CREATED, Duration::from_millis(120));
/// charges.record_timeout(Duration::from_secs(10));
/// // With a client that reports only success or failure:
/// let charge: Result<(), String> = charges.observe(async { Ok(()) }).await;
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct ExternalApi {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    recorder: RecorderRef,
    service: SharedString,
    endpoint: SharedString,
    success: LazyHandle<Counter>,
    error: LazyHandle<Counter>,
    timeout: LazyHandle<Counter>,
    cancelled: LazyHandle<Counter>,
    /// At most 900 status codes exist.
    codes: RwLock<HashMap<StatusCode, Arc<LazyHandle<Counter>>>>,
    duration: LazyHandle<Histogram>,
}

impl ExternalApi {
    /// Creates an instrument for this endpoint of this service. Pass the template of a path, not a path with identifiers:
    /// each endpoint is a series.
    pub fn new(
        service: impl Into<Cow<'static, str>>,
        endpoint: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (service, endpoint) = (service.into().into(), endpoint.into().into());
        Self {
            inner: Arc::new(Inner::new(RecorderRef::default(), service, endpoint)),
        }
    }

    recorder_setter!(handles: inner);

    /// Makes the counters of these status codes exist at 0, so that `increase()` sees the first response with one of them.
    /// Defaults to none. `success`, `error`, `timeout` and `cancelled` always exist.
    ///
    /// ```
    /// use http::StatusCode;
    /// use tower_vitals::instrument::ExternalApi;
    ///
    /// let charges = ExternalApi::new("stripe", "/v1/charges")
    ///     .zero_statuses([StatusCode::INTERNAL_SERVER_ERROR, StatusCode::TOO_MANY_REQUESTS]);
    /// ```
    pub fn zero_statuses(self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        for status in statuses {
            self.inner.zero(status);
        }
        self
    }

    /// Records a request that received a response with this status code.
    pub fn record(&self, status: StatusCode, duration: Duration) {
        self.inner
            .record(&self.inner.requests(status), duration.as_secs_f64());
    }

    /// Records a request that failed without a response: `error`.
    pub fn record_error(&self, duration: Duration) {
        self.inner.record(&self.inner.error, duration.as_secs_f64());
    }

    /// Records a request that timed out: `timeout`.
    pub fn record_timeout(&self, duration: Duration) {
        self.inner
            .record(&self.inner.timeout, duration.as_secs_f64());
    }

    /// Records the outcome and the duration of `request`: `success` for `Ok`, `error` for `Err` and a panic, and `cancelled`
    /// for a dropped request.
    pub fn observe<F, T, E>(&self, request: F) -> Observe<'_, F>
    where
        F: Future<Output = Result<T, E>>,
    {
        Observe::new(&*self.inner, request)
    }
}

fn key(service: &SharedString, endpoint: &SharedString, status: SharedString) -> Key {
    EXTERNAL_API_REQUESTS.key([service.clone(), endpoint.clone(), status])
}

impl Inner {
    fn new(recorder: RecorderRef, service: SharedString, endpoint: SharedString) -> Self {
        let mut zeros = Zeros::new(&recorder);
        let mut requests =
            |status: &'static str| zeros.add(key(&service, &endpoint, status.into()));
        let inner = Self {
            success: requests("success"),
            error: requests("error"),
            timeout: requests("timeout"),
            cancelled: requests("cancelled"),
            codes: RwLock::default(),
            duration: zeros.add(EXTERNAL_API_DURATION.key([service.clone()])),
            service,
            endpoint,
            recorder,
        };
        zeros.announce();
        inner
    }

    fn with_recorder(&self, recorder: &RecorderRef) -> Self {
        let codes = self.codes.read();
        let codes = codes
            .iter()
            .map(|(status, requests)| (*status, Arc::new(requests.with_recorder(recorder))));
        Self {
            codes: RwLock::new(codes.collect()),
            ..Self::new(
                recorder.clone(),
                self.service.clone(),
                self.endpoint.clone(),
            )
        }
    }

    fn key_of(&self, status: StatusCode) -> Key {
        key(
            &self.service,
            &self.endpoint,
            status.as_str().to_owned().into(),
        )
    }

    fn zero(&self, status: StatusCode) {
        let requests = LazyHandle::zero(&self.recorder, self.key_of(status));
        self.codes.write().insert(status, Arc::new(requests));
    }

    fn requests(&self, status: StatusCode) -> Arc<LazyHandle<Counter>> {
        if let Some(requests) = self.codes.read().get(&status) {
            return Arc::clone(requests);
        }
        let new = || Arc::new(LazyHandle::new(&self.recorder, self.key_of(status)));
        Arc::clone(self.codes.write().entry(status).or_insert_with(new))
    }

    fn record(&self, requests: &LazyHandle<Counter>, seconds: f64) {
        requests.record(|counter| counter.increment(1));
        self.duration.record(|histogram| histogram.record(seconds));
    }
}

impl Observer for Inner {
    fn ended(&self, outcome: Outcome, seconds: f64) {
        let requests = match outcome {
            Outcome::Success => &self.success,
            Outcome::Failure | Outcome::Panic => &self.error,
            Outcome::Cancelled => &self.cancelled,
        };
        self.record(requests, seconds);
    }
}
