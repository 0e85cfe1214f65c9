//! `Case`: a service and the requests to it.

use std::convert::Infallible;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use tower::Service;

/// A case to measure. It runs the given number of requests repeatedly, on up to two threads at once.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) run: Box<dyn Fn(u32) + Sync>,
    /// Drains the recorded samples between rounds.
    pub(crate) drain: Box<dyn Fn()>,
}

pub(crate) fn case(name: &'static str, run: impl Fn(u32) + Sync + 'static) -> Case {
    Case {
        name,
        run: Box::new(run),
        drain: Box::new(|| {}),
    }
}

/// Sends the requests of `requests` in turn, through a clone of `service` each round.
pub(crate) fn serve<S, B, C>(
    service: S,
    requests: impl Fn(u32) -> Request<B> + Sync + 'static,
) -> impl Fn(u32) + Sync
where
    S: Service<Request<B>, Response = Response<C>, Error = Infallible> + Clone + Send + Sync,
    C: Body,
{
    move |count| {
        let mut service = service.clone();
        let mut cx = Context::from_waker(Waker::noop());
        for number in 0..count {
            let mut future = pin!(service.call(requests(number)));
            let Poll::Ready(Ok(response)) = future.as_mut().poll(&mut cx) else {
                unreachable!("every service here answers at once");
            };
            let mut body = pin!(black_box(response).into_body());
            while let Poll::Ready(Some(frame)) = body.as_mut().poll_frame(&mut cx) {
                black_box(frame.is_ok());
            }
        }
    }
}

/// A handler whose response is opaque to the optimizer. Otherwise the bare service would be optimized away. Each case has
/// its own handler (`CASE`), as each program has; a shared one would be called behind a layer where the bare service inlines
/// it.
pub(crate) async fn answer<const CASE: usize, B>(
    request: Request<B>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    black_box(request.uri());
    Ok(black_box(Response::new(Full::new(Bytes::from_static(
        b"hello",
    )))))
}

pub(crate) fn request<B: Default>() -> Request<B> {
    Request::new(B::default())
}
