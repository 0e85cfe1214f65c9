//! The cost of a cached report or probe: `cargo bench --bench health`.
//!
//! All results are cached for an hour, so no check runs. Prints medians of many short interleaved rounds, in nanoseconds
//! per call, on one thread.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its table"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::Request;
use http_body_util::BodyExt;
use tokio::runtime::{Builder, Handle, Runtime};
use tower::ServiceExt;
use tower_vitals::health::{Check, Outcome, Probe};
use tower_vitals::routes::Details;
use tower_vitals::{Health, Routes};

const ROUNDS: usize = 31;
const CHECKS: [usize; 3] = [1, 10, 100];
/// The approximate duration of one round of one case.
const ROUND: Duration = Duration::from_millis(5);

/// Makes one call.
type Call = Box<dyn Fn() -> BoxFuture<'static, ()>>;

fn health(checks: usize) -> Health {
    let builder = (0..checks).fold(Health::builder(), |builder, n| {
        let check = move || async move {
            Outcome::healthy()
                .message("reachable")
                .data("latency_ms", 1.5)
        };
        let check = check
            .cache_for(Duration::from_hours(1))
            .on(Probe::Readiness);
        builder.check(format!("dependency {n}"), check)
    });
    builder.build().unwrap()
}

fn route(health: &Health, path: &'static str, details: Details) -> Call {
    let router = Router::from(Routes::new().health(health.clone()).details(details)).with_state(());
    Box::new(move || {
        let router = router.clone();
        async move {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let response = router.oneshot(request).await.unwrap();
            black_box(response.into_body().collect().await.unwrap());
        }
        .boxed()
    })
}

fn cases(health: &Health) -> Vec<(&'static str, Call)> {
    let of = |health: &Health, call: fn(Health) -> BoxFuture<'static, ()>| -> Call {
        let health = health.clone();
        Box::new(move || call(health.clone()))
    };
    vec![
        (
            "health.report()",
            of(health, |health| {
                async move { drop(black_box(health.report().await)) }.boxed()
            }),
        ),
        (
            "health.report_for(Readiness)",
            of(health, |health| {
                async move { drop(black_box(health.report_for(Probe::Readiness).await)) }.boxed()
            }),
        ),
        (
            "health.liveness()",
            of(health, |health| {
                async move { drop(black_box(health.liveness())) }.boxed()
            }),
        ),
        ("GET /livez", route(health, "/livez", Details::Never)),
        ("GET /readyz", route(health, "/readyz", Details::Never)),
        ("GET /health", route(health, "/health", Details::Never)),
        (
            "GET /healthz",
            route(health, "/healthz", Details::Authorized),
        ),
        (
            "GET /health, details",
            route(health, "/health", Details::Always),
        ),
        (
            "GET /health/detailed",
            route(health, "/health/detailed", Details::Always),
        ),
    ]
}

fn time(runtime: &Runtime, call: &Call, times: u32) -> f64 {
    runtime.block_on(async {
        let started = Instant::now();
        for _ in 0..times {
            call().await;
        }
        started.elapsed().as_nanos() as f64 / f64::from(times)
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let healths = CHECKS.map(health);
    for health in &healths {
        assert!(runtime.block_on(health.report()).is_healthy());
        runtime.block_on(health.report_for(Probe::Readiness));
    }
    let all: Vec<_> = healths.iter().map(cases).collect();
    let mut rounds = vec![vec![Vec::new(); all[0].len()]; CHECKS.len()];
    for _ in 0..ROUNDS {
        for (column, cases) in all.iter().enumerate() {
            for (row, (_, call)) in cases.iter().enumerate() {
                let once = time(&runtime, call, 10).max(1.0);
                let times = (ROUND.as_nanos() as f64 / once).max(10.0);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a count"
                )]
                let times = times as u32;
                rounds[column][row].push(time(&runtime, call, times));
            }
        }
    }
    print!("{:<32}", "cached, ns per call");
    for checks in CHECKS {
        print!("{:>12}", format!("{checks} checks"));
    }
    println!();
    for row in 0..all[0].len() {
        print!("{:<32}", all[0][row].0);
        for column in &rounds {
            print!("{:>12.0}", median(column[row].clone()));
        }
        println!();
    }
    let alive = runtime.block_on(async { Handle::current().metrics().num_alive_tasks() });
    println!("tasks alive afterwards: {alive}");
}
