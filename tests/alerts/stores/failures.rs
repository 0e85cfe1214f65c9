//! Failures that every database can have. The database is a parameter.

use tower_vitals::alerts::stores::{AlertStore, HistoryQuery, Saved};

use super::fixtures::{LEDGER, at, commit_to, document, events, fired, id, queued};
use crate::support::log::Log;
use crate::support::until;

/// `fault` makes the last statement of a commit fail, which follows those that wrote everything else.
pub(super) async fn a_failed_commit_changes_nothing(
    store: impl AlertStore,
    fault: impl AsyncFn(),
    mend: impl AsyncFn(),
) {
    let mut commit = commit_to(&store, LEDGER).await;
    document(&mut commit, "state", "1");
    document(&mut commit, "slo", "1");
    let first = queued("first");
    commit.queued = vec![first.clone()];
    commit.events = vec![fired("a", 1)];
    store.commit(&commit).await.unwrap();
    let before = store.load(LEDGER).await.unwrap();
    fault().await;

    commit.seen = Some(at(15));
    document(&mut commit, "state", "2");
    commit.documents.insert("slo".to_owned(), None);
    commit.queued = vec![queued("second")];
    commit.done = vec![first.id];
    commit.events = vec![fired("a", 2)];
    for _ in 0..3 {
        let error = store.commit(&commit).await.unwrap_err();
        let error = format!("{error:?}");
        assert!(error.contains("planted"), "{error}");
        assert_eq!(store.load(LEDGER).await.unwrap(), before);
        let found = events(&store, &HistoryQuery::latest(9)).await;
        assert_eq!(found, [fired("a", 1)]);
    }
    mend().await;
    store.commit(&commit).await.unwrap();
    let saved = store.load(LEDGER).await.unwrap();
    assert_eq!((saved.seen, saved.outbox), (Some(at(15)), commit.queued));
    assert_eq!(saved.documents.into_values().collect::<Vec<_>>(), [b"2"]);
    let found = events(&store, &HistoryQuery::latest(9)).await;
    assert_eq!(found, [fired("a", 2), fired("a", 1)]);
}

/// As if a newer version had written them.
pub(super) async fn unreadable_rows_are_skipped(
    store: impl AlertStore,
    run: impl AsyncFn(&'static str),
) {
    let (log, _guard) = Log::of_this_thread();
    let mut commit = commit_to(&store, LEDGER).await;
    commit.events = (0..300).map(|n| fired("a", n)).collect();
    commit.queued = vec![queued("a"), queued("b")];
    store.commit(&commit).await.unwrap();
    // All but the first event and the last 50.
    run("UPDATE vitals_alert_history SET body = '{\"event\": \"newer\"}' \
         WHERE id > (SELECT MIN(id) FROM vitals_alert_history) AND id <= (SELECT MAX(id) - 50 FROM vitals_alert_history)")
    .await;
    run("UPDATE vitals_alert_outbox SET body = 'no JSON' WHERE position = (SELECT MIN(position) FROM vitals_alert_outbox)")
        .await;
    let first = store.history(&HistoryQuery::latest(50)).await.unwrap();
    assert_eq!((first.events.len(), store.unreadable_rows()), (50, 0));
    let mut query = HistoryQuery::latest(50);
    query.alert = Some(id("a"));
    query.before = first.next;
    let second = store.history(&query).await.unwrap();
    assert_eq!((second.events, second.next), (vec![fired("a", 0)], None));
    assert_eq!(store.unreadable_rows(), 249);
    assert_eq!(store.load(LEDGER).await.unwrap().outbox, commit.queued[1..]);
    assert_eq!(store.unreadable_rows(), 250);
    let line = "the alert store contains a row that cannot be read";
    assert_eq!(log.count(line), 1, "{}", log.text());
}

/// `age` makes the ledger `gone` as old as 31 days.
pub(super) async fn abandoned_ledgers_are_removed(store: impl AlertStore, age: impl AsyncFn()) {
    for name in ["gone", "held"] {
        let mut commit = commit_to(&store, name).await;
        document(&mut commit, "state", "1");
        commit.queued = vec![queued("a")];
        store.commit(&commit).await.unwrap();
    }
    age().await;
    let mut commit = commit_to(&store, LEDGER).await;
    // The next prune is due when this much time has passed.
    commit.seen = Some(at(0) + super::contract::AGE);
    store.commit(&commit).await.unwrap();
    until("the ledger is removed", async || {
        store.load("gone").await.unwrap() == Saved::default()
    })
    .await;
    let held = store.load("held").await.unwrap();
    assert_eq!((held.documents.len(), held.outbox.len()), (1, 1));
}
