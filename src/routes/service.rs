//! [`RoutesService`]: the routes as a tower service around an app without axum.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::Body as AxumBody;
use axum::routing::future::RouteFuture;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower::ServiceExt;
use tower::util::Oneshot;
use tower_service::Service;

use super::problem::{identified, no_such_route};
use super::route::{Route, finish};
use super::routes::Routes;
use crate::error::BoxError;
use crate::redact::Redacted;
use crate::request_id;

impl Routes {
    /// Wraps an app: the returned tower service responds to these routes and passes every other path to `app`.
    /// If both have a path, these routes respond: [remove](Routes::remove) those that the app has itself.
    ///
    /// The service polls `app` for readiness only for its own requests, so probes and scrapes succeed while `app` is busy.
    ///
    /// ```
    /// use http::{Request, Response};
    /// use hyper::body::Incoming;
    /// use tower::{ServiceBuilder, service_fn};
    /// use tower_vitals::{HttpMetricsLayer, Prometheus, Routes};
    ///
    /// let app = service_fn(|_: Request<Incoming>| async {
    ///     Ok::<_, std::convert::Infallible>(Response::new(String::from("hello")))
    /// });
    /// let service = ServiceBuilder::new()
    ///     .layer(HttpMetricsLayer::new())
    ///     .service(Routes::new().metrics(Prometheus::install()?).around(app));
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn around<A>(self, app: A) -> RoutesService<A> {
        let resolved = self.resolve_or_refuse();
        RoutesService {
            routes: resolved.routes.iter().cloned().collect(),
            // `with_state` builds the router's layers once; without it every call builds them.
            router: resolved.into_router::<()>().with_state(()),
            app,
        }
    }

    /// Returns a tower service that responds to these routes, and with 404 to every other path.
    #[must_use]
    pub fn into_service(self) -> RoutesService<NotFound> {
        self.around(NotFound)
    }
}

/// The service that [`Routes::around`] returns.
#[derive(Clone)]
pub struct RoutesService<A> {
    routes: Arc<[Route]>,
    router: Router,
    app: A,
}

impl<A> RoutesService<A> {
    inner_service_accessors!(app: A);
}

impl<A: fmt::Debug> fmt::Debug for RoutesService<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths = self.routes.iter().map(|route| &route.path);
        f.debug_struct("RoutesService")
            .field("paths", &Redacted(paths.collect::<Vec<_>>()))
            .field("app", &self.app)
            .finish_non_exhaustive()
    }
}

impl<A, B, C> Service<Request<B>> for RoutesService<A>
where
    A: Service<Request<B>, Response = Response<C>> + Clone,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    C: Body<Data = Bytes>,
    C::Error: Into<BoxError>,
{
    type Response = Response<RoutesBody<C>>;
    type Error = A::Error;
    type Future = RoutesFuture<Oneshot<A, Request<B>>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), A::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let path = request.uri().path();
        let is_ours = self.routes.iter().any(|route| route.matches(path));
        let state = if is_ours {
            State::Routes {
                future: self.router.call(request.map(AxumBody::new)),
            }
        } else {
            State::App {
                future: self.app.clone().oneshot(request),
            }
        };
        RoutesFuture { state }
    }
}

pin_project! {
    /// The future of [`RoutesService`].
    pub struct RoutesFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjected]
    enum State<F> {
        Routes { #[pin] future: RouteFuture<Infallible> },
        App { #[pin] future: F },
    }
}

impl<F, C, E> Future for RoutesFuture<F>
where
    F: Future<Output = Result<Response<C>, E>>,
{
    type Output = Result<Response<RoutesBody<C>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.project().state.project() {
            StateProjected::Routes { future } => match ready!(future.poll(cx)) {
                Ok(response) => Ok(response.map(|body| RoutesBody {
                    body: Either::Routes { body },
                })),
                Err(never) => match never {},
            },
            StateProjected::App { future } => ready!(future.poll(cx)).map(|response| {
                response.map(|body| RoutesBody {
                    body: Either::App { body },
                })
            }),
        })
    }
}

debug_fields!(RoutesFuture<F> {});

pin_project! {
    /// The response body of [`RoutesService`]: that of a route or of the app.
    #[derive(Debug)]
    pub struct RoutesBody<C> {
        #[pin]
        body: Either<C>,
    }
}

pin_project! {
    #[project = EitherProjected]
    #[derive(Debug)]
    enum Either<C> {
        Routes { #[pin] body: AxumBody },
        App { #[pin] body: C },
    }
}

impl<C> Body for RoutesBody<C>
where
    C: Body<Data = Bytes>,
    C::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.project().body.project() {
            EitherProjected::Routes { body } => body.poll_frame(cx).map_err(Into::into),
            EitherProjected::App { body } => body.poll_frame(cx).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            Either::Routes { body } => body.is_end_stream(),
            Either::App { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Either::Routes { body } => body.size_hint(),
            Either::App { body } => body.size_hint(),
        }
    }
}

/// The app of [`Routes::into_service`]: it responds to every request with 404.
#[derive(Debug, Clone, Copy, Default)]
pub struct NotFound;

impl<B> Service<Request<B>> for NotFound {
    type Response = Response<AxumBody>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let id = request_id::of(request.extensions());
        ready(Ok(identified(finish(no_such_route()), id)))
    }
}
