//! The server span beside those of tower-otel and axum-tracing-opentelemetry: `cargo run --release --features spans --bin server_span --manifest-path benches/peers/Cargo.toml`.
//!
//! One axum route, one thread, and every response is read to its end. Requests have a `traceparent`. Spans go through a batch queue to a
//! collector that discards them; after each round the queue is emptied, so that no span is dropped. Figures are CPU time of the thread
//! that serves, medians of many rounds in which the cases take turns. axum-tracing-opentelemetry's span ends with the response head.
//!
//! `-- --only sampled` measures the cases whose name contains the text. `-- --rounds 1` sets the number of rounds.

use std::convert::Infallible;
use std::hint::black_box;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use allocation_counter::measure as allocated;
use axum::Router;
use axum::body::Body as AxumBody;
use axum::response::Response;
use axum::routing::get;
use axum_tracing_opentelemetry::middleware::OtelAxumLayer;
use http::Request;
use http_body::Body;
use opentelemetry::global;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanData, SpanExporter};
use opentelemetry_sdk_0_31::trace as sdk_0_31;
use rustix::time::{ClockId, clock_gettime};
use tower::Service;
use tower_vitals::telemetry::otel::Tracing;
use tower_vitals::{HttpLayer, ServerSpanLayer};
use tracing::{Dispatch, dispatcher};
use tracing_subscriber::layer::SubscriberExt;

const ROUND: u32 = 1_000;
const ROUNDS: usize = 101;

struct Case {
    name: &'static str,
    subscriber: Dispatch,
    run: Box<dyn Fn(u32)>,
    drain: Box<dyn Fn()>,
}

fn serve<S, C>(service: S) -> Box<dyn Fn(u32)>
where
    S: Service<Request<AxumBody>, Response = Response<C>, Error = Infallible> + Clone + 'static,
    C: Body,
{
    Box::new(move |count| {
        let mut service = service.clone();
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..count {
            let request = Request::builder()
                .uri("/users/7?page=2")
                .header("host", "shop.example:8443")
                .header("user-agent", "curl/8.9.1")
                .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
                .body(AxumBody::empty())
                .unwrap();
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

fn router() -> Router {
    Router::new().route("/users/{id}", get(|| async { "hello" }))
}

/// Answers each request, and discards it.
fn collector() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut read, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
            loop {
                let count = stream.read(&mut buffer).unwrap_or(0);
                read.extend_from_slice(&buffer[..count]);
                let end = read.windows(4).position(|bytes| bytes == b"\r\n\r\n");
                let length = end.map(|end| {
                    let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
                    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                    end + 4 + length.map_or(0, |length| length.parse().unwrap())
                });
                if count == 0 || length.is_some_and(|length| read.len() >= length) {
                    break;
                }
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        }
    });
    format!("http://{address}")
}

fn ours(name: &'static str, sampler: &str, url: &str) -> Case {
    let vars = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url),
        ("OTEL_TRACES_SAMPLER", sampler),
        ("OTEL_BSP_SCHEDULE_DELAY", "1"),
    ];
    let tracing = Tracing::from_vars(vars).unwrap().run().unwrap();
    let subscriber = tracing_subscriber::registry().with(tracing.layer());
    let layer = HttpLayer::new().span(ServerSpanLayer::new());
    Case {
        name,
        subscriber: subscriber.into(),
        run: serve(router().layer(layer).with_state::<()>(())),
        drain: Box::new(move || {
            let before = tracing.counts().exported;
            std::thread::sleep(Duration::from_millis(20));
            while before != tracing.counts().exported && tracing.counts().exported % u64::from(ROUND) != 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
            assert_eq!(tracing.counts().lost(), 0);
        }),
    }
}

#[derive(Debug)]
struct Discard;

impl SpanExporter for Discard {
    async fn export(&self, spans: Vec<SpanData>) -> OTelSdkResult {
        black_box(spans);
        Ok(())
    }
}

