//! Request id, log line and metrics of a request, beside tower-http's layers.

use std::convert::Infallible;
use std::hint::black_box;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use allocation_counter::measure as allocated;
use bytes::Bytes;
use http::{Method, Request, Response, Uri, Version};
use http_body::Body;
use http_body_util::{Empty, Full};
use tower::{Service, ServiceBuilder, service_fn};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer};
use tower_vitals::telemetry::logging::JsonLines;
use tower_vitals::{
    HttpLayer, HttpMetricsLayer, Prometheus, RequestIdLayer, RequestLogLayer, ServerSpanLayer,
};
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Level, dispatcher, error_span, info, info_span};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{fmt, registry};

use crate::support::{CpuTime, Figures, least};

const ROUND: u32 = 1_000;
const ROUNDS: usize = 101;

const BARE: &str = "service_fn";
const METRICS: &str = "HttpMetricsLayer";
const OURS: &str = "HttpLayer: id, log, metrics";
const SPAN: &str = "HttpLayer: id, log, metrics, span";
const THEIRS: &str = "SetRequestId, Propagate, TraceLayer";
const OUR_LINE: &str = "our span and line alone";
const THEIR_LINE: &str = "their span and line alone";

type Run = Box<dyn Fn(u32)>;

/// Each case has its own handler (`CASE`), as each program has.
async fn answer<const CASE: usize>(
    request: Request<Empty<Bytes>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    black_box(request.uri());
    Ok(black_box(Response::new(Full::new(Bytes::from_static(
        b"hello",
    )))))
}

/// Sends requests and reads their responses.
fn serve<S, C>(service: S) -> Run
where
    S: Service<Request<Empty<Bytes>>, Response = Response<C>, Error = Infallible> + Clone + 'static,
    C: Body,
{
    Box::new(move |count| {
        let mut service = service.clone();
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..count {
            let request = Request::get("/users/7?page=2").body(Empty::new()).unwrap();
            let mut future = pin!(service.call(request));
            let Poll::Ready(Ok(response)) = future.as_mut().poll(&mut cx) else {
                unreachable!("every service here answers at once");
            };
            let mut body = pin!(black_box(response).into_body());
            while let Poll::Ready(Some(frame)) = body.as_mut().poll_frame(&mut cx) {
                black_box(frame.is_ok());
            }
        }
    })
}

fn metrics() -> HttpMetricsLayer {
    let prometheus = Prometheus::builder().build().unwrap();
    HttpMetricsLayer::builder()
        .recorder(prometheus)
        .build()
        .unwrap()
}

fn ours() -> HttpLayer {
    HttpLayer::new()
        .metrics(metrics())
        .request_id(RequestIdLayer::new())
        .log(RequestLogLayer::new())
}

/// What `HttpLayer` passes to the sink for a request.
fn our_line(count: u32) {
    for _ in 0..count {
        let id = black_box("01a227e0-e120-714c-bb77-4c0ac6ab4bc0");
        let span = error_span!(target: "tower_vitals::request_id", "request", request_id = id);
        let _entered = span.enter();
        info!(
            target: "tower_vitals::request",
            method = black_box("GET"),
            route = "unmatched",
            path = black_box("/users/7"),
            query = "page=2",
            status = 200_u16,
            duration_ms = black_box(0.001_234),
            bytes_out = 5_u64,
            outcome = "complete",
            "request"
        );
    }
}

/// What `TraceLayer` passes to the sink for a request.
fn their_line(count: u32) {
    let uri = Uri::from_static("/users/7?page=2");
    for _ in 0..count {
        let (method, version) = (black_box(Method::GET), Version::HTTP_11);
        let span = info_span!("request", %method, uri = %black_box(&uri), ?version);
        let _entered = span.enter();
        info!(latency = %format_args!("{} ms", black_box(0)), status = 200, "finished processing request");
    }
}

fn cases() -> [(&'static str, Run); 7] {
    let trace = TraceLayer::new_for_http()
        .make_span_with(DefaultMakeSpan::new().level(Level::INFO))
        .on_response(DefaultOnResponse::new().level(Level::INFO));
    let theirs = ServiceBuilder::new()
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(trace)
        .layer(PropagateRequestIdLayer::x_request_id());
    let with_span = ours().span(ServerSpanLayer::new());
    let around = |layer: HttpLayer| ServiceBuilder::new().layer(layer);
    [
        (BARE, serve(service_fn(answer::<0>))),
        (
            METRICS,
            serve(
                ServiceBuilder::new()
                    .layer(metrics())
                    .service(service_fn(answer::<1>)),
            ),
        ),
        (OURS, serve(around(ours()).service(service_fn(answer::<2>)))),
        (
            SPAN,
            serve(around(with_span).service(service_fn(answer::<3>))),
        ),
        (THEIRS, serve(theirs.service(service_fn(answer::<4>)))),
        (OUR_LINE, Box::new(our_line)),
        (THEIR_LINE, Box::new(their_line)),
    ]
}

/// The sinks, which format the lines and discard them.
fn sinks() -> [(&'static str, Dispatch); 3] {
    let text = fmt::layer().with_ansi(false).with_writer(io::sink);
    let json = JsonLines::new(io::sink);
    [
        (
            "text",
            Dispatch::new(registry().with(text).with(LevelFilter::INFO)),
        ),
        (
            "JsonLines",
            Dispatch::new(registry().with(json).with(LevelFilter::INFO)),
        ),
        ("off", Dispatch::none()),
    ]
}

pub(crate) fn measure(figures: &mut Figures) {
    for (sink, dispatch) in sinks() {
        let cases = cases();
        let mut times = [(); 7].map(|()| Vec::new());
        dispatcher::with_default(&dispatch, || {
            for _ in 0..ROUNDS {
                for ((_, run), times) in cases.iter().zip(&mut times) {
                    times.push(CpuTime::of(|| run(ROUND)) / f64::from(ROUND));
                }
            }
        });
        let times = times.map(least);
        for ((name, _), time) in cases.iter().zip(times) {
            figures.push(format!("{sink}: {name}"), time);
        }
        let [bare, _, ours, span, theirs, our_line, their_line] = times;
        let ratio = |ours: f64| (ours - bare) / (theirs - bare);
        figures.push(
            format!("{sink}: (ours - bare) ÷ (theirs - bare)"),
            ratio(ours),
        );
        figures.push(
            format!("{sink}: (ours with span - bare) ÷ (theirs - bare)"),
            ratio(span),
        );
        figures.push(
            format!("{sink}: the same of ours, each less its line"),
            (ours - bare - our_line) / (theirs - bare - their_line),
        );
    }
}

pub(crate) fn measure_allocations(figures: &mut Figures) {
    for (sink, dispatch) in sinks() {
        dispatcher::with_default(&dispatch, || {
            for (name, run) in cases() {
                run(5_000);
                let count = allocated(|| run(1_000)).count_total;
                figures.push(format!("{sink}: {name}"), count as f64 / 1000.0);
            }
        });
    }
}
