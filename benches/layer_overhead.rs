//! The cost of the layer: `cargo bench --bench layer_overhead`.
//!
//! Measures a service alone, behind a layer that does nothing, behind a layer that only wraps the body, and behind ours. The
//! floor is the cost of the same records without a layer: two clock reads and prebuilt handles of the stock exporter. All
//! cases take turns in one run, so that a noisy machine disturbs them equally. Figures are medians of many short rounds, in
//! nanoseconds per request; every response is read to its end.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its table"
)]

use std::convert::Infallible;
use std::future::Future;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tower::layer::layer_fn;
use tower::{Layer, Service, service_fn};
use tower_vitals::http_metrics::HttpMetricsBuilder;
use tower_vitals::{HttpMetricsLayer, Prometheus};

/// Requests in one round of one case. Short rounds let cases take turns often.
const ROUND: u32 = 20_000;
const ROUNDS: usize = 41;

/// A case to measure. It runs the given number of requests repeatedly, on up to two threads at once.
struct Case {
    name: &'static str,
    run: Box<dyn Fn(u32) + Sync>,
    /// Drains the recorded samples between rounds.
    drain: Box<dyn Fn()>,
}

fn case(name: &'static str, run: impl Fn(u32) + Sync + 'static) -> Case {
    Case {
        name,
        run: Box::new(run),
        drain: Box::new(|| {}),
    }
}

/// Sends the requests of `requests` in turn, through a clone of `service` each round.
fn serve<S, B, C>(
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
async fn answer<const CASE: usize, B>(
    request: Request<B>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    black_box(request.uri());
    Ok(black_box(Response::new(Full::new(Bytes::from_static(
        b"hello",
    )))))
}

fn request<B: Default>() -> Request<B> {
    Request::new(B::default())
}

/// Prebuilt handles of the stock exporter, and the records of one request.
#[derive(Clone)]
struct Floor {
    requests: Counter,
    in_progress: Gauge,
    duration: Histogram,
}

impl Floor {
    fn new() -> (Self, PrometheusHandle) {
        let recorder = PrometheusBuilder::new()
            .set_buckets(tower_vitals::catalog::DURATION_BUCKETS)
            .unwrap()
            .build_recorder();
        let labels = vec![Label::new("method", "GET"), Label::new("endpoint", "/")];
        let key = |name: &'static str| Key::from_parts(name, labels.clone());
        let metadata = Metadata::new("bench", Level::INFO, None);
        let floor = Self {
            requests: recorder.register_counter(&key("requests_total"), &metadata),
            in_progress: recorder.register_gauge(&key("in_progress"), &metadata),
            duration: recorder.register_histogram(&key("duration_seconds"), &metadata),
        };
        (floor, recorder.handle())
    }

    fn record(&self) {
        let started = quanta::Instant::now();
        self.in_progress.increment(1.0);
        self.end(black_box(started));
    }

    fn end(&self, started: quanta::Instant) {
        let elapsed = quanta::Instant::now().duration_since(started);
        self.requests.increment(1);
        self.duration.record(elapsed.as_secs_f64());
        self.in_progress.decrement(1.0);
    }
}

fn ours() -> (HttpMetricsBuilder, Prometheus) {
    let prometheus = Prometheus::builder()
        .daily_totals_interval(Duration::from_hours(1))
        .build()
        .unwrap();
    (
        HttpMetricsLayer::builder().recorder(prometheus.clone()),
        prometheus,
    )
}

/// A service that passes everything through: the cost of any layer.
#[derive(Clone)]
struct Noop<S>(S);

impl<S: Service<R>, R> Service<R> for Noop<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.0.call(request)
    }
}

/// A service that wraps the body, so that axum boxes it once more.
#[derive(Clone)]
struct Wrap<S>(S);

impl<S, B, C> Service<Request<B>> for Wrap<S>
where
    S: Service<Request<B>, Response = Response<C>>,
{
    type Response = Response<Wrapped<C>>;
    type Error = S::Error;
    type Future = futures_util::future::MapOk<S::Future, fn(Response<C>) -> Response<Wrapped<C>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        use futures_util::TryFutureExt;
        self.0
            .call(request)
            .map_ok(|response| response.map(|inner| Wrapped { inner }))
    }
}

