//! `ServiceCalls`: calls of any service, tower's or not.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use metrics::{Counter, Histogram, Recorder};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::observe::{Ended, Ends, Observe, Timed};
use crate::catalog::{SERVICE_CALL_DURATION, SERVICE_CALLS};
use crate::recorder::{LazyHandle, RecorderRef};

/// Calls of a service: `service_calls_total{service_name, status}` and `service_call_duration_seconds{service_name}`.
///
/// `status` is `success`, `failure`, `cancelled` or `panic`. It is a tower layer, too, around any service whatever it
/// takes and gives; a clone is the same instrument.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use tower::{Service, ServiceBuilder, service_fn};
/// use tower_vitals::instrument::ServiceCalls;
///
/// let billing = ServiceCalls::to("billing");
/// let charged: Result<u32, String> = billing.observe(async { Ok(42) }).await;
///
/// let mut service = ServiceBuilder::new()
///     .layer(billing)
///     .service(service_fn(|cents: u32| async move { Ok::<_, String>(cents) }));
/// let charged = service.call(42).await;
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct ServiceCalls {
    inner: Arc<Inner>,
}

struct Inner {
    service: Cow<'static, str>,
    /// By [`Ended`], in its order.
    calls: [LazyHandle<Counter>; Ended::ALL.len()],
    duration: LazyHandle<Histogram>,
}

impl ServiceCalls {
    /// Calls to `service`: the label's value, one per instrument.
    pub fn to(service: impl Into<Cow<'static, str>>) -> Self {
        Self::on(&RecorderRef::default(), service.into())
    }

    fn on(recorder: &RecorderRef, service: Cow<'static, str>) -> Self {
        let calls = Ended::ALL.map(|ended| {
            let key = SERVICE_CALLS.key([service.clone().into(), ended.as_str().into()]);
            LazyHandle::new(recorder, key)
        });
        let duration = SERVICE_CALL_DURATION.key([service.clone().into()]);
        Self {
            inner: Arc::new(Inner {
                calls,
                duration: LazyHandle::new(recorder, duration),
                service,
            }),
        }
    }

    /// Records to this recorder. Defaults to the facade's.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        Self::on(&RecorderRef::new(recorder), self.inner.service.clone())
    }

    /// Records how `call` ends, and how long it took.
    pub fn observe<F, T, E>(&self, call: F) -> Observe<'_, F>
    where
        F: Future<Output = Result<T, E>>,
    {
        Observe::begin(&*self.inner, call)
    }

    /// Records a call that was measured elsewhere.
    pub fn record(&self, is_success: bool, duration: Duration) {
        let ended = if is_success {
            Ended::Success
        } else {
            Ended::Failure
        };
        self.inner.end(
            ended,
            u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX),
        );
    }
}

impl Ends for Inner {
    fn end(&self, ended: Ended, nanos: u64) {
        self.calls[ended as usize].record(|calls| calls.increment(1));
        self.duration
            .record(|duration| duration.record(nanos as f64 / 1e9));
    }
}

impl fmt::Debug for ServiceCalls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServiceCalls")
            .field(&self.inner.service)
            .finish()
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

/// The service that [`ServiceCalls`] makes as a layer.
#[derive(Debug, Clone)]
pub struct ServiceCallsService<S> {
    inner: S,
    calls: ServiceCalls,
}

impl<S: Service<R>, R> Service<R> for ServiceCallsService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = CallFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let calls = Arc::clone(&self.calls.inner);
        CallFuture {
            timed: Timed::begin(calls, || self.inner.call(request)),
        }
    }
}

pin_project! {
    /// The future of [`ServiceCallsService`].
    pub struct CallFuture<F> {
        #[pin]
        timed: Timed<F, Arc<Inner>>,
    }
}

impl<F, T, E> Future for CallFuture<F>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().timed.poll(cx)
    }
}

impl<F> fmt::Debug for CallFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallFuture").finish_non_exhaustive()
    }
}
