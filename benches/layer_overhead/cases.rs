//! The cases of both tables.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use axum_prometheus::PrometheusMetricLayer;
use http::Request;
use metrics_exporter_prometheus::PrometheusHandle;
use tower::Layer;
use tower::layer::layer_fn;
use tower_vitals::http_metrics::HttpMetricsBuilder;
use tower_vitals::{HttpMetricsLayer, Prometheus};

use crate::case::{Case, answer, case, request, serve};
use crate::floor::{Floor, least, stock};
use crate::layers::{Least, Noop, Wrap};

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

/// Our layer with the stock exporter as its recorder, and the function that drains that.
fn ours_on_stock() -> (HttpMetricsLayer, Box<dyn Fn()>) {
    let recorder = stock();
    let handle = recorder.handle();
    let layer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .build()
        .unwrap();
    (layer, Box::new(move || handle.run_upkeep()))
}

/// axum-prometheus, which can only record to the recorder of the process, and the function that drains that.
fn axum_prometheus() -> (PrometheusMetricLayer<'static>, Box<dyn Fn()>) {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    let handle = HANDLE.get_or_init(|| {
        let recorder = stock();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).unwrap();
        handle
    });
    (
        PrometheusMetricLayer::new(),
        Box::new(|| handle.run_upkeep()),
    )
}

/// The clock reads of a request, as the floor does them.
fn clock_reads() -> Case {
    case("two clock reads", |count| {
        for _ in 0..count {
            let started = black_box(quanta::Instant::now());
            let elapsed = quanta::Instant::now().duration_since(started);
            black_box(elapsed.as_secs_f64());
        }
    })
}

/// 100 endpoints, named by the request's path.
fn paths() -> &'static [&'static str] {
    (0..100)
        .map(|number| &*format!("/route/{number}").leak())
        .collect::<Vec<_>>()
        .leak()
}

fn service_fn_on_stock() -> [Case; 2] {
    let (layer, drain) = ours_on_stock();
    let on_stock = Case {
        drain,
        ..case(
            "ours, stock exporter",
            serve(layer.layer(tower::service_fn(answer::<10, ()>)), |_| {
                request()
            }),
        )
    };
    let (layer, drain) = axum_prometheus();
    let peer = Case {
        drain,
        ..case(
            "axum-prometheus",
            serve(layer.layer(tower::service_fn(answer::<11, ()>)), |_| {
                request()
            }),
        )
    };
    [on_stock, peer]
}

pub(crate) fn service_fn() -> Vec<Case> {
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
        inner: tower::service_fn(answer::<9, ()>),
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
            serve(layer.layer(tower::service_fn(answer::<1, ()>)), |_| {
                request()
            }),
        )
    };
    let (builder, prometheus) = ours();
    let one = builder.endpoint(|_| Some("/")).build().unwrap();
    let ours_named = Case {
        drain: Box::new(move || drop(prometheus.render())),
        ..case(
            "ours, endpoint by function",
            serve(one.layer(tower::service_fn(answer::<2, ()>)), |_| request()),
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
        serve(tower::service_fn(answer::<3, ()>), numbered),
    );
    let (builder, prometheus) = ours();
    let layer = builder.endpoint(by_extension).build().unwrap();
    let ours_1 = Case {
        drain: Box::new(move || drop(prometheus.render())),
        ..case(
            "ours, 1 route by extension",
            serve(layer.layer(tower::service_fn(answer::<4, ()>)), move |_| {
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
            serve(layer.layer(tower::service_fn(answer::<5, ()>)), numbered),
        )
    };
    let [on_stock, peer] = service_fn_on_stock();
    vec![
        clock_reads(),
        case(
            "bare",
            serve(tower::service_fn(answer::<6, ()>), |_| request()),
        ),
        case(
            "no-op layer",
            serve(Noop(tower::service_fn(answer::<7, ()>)), |_| request()),
        ),
        case(
            "body wrapped",
            serve(Wrap(tower::service_fn(answer::<8, ()>)), |_| request()),
        ),
        floor,
        ours_plain,
        ours_named,
        bare_100,
        ours_1,
        ours_100,
        least,
        on_stock,
        peer,
    ]
}

pub(crate) fn axum() -> Vec<Case> {
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
    let (layer, drain) = ours_on_stock();
    let on_stock: Router = hundred().layer(layer).with_state(());
    let on_stock = Case {
        drain,
        ..case("ours, stock exporter", serve(on_stock, to("/route/7")))
    };
    let (layer, drain) = axum_prometheus();
    let peer: Router = hundred().layer(layer).with_state(());
    let peer = Case {
        drain,
        ..case("axum-prometheus", serve(peer, to("/route/7")))
    };
    vec![
        case("bare, 1 route", serve(bare.clone(), to("/route/7"))),
        case("no-op layer", serve(noop, to("/route/7"))),
        case("body wrapped", serve(wrap.clone(), to("/route/7"))),
        ours_1,
        case("body wrapped, 100 routes", serve(wrap, round_robin)),
        ours_100,
        least,
        on_stock,
        peer,
    ]
}
