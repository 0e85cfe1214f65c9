//! `ServiceCalls`: calls to a service, tower's or any other.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use metrics::{Counter, Histogram, SharedString};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::observe::{Observe, Observed, Observer, Outcome};
use crate::catalog::{SERVICE_CALL_DURATION, SERVICE_CALLS};
use crate::recorder::{LazyHandle, RecorderRef, Zeros};

/// Calls to a service: `service_calls_total{service_name, status}` and `service_call_duration_seconds{service_name}`.
///
/// `status` is `success`, `failure`, `cancelled` or `panic`. The instrument is also a tower layer for services of any request
/// and response. Clones record the same series.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use tower::{Service, ServiceBuilder, service_fn};
/// use tower_vitals::instrument::ServiceCalls;
///
/// let billing = ServiceCalls::new("billing");
/// let charged: Result<u32, String> = billing.observe(async { Ok(42) }).await;
///
/// let mut service = ServiceBuilder::new()
///     .layer(billing)
///     .service(service_fn(|cents: u32| async move { Ok::<_, String>(cents) }));
/// let charged = service.call(42).await;
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct ServiceCalls {
    handles: Arc<Handles>,
}

#[derive(Debug)]
struct Handles {
    /// Indexed by [`Outcome`].
    calls: [LazyHandle<Counter>; Outcome::ALL.len()],
    duration: LazyHandle<Histogram>,
}

impl Handles {
    fn with_recorder(&self, recorder: &RecorderRef) -> Self {
        let calls = self.calls.each_ref();
        Self {
            calls: calls.map(|calls| calls.with_recorder(recorder)),
            duration: self.duration.with_recorder(recorder),
        }
    }
}

impl ServiceCalls {
    /// Creates an instrument for calls to `service`.
    pub fn new(service: impl Into<Cow<'static, str>>) -> Self {
        let service = SharedString::from(service.into());
        let mut zeros = Zeros::new(&RecorderRef::default());
        let handles = Handles {
            calls: Outcome::ALL.map(|outcome| {
                zeros.add(SERVICE_CALLS.key([service.clone(), outcome.as_str().into()]))
            }),
            duration: zeros.add(SERVICE_CALL_DURATION.key([service.clone()])),
        };
        zeros.announce();
        Self {
            handles: Arc::new(handles),
        }
    }

    recorder_setter!(handles: handles);

    /// Records the outcome and the duration of `call`.
    pub fn observe<F, T, E>(&self, call: F) -> Observe<'_, F>
    where
        F: Future<Output = Result<T, E>>,
    {
        Observe::new(&*self.handles, call)
    }

    /// Records a call that was measured elsewhere.
    pub fn record(&self, is_success: bool, duration: Duration) {
        let outcome = if is_success {
            Outcome::Success
        } else {
            Outcome::Failure
        };
        self.handles.ended(outcome, duration.as_secs_f64());
    }
}

impl Observer for Handles {
    fn ended(&self, outcome: Outcome, seconds: f64) {
        self.calls[outcome as usize].record(|counter| counter.increment(1));
        self.duration.record(|histogram| histogram.record(seconds));
    }
}

impl<S> Layer<S> for ServiceCalls {
    type Service = ServiceCallsService<S>;

    fn layer(&self, inner: S) -> ServiceCallsService<S> {
        ServiceCallsService {
            inner,
            calls: self.clone(),
        }
    }
}

/// The service of [`ServiceCalls`] as a layer.
#[derive(Debug, Clone)]
pub struct ServiceCallsService<S> {
    inner: S,
    calls: ServiceCalls,
}

impl<S> ServiceCallsService<S> {
    inner_service_accessors!(inner: S);
}

impl<S: Service<R>, R> Service<R> for ServiceCallsService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = ServiceCallsFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let handles = Arc::clone(&self.calls.handles);
        ServiceCallsFuture {
            observed: Observed::start(handles, || self.inner.call(request)),
        }
    }
}

pin_project! {
    /// The future of [`ServiceCallsService`].
    pub struct ServiceCallsFuture<F> {
        #[pin]
        observed: Observed<F, Arc<Handles>>,
    }
}

impl<F, T, E> Future for ServiceCallsFuture<F>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().observed.poll(cx)
    }
}

debug_fields!(ServiceCallsFuture<F> {});
