//! The background jobs.

use std::time::Duration;

use sqlx::SqlitePool;
use tokio::time::{interval, sleep};
use tower_vitals::alerts::{Alert, Alerts};
use tower_vitals::jobs::{Job, Jobs, SqliteHistory};

use crate::home::Home;
use crate::mood::Mood;
use crate::stock;

const RESTOCK: Job = Job::named("restock").every(Duration::from_secs(5));
const INVOICES: Job = Job::named("invoices")
    .every(Duration::from_secs(5))
    .failing_after(2);
const EXPORT: Job = Job::named("<u>export</u>")
    .every(Duration::from_secs(15))
    .max_runtime(Duration::from_secs(2));
/// The next run is far away.
const REPORT: Job = Job::named("report").cron("30 6 * * MON-FRI", "Europe/Berlin");

pub(crate) fn jobs(home: &Home) -> Result<Jobs, tower_vitals::Error> {
    Jobs::builder()
        .job(RESTOCK)
        .job(INVOICES)
        .job(EXPORT)
        .job(REPORT)
        // Short, so that runs of a killed process are soon marked lost.
        .lease(Duration::from_secs(5))
        .history(SqliteHistory::open(home.path("jobs.db")))
        .run()
}

pub(crate) async fn run(jobs: Jobs, alerts: Alerts, pool: SqlitePool, mood: Mood) {
    tokio::join!(
        restock(&jobs, &pool),
        invoices(&jobs, &alerts, &mood),
        export(&jobs, &mood)
    );
}

async fn restock(jobs: &Jobs, pool: &SqlitePool) {
    let mut times = interval(Duration::from_secs(5));
    loop {
        times.tick().await;
        let restocked = jobs.monitor_with(RESTOCK, |run| async move {
            run.set("items", stock::restock(pool).await?);
            Ok::<_, sqlx::Error>(())
        });
        if let Err(error) = restocked.await {
            tracing::error!(%error, "the shelves are not filled up");
        }
    }
}

/// Fail in bad times.
async fn invoices(jobs: &Jobs, alerts: &Alerts, mood: &Mood) {
    let mut times = interval(Duration::from_secs(5));
    loop {
        times.tick().await;
        let sent = jobs.monitor(INVOICES, async {
            sleep(Duration::from_millis(50)).await;
            if mood.is_bad() {
                Err("the printer says <script>alert('paper')</script>")
            } else {
                Ok(())
            }
        });
        if let Err(error) = sent.await {
            tracing::error!(error, "the invoices are not sent");
            // From code, without a rule. It resolves when it was not fired again for a while.
            let alert = Alert::warning(format!("invoices wait: {error}"))
                .name("InvoicesWait")
                .component("<s>accounting</s>")
                .auto_resolve(Duration::from_secs(10));
            alerts.fire(alert);
        }
    }
}

/// Takes too long in bad times.
async fn export(jobs: &Jobs, mood: &Mood) {
    let mut times = interval(Duration::from_secs(15));
    loop {
        times.tick().await;
        let seconds = if mood.is_bad() { 5 } else { 1 };
        let exported = jobs.monitor(EXPORT, async {
            sleep(Duration::from_secs(seconds)).await;
            Ok::<_, sqlx::Error>(())
        });
        let exported = exported.await;
        debug_assert!(exported.is_ok());
    }
}
