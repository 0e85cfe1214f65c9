//! A process that is killed during commits, thirty times: its ledger is always one that some commit wrote completely.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::Connection;
use tower_vitals::alerts::stores::{
    AlertStore, Commit, Event, HistoryQuery, Lease, Saved, SqliteAlerts,
};

use super::fixtures::{LEDGER, TTL, at, delivered, document, events, fired, queued};
use super::sqlite::File;

const CHILD: &str = "stores::kill::the_process_that_is_killed";

/// The name is the same after a kill, so that the process need not wait for the end of its lease.
const HOLDER: &str = "shop-1";

/// The number of notifications in the outbox after the nth commit.
fn outbox(n: u64) -> u64 {
    n % 5
}

/// The nth commit. Each of its parts tells its number.
fn commit(n: u64, lease: Lease, before: &Saved) -> Commit {
    let mut commit = Commit::new(LEDGER, lease, at(n));
    document(&mut commit, "state", n.to_string());
    // Several pages of the file.
    document(
        &mut commit,
        "notifier",
        format!("\"{n}{}\"", " ".repeat(50_000)),
    );
    commit.queued = (0..outbox(n)).map(|_| queued(&n.to_string())).collect();
    commit.done = before.outbox.iter().map(|queued| queued.id).collect();
    commit.events = vec![fired("a", n), delivered(&["a", "b"], n)];
    commit
}

/// The number of the commit that wrote this ledger, every part of it.
fn number(saved: &Saved) -> u64 {
    let Some(state) = saved.documents.get("state") else {
        assert_eq!(*saved, Saved::default());
        return 0;
    };
    let text = std::str::from_utf8(state).unwrap();
    let number = text.parse().unwrap();
    assert_eq!(saved.seen, Some(at(number)));
    let notifier = std::str::from_utf8(&saved.documents["notifier"]).unwrap();
    assert_eq!(notifier.trim_matches(['"', ' ']), text);
    let texts = saved.outbox.iter();
    let texts: Vec<_> = texts
        .map(|queued| queued.notification.text.as_deref())
        .collect();
    assert_eq!(
        texts,
        vec![Some(text); usize::try_from(outbox(number)).unwrap()]
    );
    number
}

/// Commits without an end, and prints the number of each commit that is written.
async fn commit_for_ever(store: impl AlertStore) {
    let lease = store.lease(LEDGER, HOLDER, TTL).await.unwrap().unwrap();
    let mut saved = store.load(LEDGER).await.unwrap();
    let mut n = number(&saved);
    loop {
        n += 1;
        let commit = commit(n, lease, &saved);
        store.commit(&commit).await.unwrap();
        println!("written {n}");
        saved.outbox = commit.queued;
    }
}

/// Only [`killed_after`] starts it with a place.
#[tokio::test]
async fn the_process_that_is_killed() {
    let Ok(place) = std::env::var("VITALS_ALERTS_KILLED") else {
        return;
    };
    #[cfg(feature = "alerts-postgres")]
    if place.starts_with("postgres:") {
        let store = tower_vitals::alerts::stores::PostgresAlerts::url(&place).unwrap();
        return commit_for_ever(store).await;
    }
    commit_for_ever(SqliteAlerts::open(place)).await;
}

/// Runs the process for `time` after its first commit, then kills it. Returns the number of the last commit that it printed.
fn killed_after(place: &str, time: Duration) -> u64 {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", CHILD, "--nocapture", "--test-threads=1"])
        .env("VITALS_ALERTS_KILLED", place)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut written = lines.map_while(Result::ok).filter_map(|line| {
        let (_, number) = line.split_once("written ")?;
        number.parse::<u64>().ok()
    });
    let first = written.next().unwrap();
    std::thread::sleep(time);
    // SIGKILL.
    process.kill().unwrap();
    process.wait().unwrap();
    written.last().unwrap_or(first)
}

async fn survives_thirty_kills(place: &str, open: impl Fn() -> Box<dyn AlertStore>) {
    let mut last = 0;
    for _ in 0..30 {
        let random = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let random = u64::from(random.subsec_micros()) % 200_000;
        let printed = killed_after(place, Duration::from_micros(random));
        assert!(printed > last);
        last = number(&open().load(LEDGER).await.unwrap());
        // A commit may be complete and not be printed yet.
        assert!((printed..=printed + 1).contains(&last), "{printed} {last}");
    }
    println!("{last} commits over 30 kills");
    let store = open();
    let mut found = events(&*store, &HistoryQuery::latest(1000)).await;
    found.reverse();
    let times: Vec<_> = found.iter().map(Event::at).collect();
    let expected: Vec<_> = (1..=last).flat_map(|n| [at(n), at(n)]).collect();
    assert!(times == expected, "{} of {}", times.len(), expected.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_survives_thirty_kills() {
    let file = File::new("kill");
    let place = file.0.to_str().unwrap();
    survives_thirty_kills(place, || Box::new(file.store())).await;
    let mut connection = sqlx::SqliteConnection::connect(place).await.unwrap();
    let check = sqlx::query_scalar::<_, String>("PRAGMA integrity_check");
    assert_eq!(check.fetch_one(&mut connection).await.unwrap(), "ok");
}

#[cfg(feature = "alerts-postgres")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/run"]
async fn postgres_survives_thirty_kills() {
    use tower_vitals::alerts::stores::PostgresAlerts;

    let database = super::postgres::Database::new("kill").await;
    let url = database.url();
    survives_thirty_kills(&url, || Box::new(PostgresAlerts::url(&url).unwrap())).await;
}
