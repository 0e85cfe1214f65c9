//! Commits per second of the alert stores, and the bytes that they write: `cargo bench --bench alert_stores --features
//! alerts-sqlite,alerts-postgres`. `VITALS_POSTGRES` adds PostgreSQL.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its table"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection, PgConnection, raw_sql};
use tower_vitals::alerts::Labels;
use tower_vitals::alerts::channels::{Notification, NotificationReason};
use tower_vitals::alerts::state::AlertId;
use tower_vitals::alerts::stores::{
    AlertStore, Commit, Event, HistoryQuery, MemoryAlerts, PostgresAlerts, Queued, SqliteAlerts,
};

fn event(alert: usize) -> Event {
    let labels: Labels = [("pod".to_owned(), alert.to_string())].into();
    let at = jiff::Timestamp::now().to_string();
    serde_json::from_value(json!({
        "event": "transition", "alert": AlertId::of("TooSlow", &labels).to_string(), "name": "TooSlow",
        "labels": labels, "level": "critical", "text": null, "value": "0.1", "from": "pending", "to": "firing",
        "reason": "condition_true", "at": at, "by": null, "note": null,
    }))
    .unwrap()
}

fn queued() -> Queued {
    let mut notification =
        Notification::new(NotificationReason::First, "TooSlow", SystemTime::now());
    notification.text = Some("x".repeat(700));
    Queued::new("ops", notification)
}

/// JSON of this many bytes.
fn document(bytes: usize) -> Vec<u8> {
    let item = "{\"alert\":\"0123456789abcdef\",\"since\":\"2026-11-29T00:00:00Z\"},";
    format!("[{}0]", item.repeat(bytes / item.len())).into_bytes()
}

/// The bytes that this process has passed to write calls.
fn written() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = io.lines().find_map(|line| line.strip_prefix("wchar: "));
    line.and_then(|bytes| bytes.parse().ok()).unwrap_or(0)
}

async fn commits(
    store: &dyn AlertStore,
    name: &str,
    mut commit: Commit,
    mut next: impl FnMut(&mut Commit),
) {
    let (began, bytes) = (Instant::now(), written());
    let mut done = 0_u32;
    while began.elapsed() < Duration::from_secs(3) {
        next(&mut commit);
        store.commit(&commit).await.unwrap();
        done += 1;
    }
    let rate = f64::from(done) / began.elapsed().as_secs_f64();
    let bytes = (written() - bytes) as f64 / f64::from(done) / 1024.0;
    println!("  {name:<44} {rate:>9.0} commits/s {bytes:>8.1} KiB/commit");
}

async fn measure(name: &str, store: &dyn AlertStore) {
    println!("{name}");
    let lease = store.lease("main", "one", Duration::from_secs(600)).await;
    let empty = Commit::new("main", lease.unwrap().unwrap(), SystemTime::now());
    let mut tick = empty.clone();
    tick.documents
        .insert("state".to_owned(), Some(document(20_000)));
    tick.documents
        .insert("notifier".to_owned(), Some(document(2_000)));
    commits(
        store,
        "tick: documents of 20 and 2 KB",
        tick.clone(),
        |_| {},
    )
    .await;
    let mut n = 0;
    commits(
        store,
        "delivery: one event, one done",
        empty.clone(),
        |commit| {
            n += 1;
            commit.events = vec![event(n % 1000)];
            commit.done = vec![uuid::Uuid::now_v7()];
        },
    )
    .await;
    commits(
        store,
        "tick with 10 events, 5 queued, 5 done",
        tick,
        |commit| {
            n += 10;
            commit.events = (0..10).map(|i| event((n + i) % 1000)).collect();
            commit.done = commit.queued.iter().map(|queued| queued.id).collect();
            commit.queued = (0..5).map(|_| queued()).collect();
        },
    )
    .await;
    let mut burst = empty.clone();
    burst.events = (0..5000).map(|i| event(i % 1000)).collect();
    burst.queued = (0..5000).map(|_| queued()).collect();
    let began = Instant::now();
    store.commit(&burst).await.unwrap();
    println!(
        "  5,000 events and 5,000 queued at once: {:?}",
        began.elapsed()
    );
    let began = Instant::now();
    let loaded = store.load("main").await.unwrap();
    println!(
        "  load of {} queued: {:?}",
        loaded.outbox.len(),
        began.elapsed()
    );
    let mut fill = empty;
    for _ in 0..20 {
        fill.events = (0..5000).map(|i| event(i % 1000)).collect();
        store.commit(&fill).await.unwrap();
    }
    let mut query = HistoryQuery::latest(100);
    let began = Instant::now();
    store.history(&query).await.unwrap();
    let all = began.elapsed();
    query.alert = fill.events[7].alerts().first().copied();
    let began = Instant::now();
    let page = store.history(&query).await.unwrap();
    let of_alert = began.elapsed();
    println!(
        "  pages of 100 of 100,000 events: {all:?}, of one alert: {of_alert:?} ({})",
        page.events.len()
    );
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn size(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap();
    files
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum()
}

#[tokio::main]
async fn main() {
    measure("memory", &MemoryAlerts::new()).await;
    let folder = format!("vitals-bench-alerts-{}", std::process::id());
    // The target's disk, because a temporary folder may be in memory.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let folder = Folder(target);
    std::fs::create_dir_all(&folder.0).unwrap();
    measure("SQLite", &SqliteAlerts::open(folder.0.join("normal.db"))).await;
    println!("  files: {} MiB", size(&folder.0) >> 20);
    let options = SqliteConnectOptions::new()
        .filename(folder.0.join("full.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new().max_connections(1);
    let pool = pool.connect_lazy_with(options);
    measure("SQLite with synchronous = FULL", &SqliteAlerts::pool(pool)).await;
    let Ok(url) = std::env::var("VITALS_POSTGRES") else {
        return;
    };
    let mut connection = PgConnection::connect(&url).await.unwrap();
    for sql in [
        "DROP DATABASE IF EXISTS vitals_bench_alerts WITH (FORCE)",
        "CREATE DATABASE vitals_bench_alerts",
    ] {
        raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut connection)
            .await
            .unwrap();
    }
    let (server, _) = url.rsplit_once('/').unwrap();
    let store = PostgresAlerts::url(&format!("{server}/vitals_bench_alerts")).unwrap();
    measure("PostgreSQL", &store).await;
}
