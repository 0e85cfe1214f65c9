//! Passwords planted in every connection string must not appear in a response, a log line or a metric.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_methods,
    reason = "tests panic on failure and compare exact values"
)]

mod support;

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use sqlx::postgres::PgPoolOptions;
use support::{env, with_password};
use tokio::net::TcpListener;
use tower::ServiceExt;
use tower_vitals::health::Check;
use tower_vitals::health::checks::{Http, Postgres, RabbitMq, Redis};
use tower_vitals::routes::Details;
use tower_vitals::{Health, Prometheus, Routes};
use tracing_subscriber::fmt::MakeWriter;

/// Part of every password, right or wrong. `tests/servers` plants it.
const PLANTED: &str = "pl4nted";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// The URL as it is, with two wrong passwords, of a server that refuses connections, and of one that never answers.
fn variants(url: &str, silent: &str) -> Vec<String> {
    let host = url.rsplit_once('@').unwrap().1;
    let host = host.split_once('/').map_or(host, |(host, _)| host);
    let closed = "127.0.0.1:1";
    vec![
        url.to_owned(),
        with_password(url, "pl4nted-wr0ng"),
        with_password(url, "pl4nted%40%2F%3A"),
        url.replace(host, closed),
        url.replace(host, silent),
    ]
}

#[tokio::test]
#[ignore = "needs PostgreSQL, Redis, RabbitMQ: tests/run"]
async fn planted_passwords_appear_nowhere() {
    let log = Log::default();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .init();
    let prometheus = Prometheus::install().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = listener.local_addr().unwrap().to_string();

    let health = Health::builder()
        .timeout(Duration::from_secs(3))
        .build()
        .unwrap();
    let mut debugged = Vec::new();
    for (n, url) in variants(&env("VITALS_POSTGRES"), &silent)
        .iter()
        .enumerate()
    {
        let own = Postgres::url(url).unwrap();
        let pool = Postgres::pool(PgPoolOptions::new().connect_lazy(url).unwrap());
        debugged.push(format!("{own:?} {pool:?}"));
        health.add(format!("postgres {n}"), own).unwrap();
        health.add(format!("postgres pool {n}"), pool).unwrap();
    }
    for (n, url) in variants(&env("VITALS_REDIS"), &silent).iter().enumerate() {
        let redis = Redis::url(url).unwrap();
        debugged.push(format!("{redis:?}"));
        health.add(format!("redis {n}"), redis).unwrap();
    }
    for (n, url) in variants(&env("VITALS_RABBITMQ"), &silent)
        .iter()
        .enumerate()
    {
        let rabbitmq = RabbitMq::url(url).unwrap();
        debugged.push(format!("{rabbitmq:?}"));
        health.add(format!("rabbitmq {n}"), rabbitmq).unwrap();
        // A user's check may return its driver's message.
        let message = format!("cannot reach {url} with password={PLANTED}");
        let own = move || std::future::ready(Err::<(), _>(message.clone()));
        health.add(format!("own {n}"), own.optional()).unwrap();
    }
    let http = Http::get(&format!("http://{silent}/?token={PLANTED}"))
        .unwrap()
        .header("authorization", &format!("Bearer {PLANTED}"));
    debugged.push(format!("{http:?} {health:?}"));
    health.add("http", http).unwrap();

    let routes = Routes::new()
        .health(health.clone())
        .metrics(prometheus)
        .details(Details::Always);
    let mut responses = debugged.join("\n");
    for round in 0..2 {
        for path in [
            "/health",
            "/healthz",
            "/readyz",
            "/livez",
            "/health/detailed",
            "/health/status",
            "/metrics",
        ] {
            for accept in ["*/*", "application/health+json"] {
                let request = Request::get(path)
                    .header("accept", accept)
                    .body(Body::empty())
                    .unwrap();
                let response = Router::from(routes.clone()).oneshot(request).await.unwrap();
                let body = response.into_body().collect().await.unwrap().to_bytes();
                responses += std::str::from_utf8(&body).unwrap();
            }
        }
        let report = health.report().await;
        // Proves that each variant was tried.
        for text in ["authentication failed", "Connection refused", "timed out"] {
            let matching = report.results().filter(|result| {
                result
                    .message()
                    .is_some_and(|message| message.contains(text))
            });
            assert!(matching.count() >= 4, "{round}: {text}\n{report:#?}");
        }
        assert_eq!(
            report
                .results()
                .filter(|result| result.status().is_healthy())
                .count(),
            4,
            "{report:#?}"
        );
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    println!(
        "{} bytes of responses, {} bytes of log",
        responses.len(),
        log.len()
    );
    assert!(
        log.contains("health check is not healthy"),
        "the log was not captured"
    );
    assert!(log.contains("TRACE lapin"), "the drivers were not logged");
    for (source, text) in [("the responses", &responses), ("the log", &log)] {
        for line in text.lines() {
            assert!(!line.contains(PLANTED), "in {source}: {line}");
        }
    }
}

/// libpq has a parameter for a key's password, and sqlx logs parameters that it does not support.
#[test]
fn an_unsupported_url_parameter_is_not_logged() {
    let (log, _logging) = support::log::Log::of_this_thread();
    let url = "postgres://u@h/d?sslmode=require&sslpassword=hunter2&options[search_path]=x";
    Postgres::url(url).unwrap();
    assert_eq!(log.text(), "");
    Postgres::url("postgres://u@h/d?sslmode=sometimes").unwrap_err();
}