pin_project_lite::pin_project! {
    struct Wrapped<C> { #[pin] inner: C }
}

impl<C: Body> Body for Wrapped<C> {
    type Data = C::Data;
    type Error = C::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<C::Data>, C::Error>>> {
        self.project().inner.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The least a layer can do: the floor's records around each request, with prebuilt handles. It looks up no route and
/// distinguishes no method, status or abort reason.
#[derive(Clone)]
struct Least<S> {
    inner: S,
    floor: &'static Floor,
}

/// Records once, at the end of the body or when it is dropped.
struct LeastGuard {
    floor: Option<&'static Floor>,
    started: quanta::Instant,
}

impl LeastGuard {
    #[inline]
    fn end(&mut self) {
        if let Some(floor) = self.floor.take() {
            end(floor, self.started);
        }
    }
}

#[inline(never)]
fn end(floor: &Floor, started: quanta::Instant) {
    floor.end(started);
}

impl Drop for LeastGuard {
    #[inline]
    fn drop(&mut self) {
        self.end();
    }
}

pin_project_lite::pin_project! {
    struct LeastFuture<F> { #[pin] inner: F, guard: LeastGuard }
}

pin_project_lite::pin_project! {
    struct LeastBody<C> { #[pin] inner: C, guard: LeastGuard }
}

impl<S, B, C> Service<Request<B>> for Least<S>
where
    S: Service<Request<B>, Response = Response<C>>,
{
    type Response = Response<LeastBody<C>>;
    type Error = S::Error;
    type Future = LeastFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let started = quanta::Instant::now();
        self.floor.in_progress.increment(1.0);
        LeastFuture {
            inner: self.inner.call(request),
            guard: LeastGuard {
                floor: Some(self.floor),
                started,
            },
        }
    }
}

impl<F, C, E> Future for LeastFuture<F>
where
    F: Future<Output = Result<Response<C>, E>>,
{
    type Output = Result<Response<LeastBody<C>>, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.inner.poll(cx).map_ok(|response| {
            let (parts, inner) = response.into_parts();
            let guard = LeastGuard {
                floor: this.guard.floor.take(),
                started: this.guard.started,
            };
            Response::from_parts(parts, LeastBody { inner, guard })
        })
    }
}

impl<C: Body> Body for LeastBody<C> {
    type Data = C::Data;
    type Error = C::Error;

    #[inline]
    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<C::Data>, C::Error>>> {
        let this = self.project();
        let polled = this.inner.poll_frame(cx);
        if matches!(polled, Poll::Ready(None)) {
            this.guard.end();
        }
        polled
    }

    #[inline]
    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    #[inline]
    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The floor's handles for a [`Least`] layer, and the function that drains them.
fn least() -> (&'static Floor, Box<dyn Fn()>) {
    let (floor, handle) = Floor::new();
    let drain = Box::new(move || handle.run_upkeep());
    (Box::leak(Box::new(floor)), drain)
}

/// 100 endpoints, named by the request's path.
fn paths() -> &'static [&'static str] {
    (0..100)
        .map(|number| &*format!("/route/{number}").leak())
        .collect::<Vec<_>>()
        .leak()
}

fn service_fn_cases() -> Vec<Case> {
    let (floor, handle) = Floor::new();
    let floor = Case {
        drain: Box::new(move || handle.run_upkeep()),
        ..case("floor", move |count| {
            for _ in 0..count {
                floor.record();
            }
        })
    };
    let (handles, drain) = least();
    let service = Least {
        inner: service_fn(answer::<9, ()>),
        floor: handles,
    };
    let least = Case {
        drain,
        ..case("floor as a layer", serve(service, |_| request()))
    };
    let (builder, prometheus) = ours();
    let layer = builder.build().unwrap();
    let ours_plain = Case {
        drain: Box::new(move || drop(prometheus.render())),
        ..case(
            "ours",
            serve(layer.layer(service_fn(answer::<1, ()>)), |_| request()),
        )
    };
    let (builder, prometheus) = ours();
    let one = builder.endpoint(|_| Some("/")).build().unwrap();
    let ours_named = Case {
        drain: Box::new(move || drop(prometheus.render())),
        ..case(
            "ours, endpoint by function",
            serve(one.layer(service_fn(answer::<2, ()>)), |_| request()),
        )
    };
    let routes = paths();
    let numbered = move |number: u32| {
        let mut request = request::<()>();
        *request.version_mut() = http::Version::HTTP_11;
        request
            .extensions_mut()
            .insert(routes[number as usize % routes.len()]);
        request
    };
    let by_extension =
        |parts: &http::request::Parts| parts.extensions.get::<&'static str>().copied();
    let bare_100 = case(
        "bare, extension set",
        serve(service_fn(answer::<3, ()>), numbered),
    );
    let (builder, prometheus) = ours();
    let layer = builder.endpoint(by_extension).build().unwrap();
    let ours_1 = Case {
        drain: Box::new(move || drop(prometheus.render())),
        ..case(
            "ours, 1 route by extension",
            serve(layer.layer(service_fn(answer::<4, ()>)), move |_| {
                numbered(7)
            }),
        )
    };
    let (builder, prometheus) = ours();
    let layer = builder.endpoint(by_extension).build().unwrap();
    let ours_100 = Case {
        drain: Box::new(move || drop(prometheus.render())),
        ..case(
            "ours, 100 routes by extension",
            serve(layer.layer(service_fn(answer::<5, ()>)), numbered),
        )
    };
    vec![
        case("bare", serve(service_fn(answer::<6, ()>), |_| request())),
        case(
            "no-op layer",
            serve(Noop(service_fn(answer::<7, ()>)), |_| request()),
        ),
        case(
            "body wrapped",
            serve(Wrap(service_fn(answer::<8, ()>)), |_| request()),
        ),
        floor,
        ours_plain,
        ours_named,
        bare_100,
        ours_1,
        ours_100,
        least,
    ]
}

fn axum_cases() -> Vec<Case> {
    let hundred = || {
        paths().iter().fold(Router::new(), |router, path| {
            router.route(path, get(|| async { "hello" }))
        })
    };
    let to = |path: &'static str| {
        move |_| {
            Request::builder()
                .uri(path)
                .body(axum::body::Body::empty())
                .unwrap()
        }
    };
    let routes = paths();
    let round_robin = move |number: u32| {
        Request::builder()
            .uri(routes[number as usize % routes.len()])
            .body(axum::body::Body::empty())
            .unwrap()
    };
    // Without `with_state`, a router that is called as a service rebuilds its layers on every call.
    let bare: Router = hundred().with_state(());
    let noop: Router = hundred().layer(layer_fn(Noop)).with_state(());
    let wrap: Router = hundred().layer(layer_fn(Wrap)).with_state(());
    let (floor, drain) = least();
    let layer = layer_fn(move |inner| Least { inner, floor });
    let least: Router = hundred().layer(layer).with_state(());
    let least = Case {
        drain,
        ..case("floor as a layer", serve(least, to("/route/7")))
    };
    let (builder, prometheus) = ours();
    let layer = builder.build().unwrap();
    let ours_1: Router = hundred().layer(layer).with_state(());
    let ours_1 = Case {
        drain: Box::new(move || drop(prometheus.render())),
        ..case("ours, 1 route", serve(ours_1, to("/route/7")))
    };
    let (builder, prometheus) = ours();
    let layer = builder.build().unwrap();
    let ours_100: Router = hundred().layer(layer).with_state(());
    let ours_100 = Case {
        drain: Box::new(move || drop(prometheus.render())),
        ..case("ours, 100 routes", serve(ours_100, round_robin))
    };
    vec![
        case("bare, 1 route", serve(bare.clone(), to("/route/7"))),
        case("no-op layer", serve(noop, to("/route/7"))),
        case("body wrapped", serve(wrap.clone(), to("/route/7"))),
        ours_1,
        case("body wrapped, 100 routes", serve(wrap, round_robin)),
        ours_100,
        least,
    ]
}

/// Nanoseconds of wall time per request, with one thread and with two threads at once.
struct Measured {
    one: f64,
    two: f64,
}

fn measure(cases: &[Case]) -> Vec<Measured> {
    let mut one = vec![Vec::new(); cases.len()];
    let mut two = vec![Vec::new(); cases.len()];
    for _ in 0..ROUNDS {
        for (place, case) in cases.iter().enumerate() {
            let started = Instant::now();
            (case.run)(ROUND);
            one[place].push(started.elapsed().as_nanos() as f64 / f64::from(ROUND));
            (case.drain)();
            two[place].push(on_two_threads(&*case.run));
            (case.drain)();
        }
    }
    one.into_iter()
        .zip(two)
        .map(|(one, two)| Measured {
            one: median(one),
            two: median(two),
        })
        .collect()
}

fn on_two_threads(run: &(dyn Fn(u32) + Sync)) -> f64 {
    let barrier = Barrier::new(2);
    let timed = || {
        barrier.wait();
        let started = Instant::now();
        run(ROUND);
        started.elapsed()
    };
    let slower = thread::scope(|scope| {
        let other = scope.spawn(timed);
        timed().max(other.join().unwrap())
    });
    slower.as_nanos() as f64 / f64::from(2 * ROUND)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print(title: &str, cases: &[Case], measured: &[Measured]) {
    println!(
        "\n{title:<34} {:>10} {:>12} {:>9}",
        "1 thread", "2 threads", "scales"
    );
    for (case, measured) in cases.iter().zip(measured) {
        println!(
            "{:<34} {:>7.1} ns {:>9.1} ns {:>8.2}x",
            case.name,
            measured.one,
            measured.two,
            measured.one / measured.two
        );
    }
}

fn main() {
    let cases = service_fn_cases();
    let fns = measure(&cases);
    print("service_fn", &cases, &fns);
    let cases = axum_cases();
    let axum = measure(&cases);
    print("axum, 100 routes", &cases, &axum);

    let floor = fns[3].one;
    let ratio = |name: &str, cost: f64| {
        println!("{name:<66} {cost:>6.1} ns = {:.2} x floor", cost / floor);
    };
    println!();
    ratio(
        "service_fn: ours - bare (wanted <= 1.5)",
        fns[4].one - fns[0].one,
    );
    ratio(
        "service_fn: floor as a layer - bare",
        fns[9].one - fns[0].one,
    );
    ratio(
        "service_fn: ours by endpoint function - bare",
        fns[5].one - fns[0].one,
    );
    ratio(
        "axum: ours - body wrapped (wanted <= 1.5)",
        axum[3].one - axum[2].one,
    );
    ratio(
        "axum: floor as a layer - body wrapped",
        axum[6].one - axum[2].one,
    );
    let more = |name: &str, ratio: f64| println!("{name:<66} {ratio:>9.2}");
    more(
        "service_fn: 100 routes / 1 route, net of bare (wanted <= 1.2)",
        (fns[8].one - fns[6].one) / (fns[7].one - fns[6].one),
    );
    more(
        "axum: 100 routes / 1 route (wanted <= 1.2)",
        axum[5].one / axum[3].one,
    );
    more(
        "axum: 100 routes / 1 route, each net of body wrapped",
        (axum[5].one - axum[4].one) / (axum[3].one - axum[2].one),
    );
    let scales = |measured: &Measured| measured.one / measured.two;
    more(
        "service_fn: ours scales / bare scales (wanted >= 0.9)",
        scales(&fns[4]) / scales(&fns[0]),
    );
    more(
        "service_fn: floor scales / bare scales",
        scales(&fns[3]) / scales(&fns[0]),
    );
    more(
        "axum: ours scales / bare scales (wanted >= 0.9)",
        scales(&axum[3]) / scales(&axum[0]),
    );
}
