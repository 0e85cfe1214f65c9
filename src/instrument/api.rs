//! `ExternalApi`: calls of other services by clients that are not tower's.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::StatusCode;
use metrics::{Counter, Histogram, Recorder};

use super::observe::{Ended, Ends, Observe};
use crate::catalog::{EXTERNAL_API_DURATION, EXTERNAL_API_REQUESTS};
use crate::recorder::{LazyHandle, RecorderRef};

type Name = Cow<'static, str>;

/// Requests to one endpoint of another service: `external_api_requests_total{service, endpoint, status}` and
/// `external_api_duration_seconds{service}`, as [`ClientMetricsLayer`](crate::ClientMetricsLayer) records them around a
/// tower client.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use std::time::Duration;
/// use tower_vitals::instrument::ExternalApi;
///
/// let charges = ExternalApi::endpoint("stripe", "/v1/charges");
/// // Where the client tells the status, or that none came:
/// charges.record(http::StatusCode::CREATED, Duration::from_millis(120));
/// charges.record_timeout(Duration::from_secs(10));
/// // Where it tells only whether it worked: `success`, or `error`.
/// let charge: Result<(), String> = charges.observe(async { Ok(()) }).await;
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct ExternalApi {
    inner: Arc<Inner>,
}

struct Inner {
    recorder: RecorderRef,
    service: Name,
    endpoint: Name,
    success: LazyHandle<Counter>,
    error: LazyHandle<Counter>,
    timeout: LazyHandle<Counter>,
    /// By the response's code, of which there are no more than 900.
    codes: RwLock<HashMap<StatusCode, Arc<LazyHandle<Counter>>>>,
    duration: LazyHandle<Histogram>,
}

impl ExternalApi {
    /// Requests to this endpoint of this service. A path with identifiers in it would be a series each: name its template.
    pub fn endpoint(
        service: impl Into<Cow<'static, str>>,
        endpoint: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::on(RecorderRef::default(), service.into(), endpoint.into())
    }

    fn on(recorder: RecorderRef, service: Name, endpoint: Name) -> Self {
        let requests = |status| requests(&recorder, &service, &endpoint, Cow::Borrowed(status));
        let duration = EXTERNAL_API_DURATION.key([service.clone().into()]);
        Self {
            inner: Arc::new(Inner {
                success: requests("success"),
                error: requests("error"),
                timeout: requests("timeout"),
                codes: RwLock::default(),
                duration: LazyHandle::new(&recorder, duration),
                service,
                endpoint,
                recorder,
            }),
        }
    }

    /// Records to this recorder. Defaults to the facade's.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        let (service, endpoint) = (self.inner.service.clone(), self.inner.endpoint.clone());
        Self::on(RecorderRef::new(recorder), service, endpoint)
    }

    /// Records a request that was answered with this status.
    pub fn record(&self, status: StatusCode, duration: Duration) {
        self.inner
            .of(status)
            .record(|requests| requests.increment(1));
        self.inner.record_duration(duration);
    }

    /// Records a request that no response came to: `error`.
    pub fn record_error(&self, duration: Duration) {
        self.inner.error.record(|requests| requests.increment(1));
        self.inner.record_duration(duration);
    }

    /// Records a request that no response came to in time: `timeout`.
    pub fn record_timeout(&self, duration: Duration) {
        self.inner.timeout.record(|requests| requests.increment(1));
        self.inner.record_duration(duration);
    }

    /// Records whether `request` ends with a response, and how long it took: `success`, or `error` for an `Err`, a panic
    /// and a request that was dropped.
    pub fn observe<F, T, E>(&self, request: F) -> Observe<'_, F>
    where
        F: Future<Output = Result<T, E>>,
    {
        Observe::begin(&*self.inner, request)
    }
}

fn requests(
    recorder: &RecorderRef,
    service: &Name,
    endpoint: &Name,
    status: Name,
) -> LazyHandle<Counter> {
    let values = [service, endpoint, &status].map(|value| value.clone().into());
    LazyHandle::new(recorder, EXTERNAL_API_REQUESTS.key(values))
}

impl Inner {
    fn of(&self, status: StatusCode) -> Arc<LazyHandle<Counter>> {
        {
            let codes = self.codes.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(requests) = codes.get(&status) {
                return Arc::clone(requests);
            }
        }
        let mut codes = self.codes.write().unwrap_or_else(PoisonError::into_inner);
        let text = status.as_str().to_owned();
        let new = || {
            let requests = requests(&self.recorder, &self.service, &self.endpoint, text.into());
            Arc::new(requests)
        };
        Arc::clone(codes.entry(status).or_insert_with(new))
    }

    fn record_duration(&self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        self.duration.record(|duration| duration.record(seconds));
    }
}

impl Ends for Inner {
    fn end(&self, ended: Ended, nanos: u64) {
        let requests = match ended {
            Ended::Success => &self.success,
            Ended::Failure | Ended::Cancelled | Ended::Panic => &self.error,
        };
        requests.record(|requests| requests.increment(1));
        self.duration
            .record(|duration| duration.record(nanos as f64 / 1e9));
    }
}

impl fmt::Debug for ExternalApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExternalApi")
            .field(&self.inner.service)
            .field(&self.inner.endpoint)
            .finish()
    }
}
