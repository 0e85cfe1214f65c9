//! tower-vitals beside its peers: `cargo run --release --manifest-path benches/peers/Cargo.toml`.
//!
//! One axum route, one thread, and every response is read to its end. Each layer records to its own exporter, which is drained
//! between rounds. Cases take turns in short rounds, so that a noisy machine disturbs them equally. Figures are medians.

use std::convert::Infallible;
use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body as AxumBody;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use http::Request;
use http_body::Body;
use http_body_util::Full;
use opentelemetry::metrics::MeterProvider;
use tower::{Layer, Service, service_fn};
use tower_vitals::{HttpMetricsLayer, Prometheus};

const ROUND: u32 = 10_000;
const ROUNDS: usize = 31;

struct Case {
    name: &'static str,
    run: Box<dyn Fn(u32)>,
    drain: Box<dyn Fn()>,
}

fn case(name: &'static str, run: impl Fn(u32) + 'static, drain: impl Fn() + 'static) -> Case {
    Case {
        name,
        run: Box::new(run),
        drain: Box::new(drain),
    }
}

fn serve<S, C>(service: S) -> impl Fn(u32)
where
    S: Service<Request<AxumBody>, Response = http::Response<C>, Error = Infallible> + Clone,
    C: Body,
{
    move |count| {
        let mut service = service.clone();
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..count {
            let request = Request::builder().uri("/users/7").body(AxumBody::empty()).unwrap();
            let mut future = pin!(service.call(request));
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

fn router() -> Router {
    Router::new().route("/users/{id}", get(|| async { "hello" }))
}

async fn answer(request: Request<AxumBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    black_box(request.uri());
    Ok(black_box(Response::new(Full::new(Bytes::from_static(b"hello")))))
}

fn cases() -> Vec<Case> {
    let prometheus = Prometheus::builder()
        .daily_totals_interval(Duration::from_hours(1))
        .build()
        .unwrap();
    let ours = HttpMetricsLayer::builder().recorder(prometheus.clone()).build().unwrap();
    let scrape = move || drop(black_box(prometheus.render()));

    let (axum_prometheus, handle) = axum_prometheus::PrometheusMetricLayer::pair();
    let axum_prometheus_drain = move || drop(black_box(handle.render()));

    let reader = opentelemetry_sdk_0_32::metrics::PeriodicReader::builder(
        opentelemetry_sdk_0_32::metrics::InMemoryMetricExporter::default(),
    )
    .with_interval(Duration::from_hours(1))
    .build();
    let provider = opentelemetry_sdk_0_32::metrics::SdkMeterProvider::builder()
        .with_reader(reader)
        .build();
    let axum_otel_metrics = axum_otel_metrics::HttpMetricsLayerBuilder::new()
        .with_provider(provider)
        .build();

    let reader = opentelemetry_sdk::metrics::PeriodicReader::builder(
        opentelemetry_sdk::metrics::InMemoryMetricExporter::default(),
    )
    .with_interval(Duration::from_hours(1))
    .build();
    let provider = opentelemetry_sdk::metrics::SdkMeterProvider::builder()
        .with_reader(reader)
        .build();
    let tower_otel = tower_otel::metrics::HttpLayer::server(&provider.meter("peers"));
    // The provider must outlive its meters.
    Box::leak(Box::new(provider));

    let middleware = prometheus_axum_middleware::PrometheusAxumLayer::new();
    // Without `with_state`, a router that is called as a service rebuilds its layers on every call.
    vec![
        case("axum: bare", serve(router().with_state::<()>(())), || {}),
        case(
            "axum: tower-vitals",
            serve(router().layer(ours.clone()).with_state::<()>(())),
            scrape.clone(),
        ),
        case(
            "axum: axum-prometheus",
            serve(router().layer(axum_prometheus.clone()).with_state::<()>(())),
            axum_prometheus_drain.clone(),
        ),
        case(
            "axum: prometheus-axum-middleware",
            serve(router().layer(middleware).with_state::<()>(())),
            || {},
        ),
        case(
            "axum: axum-otel-metrics",
            serve(router().layer(axum_otel_metrics).with_state::<()>(())),
            || {},
        ),
        case(
            "axum: tower-otel",
            serve(router().layer(tower_otel).with_state::<()>(())),
            || {},
        ),
        case("service_fn: bare", serve(service_fn(answer)), || {}),
        case("service_fn: tower-vitals", serve(ours.layer(service_fn(answer))), scrape),
        case(
            "service_fn: axum-prometheus",
            serve(axum_prometheus.layer(service_fn(answer))),
            axum_prometheus_drain,
        ),
    ]
}

fn main() {
    // axum-prometheus starts its upkeep on the current runtime.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    let cases = cases();
    let mut times = vec![Vec::new(); cases.len()];
    for _ in 0..ROUNDS {
        for (case, times) in cases.iter().zip(&mut times) {
            let started = Instant::now();
            (case.run)(ROUND);
            times.push(started.elapsed().as_nanos() as f64 / f64::from(ROUND));
            (case.drain)();
        }
    }
    let medians: Vec<f64> = times
        .into_iter()
        .map(|mut times| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        })
        .collect();
    println!("{:<36} {:>12} {:>14}", "", "per request", "less bare");
    let mut bare = 0.0;
    for (case, median) in cases.iter().zip(medians) {
        if case.name.ends_with(": bare") {
            bare = median;
        }
        println!("{:<36} {median:>9.1} ns {:>11.1} ns", case.name, median - bare);
    }
}