fn tower_otel(name: &'static str, sampler: Sampler) -> Case {
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(Discard)
        .with_sampler(sampler)
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("peers"));
    let subscriber = tracing_subscriber::registry().with(layer);
    let layer = ::tower_otel::trace::HttpLayer::server(tracing::Level::INFO).trace_body();
    Case {
        name,
        subscriber: subscriber.into(),
        run: serve(router().layer(layer).with_state::<()>(())),
        drain: Box::new(move || provider.force_flush().unwrap()),
    }
}

impl sdk_0_31::SpanExporter for Discard {
    async fn export(&self, spans: Vec<sdk_0_31::SpanData>) -> opentelemetry_sdk_0_31::error::OTelSdkResult {
        black_box(spans);
        Ok(())
    }
}

fn axum_tracing_opentelemetry(name: &'static str, sampler: sdk_0_31::Sampler) -> Case {
    use opentelemetry_0_31::trace::TracerProvider;

    let provider = sdk_0_31::SdkTracerProvider::builder()
        .with_batch_exporter(Discard)
        .with_sampler(sampler)
        .build();
    let layer = tracing_opentelemetry_0_32::layer().with_tracer(provider.tracer("peers"));
    let subscriber = tracing_subscriber::registry().with(layer);
    Case {
        name,
        subscriber: subscriber.into(),
        run: serve(router().layer(OtelAxumLayer::default()).with_state::<()>(())),
        drain: Box::new(move || provider.force_flush().unwrap()),
    }
}

fn cpu_nanos() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// The value of an option of the command line.
fn option(name: &str) -> Option<String> {
    std::env::args().skip_while(|it| it != name).nth(1)
}

fn main() {
    global::set_text_map_propagator(TraceContextPropagator::new());
    opentelemetry_0_31::global::set_text_map_propagator(
        opentelemetry_sdk_0_31::propagation::TraceContextPropagator::new(),
    );
    let url = collector();
    let none = || Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let bare = Case {
        name: "bare",
        subscriber: none(),
        run: serve(router().with_state::<()>(())),
        drain: Box::new(|| {}),
    };
    let mut cases = vec![
        bare,
        ours("tower-vitals, sampled", "always_on", &url),
        tower_otel("tower-otel, sampled", Sampler::AlwaysOn),
        axum_tracing_opentelemetry("axum-tracing-opentelemetry, sampled", sdk_0_31::Sampler::AlwaysOn),
        ours("tower-vitals, not sampled", "always_off", &url),
        tower_otel("tower-otel, not sampled", Sampler::AlwaysOff),
        axum_tracing_opentelemetry("axum-tracing-opentelemetry, not sampled", sdk_0_31::Sampler::AlwaysOff),
    ];
    if let Some(only) = option("--only") {
        cases.retain(|case| case.name.contains(&only));
    }
    let rounds = option("--rounds").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let mut times = vec![Vec::new(); cases.len()];
    for _ in 0..rounds {
        for (case, times) in cases.iter().zip(&mut times) {
            let started = cpu_nanos();
            dispatcher::with_default(&case.subscriber, || (case.run)(ROUND));
            times.push((cpu_nanos() - started) / f64::from(ROUND));
            (case.drain)();
        }
    }
    println!("{:<40} {:>12} {:>14} {:>12}", "", "per request", "less bare", "allocations");
    let mut bare = 0.0;
    for (case, mut times) in cases.iter().zip(times) {
        times.sort_by(f64::total_cmp);
        let median = times[times.len() / 2];
        if case.name == "bare" {
            bare = median;
        }
        let run = || dispatcher::with_default(&case.subscriber, || (case.run)(ROUND));
        let allocations = allocated(run).count_total as f64 / f64::from(ROUND);
        (case.drain)();
        println!("{:<40} {median:>9.1} ns {:>11.1} ns {allocations:>12.1}", case.name, median - bare);
    }
}
