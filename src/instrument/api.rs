//! `ExternalApi`: calls of other services by clients that are not tower's.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Histogram, Label, Recorder};

use super::observe::{Ended, Ends, Observe};
use crate::catalog::{EXTERNAL_API_DURATION, EXTERNAL_API_REQUESTS};
use crate::target::{Cell, Handle, Target};

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
/// // Where the client tells the status:
/// charges.record("201", Duration::from_millis(120));
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
    target: Target,
    /// `service` and `endpoint`.
    labels: [Label; 2],
    success: Cell<Counter>,
    error: Cell<Counter>,
    duration: Cell<Histogram>,
}

impl ExternalApi {
    /// Requests to this endpoint of this service. A path with identifiers in it would be a series each: name its template.
    pub fn endpoint(
        service: impl Into<Cow<'static, str>>,
        endpoint: impl Into<Cow<'static, str>>,
    ) -> Self {
        let labels = [
            Label::new("service", service.into()),
            Label::new("endpoint", endpoint.into()),
        ];
        Self::on(Target::default(), labels)
    }

    fn on(target: Target, labels: [Label; 2]) -> Self {
        let requests = |status| {
            Cell::new(
                &target,
                &EXTERNAL_API_REQUESTS,
                with_status(&labels, status),
            )
        };
        Self {
            inner: Arc::new(Inner {
                success: requests("success"),
                error: requests("error"),
                duration: Cell::new(&target, &EXTERNAL_API_DURATION, vec![labels[0].clone()]),
                labels,
                target,
            }),
        }
    }

    /// Records to this recorder. Defaults to the facade's.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        Self::on(Target::recorder(recorder), self.inner.labels.clone())
    }

    /// Records a request: `status` is the response's code, or `error` or `timeout` when none came.
    pub fn record(&self, status: &'static str, duration: Duration) {
        let labels = with_status(&self.inner.labels, status);
        let key = metrics::Key::from_parts(EXTERNAL_API_REQUESTS.name, labels);
        self.inner
            .target
            .with(|recorder| Counter::register(recorder, &key).increment(1));
        let seconds = duration.as_secs_f64();
        self.inner
            .duration
            .write(|duration| duration.record(seconds));
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

fn with_status(labels: &[Label; 2], status: &'static str) -> Vec<Label> {
    let [service, endpoint] = labels.clone();
    vec![service, endpoint, Label::new("status", status)]
}

impl Ends for Inner {
    fn end(&self, ended: Ended, nanos: u64) {
        let requests = match ended {
            Ended::Success => &self.success,
            Ended::Failure | Ended::Cancelled | Ended::Panic => &self.error,
        };
        requests.write(|requests| requests.increment(1));
        self.duration
            .write(|duration| duration.record(nanos as f64 / 1e9));
    }
}

impl fmt::Debug for ExternalApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExternalApi")
            .field(&self.inner.labels)
            .finish()
    }
}
