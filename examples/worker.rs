//! A worker without HTTP of its own: it runs a job, and [`Monitoring`] serves its metrics, health and runs.
//!
//! Run `MONITORING_TOKEN=correct-horse cargo run --example worker --features dashboard,jobs,logging` and try the commands that it prints. Without
//! a token, the dashboard and `/jobs` refuse every request.
//!
//! Variables: `PORT` (0 for any free one) wins over `MONITORING_PORT` (default 9100), and those of `docs/settings.md`.
#![allow(clippy::print_stdout, reason = "an example prints commands to try")]

use std::env;
use std::time::Duration;

use tokio::time::{interval, sleep};
use tower_vitals::jobs::{Job, Jobs};
use tower_vitals::telemetry::logging::{Console, Logging};
use tower_vitals::{Health, Monitoring, Prometheus, Settings};

const THUMBNAILS: Job = Job::named("thumbnails")
    .every(Duration::from_secs(2))
    .grace(Duration::from_secs(10));

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut settings = Settings::from_env()?;
    if let Ok(port) = env::var("PORT") {
        settings.monitoring_port = port.parse()?;
    }
    let prometheus = Prometheus::install()?;
    let logging = Logging::from_settings(&settings)?
        .console(Console::Stderr)
        .init()?;
    let jobs = Jobs::builder()
        .job(THUMBNAILS)
        .failing_after(settings.alert_threshold_job_failures)
        .run()?;
    let health = Health::builder()
        .check("jobs", jobs.health_check())
        .build()?;

    let server = Monitoring::from_settings(&settings)
        .metrics(prometheus)
        .health(health.clone())
        .jobs(jobs.clone())
        .log_level(logging.level())
        .dashboard()
        .spawn()
        .await?;
    let url = format!("http://{}", server.local_addr());
    println!("listening on {url}");
    println!("open {url}/dashboard");
    println!("try  curl {url}/metrics");
    println!("     curl {url}/readyz");
    println!("     curl -H \"authorization: Bearer $MONITORING_TOKEN\" {url}/jobs");

    let work = tokio::spawn(work(jobs.clone()));
    // Nobody sends requests to a worker, so it need not wait for load balancers.
    let signal = health.shutdown_signal().delay(Duration::ZERO);
    server.until(signal).await;
    // A run in progress is cancelled before the last events are written.
    work.abort();
    let _ = work.await;
    jobs.shutdown(Duration::from_secs(5)).await?;
    logging.shutdown(Duration::from_secs(1))?;
    Ok(())
}

/// Every fourth run fails.
async fn work(jobs: Jobs) {
    let mut times = interval(Duration::from_secs(2));
    for n in 0_u64.. {
        times.tick().await;
        let made = jobs.monitor_with(THUMBNAILS, |run| async move {
            sleep(Duration::from_millis(100)).await;
            run.set("pictures", n);
            if n % 4 == 3 {
                Err("a picture is broken")
            } else {
                Ok(())
            }
        });
        if let Err(error) = made.await {
            tracing::warn!(error, "the thumbnails are not made");
        }
    }
}
