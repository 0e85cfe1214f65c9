//! Health: every check that needs no server, and PostgreSQL, Redis and RabbitMQ if their URLs are in the environment.
//!
//! Run `cargo run --example health --features full` and try the commands that it prints. `PORT` overrides port 3000;
//! `DATABASE_URL`, `REDIS_URL` and `AMQP_URL` add checks of their servers.
#![allow(clippy::print_stdout, reason = "an example prints commands to try")]

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tower_vitals::health::checks::{
    Configuration, Disk, Heartbeat, Http, Memory, Postgres, RabbitMq, Redis, RegisteredModules,
    Sqlite, StorageRoundTrip, Store, Tcp, Uptime,
};
use tower_vitals::health::{Check, Probe};
use tower_vitals::routes::{Details, Guard};
use tower_vitals::{Health, HttpMetricsLayer, Prometheus, Ready, Routes};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let address = format!("127.0.0.1:{port}");
    let listener = TcpListener::bind(&address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    let directory = std::env::temp_dir();

    let worker = Heartbeat::new(Duration::from_secs(5));
    let plugins = RegisteredModules::new(["greetings"]);
    let health = Health::builder()
        .check("uptime", Uptime::new())
        .check("settings", Configuration::environment(["PATH"]))
        .check(
            "disk",
            Disk::new("/").every(Duration::from_secs(30)).tag("storage"),
        )
        .check("memory", Memory::new())
        .check(
            "files",
            StorageRoundTrip::new(Files(directory.clone())).tag("storage"),
        )
        .check("plugins", plugins.clone().on(Probe::Startup))
        .check("worker", worker.clone().on(Probe::Liveness))
        .check("own port", Tcp::new(address.to_string()).failing_after(3))
        .check(
            "own page",
            Http::get(&format!("http://{address}/"))?.slow_after(Duration::from_millis(100)),
        )
        // The file does not exist, and the check is optional: the overall status is degraded.
        .check(
            "orders",
            Sqlite::url(&format!("sqlite://{}/orders.db", directory.display()))?.optional(),
        )
        .build()?;
    if let Ok(url) = std::env::var("DATABASE_URL") {
        health.add("postgres", Postgres::url(&url)?.shared().tag("db"))?;
    }
    if let Ok(url) = std::env::var("REDIS_URL") {
        health.add("redis", Redis::url(&url)?.shared())?;
    }
    if let Ok(url) = std::env::var("AMQP_URL") {
        health.add("rabbitmq", RabbitMq::url(&url)?.optional())?;
    }

    tokio::spawn(async move {
        loop {
            worker.beat();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    plugins.register("greetings");

    let app = Router::new()
        .route("/", get(|| async { "hello\n" }))
        .route("/orders", get(|_: Ready| async { "only while ready\n" }))
        .with_state(health.clone())
        .merge(
            Routes::new()
                .metrics(Prometheus::install()?)
                .health(health.clone())
                // Guarded routes are open and details are shown, because this listens on loopback only. Set a real
                // guard on any other address.
                .guard(Guard::open())
                .details(Details::Always),
        )
        .layer(HttpMetricsLayer::new());

    let url = format!("http://{address}");
    println!("listening on {url}");
    println!("try  curl {url}/health");
    println!("     curl {url}/health/detailed");
    println!("     curl {url}/health/checker/disk");
    println!("     curl {url}/health/group/storage");
    println!("     curl {url}/health/status");
    println!("     curl {url}/readyz");
    println!("     curl -H 'Accept: application/health+json' {url}/healthz");
    println!(
        "     kill -TERM {}    /readyz returns 503 for 5 s before it exits",
        std::process::id()
    );
    health
        .shutdown_signal()
        .run(|stop| axum::serve(listener, app).with_graceful_shutdown(stop))
        .await?;
    Ok(())
}

/// A directory that stores each value in a file.
struct Files(PathBuf);

impl Files {
    fn file(&self, key: &str) -> PathBuf {
        self.0.join(key.replace(['/', ':'], "-"))
    }
}

impl Store for Files {
    type Error = io::Error;

    async fn set(&self, key: &str, value: &str) -> io::Result<()> {
        tokio::fs::write(self.file(key), value).await
    }

    async fn get(&self, key: &str) -> io::Result<Option<String>> {
        match tokio::fs::read_to_string(self.file(key)).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            result => result.map(Some),
        }
    }
}
