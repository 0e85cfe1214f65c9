//! The promises of `AlertStore`, each with an empty store.

use std::time::Duration;

use tower_vitals::ErrorKind;
use tower_vitals::alerts::stores::{AlertStore, Commit, Event, HistoryQuery, Lease, Saved};

use super::fixtures::{
    LEDGER, TTL, at, commit_to, delivered, document, events, fired, id, pages, queued, silenced,
    take,
};
use crate::support::until;

/// 30 days.
pub(super) const AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

pub(super) async fn a_ledger_that_was_never_written_is_empty(store: impl AlertStore) {
    assert_eq!(store.load(LEDGER).await.unwrap(), Saved::default());
    take(&store, LEDGER).await;
    assert_eq!(store.load(LEDGER).await.unwrap(), Saved::default());
    let page = store.history(&HistoryQuery::latest(10)).await.unwrap();
    assert_eq!((page.events.len(), page.next), (0, None));
    assert_eq!(store.unreadable_rows(), 0);
}

pub(super) async fn documents_are_written_replaced_and_deleted(store: impl AlertStore) {
    let mut commit = commit_to(&store, LEDGER).await;
    document(&mut commit, "state", "{\"a\": 1}");
    document(&mut commit, "notifier", "[]");
    document(&mut commit, "slo", "null");
    store.commit(&commit).await.unwrap();
    commit.documents.clear();
    commit.seen = Some(at(15));
    document(&mut commit, "state", "{\"a\": 2}");
    commit.documents.insert("notifier".to_owned(), None);
    commit.documents.insert("never there".to_owned(), None);
    store.commit(&commit).await.unwrap();
    let saved = store.load(LEDGER).await.unwrap();
    assert_eq!(saved.seen, Some(at(15)));
    let documents: Vec<_> = saved.documents.into_iter().collect();
    let expected = [("slo", "null"), ("state", "{\"a\": 2}")];
    let expected = expected.map(|(name, body)| (name.to_owned(), body.as_bytes().to_vec()));
    assert_eq!(documents, expected);
}

pub(super) async fn the_outbox_keeps_its_order(store: impl AlertStore) {
    let mut commit = commit_to(&store, LEDGER).await;
    let mut all: Vec<_> = (0..5).map(|n| queued(&n.to_string())).collect();
    // Their order is not that of their ids.
    all.reverse();
    commit.queued = all[..3].to_vec();
    store.commit(&commit).await.unwrap();
    commit.queued = all[3..].to_vec();
    store.commit(&commit).await.unwrap();
    assert_eq!(store.load(LEDGER).await.unwrap().outbox, all);

    // A failed attempt. Of two versions in one commit, the last one counts.
    all[1].attempts = 3;
    all[1].last_error = Some("503".to_owned());
    let mut before = all[1].clone();
    before.attempts = 2;
    commit.queued = vec![before, all[1].clone()];
    commit.done = vec![all[3].id, all[0].id, uuid::Uuid::now_v7()];
    store.commit(&commit).await.unwrap();
    let left = [all[1].clone(), all[2].clone(), all[4].clone()];
    assert_eq!(store.load(LEDGER).await.unwrap().outbox, left);

    // Queued and done at once.
    let gone = queued("gone");
    (commit.queued, commit.done) = (vec![gone.clone()], vec![gone.id]);
    store.commit(&commit).await.unwrap();
    assert_eq!(store.load(LEDGER).await.unwrap().outbox, left);
}

pub(super) async fn ledgers_are_apart(store: impl AlertStore) {
    let same = queued("both");
    for (name, seconds) in [("a", 1), ("b", 2)] {
        let mut commit = commit_to(&store, name).await;
        commit.seen = Some(at(seconds));
        document(&mut commit, "state", name);
        commit.queued = vec![same.clone()];
        commit.events = vec![fired(name, seconds)];
        store.commit(&commit).await.unwrap();
    }
    let mut commit = commit_to(&store, "a").await;
    commit.done = vec![same.id];
    commit.documents.insert("state".to_owned(), None);
    store.commit(&commit).await.unwrap();
    let a = store.load("a").await.unwrap();
    assert_eq!((a.outbox.len(), a.documents.len()), (0, 0));
    let b = store.load("b").await.unwrap();
    assert_eq!((b.outbox, b.seen), (vec![same], Some(at(2))));
    assert_eq!(b.documents["state"], b"b");
    let mut query = HistoryQuery::latest(10);
    query.ledger = Some("b".to_owned());
    assert_eq!(events(&store, &query).await, [fired("b", 2)]);
}

pub(super) async fn any_text_is_stored(store: impl AlertStore) {
    let weird = "NUL \0, quotes '\"`$1, backslash \\u0000 \\, \u{1F525}, \u{202E}, \r\n\t\u{7f}, '); DROP TABLE x; --";
    let ledger = weird.replace('\0', "");
    let mut commit = commit_to(&store, &ledger).await;
    document(&mut commit, &ledger, serde_json::to_vec(weird).unwrap());
    commit.queued = vec![queued(weird)];
    let mut event = fired("a", 0);
    if let Event::Transition(transition) = &mut event {
        weird.clone_into(&mut transition.name);
        transition.note = Some(weird.to_owned());
    }
    commit.events = vec![event.clone()];
    store.commit(&commit).await.unwrap();
    let saved = store.load(&ledger).await.unwrap();
    assert_eq!(saved.documents[&ledger], serde_json::to_vec(weird).unwrap());
    assert_eq!(saved.outbox, commit.queued);
    let mut query = HistoryQuery::latest(10);
    query.ledger = Some(ledger);
    assert_eq!(events(&store, &query).await, [event]);
}

/// 5 MB, as the state of 5,000 alerts.
pub(super) async fn large_documents_are_stored(store: impl AlertStore) {
    let mut commit = commit_to(&store, LEDGER).await;
    let body = format!("[{}0]", "{\"text\": \"\\\"\u{e9}\"},".repeat(300_000));
    assert!(body.len() > 5_000_000);
    document(&mut commit, "state", &*body);
    for seconds in [1, 2] {
        commit.seen = Some(at(seconds));
        store.commit(&commit).await.unwrap();
        let saved = store.load(LEDGER).await.unwrap();
        assert_eq!(saved.seen, Some(at(seconds)));
        assert!(saved.documents["state"] == body.as_bytes());
    }
}

/// 5,000 alerts fire at once, in notifications of 1,000 alerts.
pub(super) async fn large_commits_are_stored(store: impl AlertStore) {
    let names: Vec<_> = (0..1000).map(|n| format!("alert {n}")).collect();
    let names: Vec<_> = names.iter().map(|name| &**name).collect();
    let mut commit = commit_to(&store, LEDGER).await;
    commit.queued = (0..5000).map(|n| queued(&n.to_string())).collect();
    commit.events = (0..5000).map(|n| fired(names[n % 1000], 1)).collect();
    commit.events.extend((0..5).map(|_| delivered(&names, 2)));
    store.commit(&commit).await.unwrap();
    assert!(store.load(LEDGER).await.unwrap().outbox == commit.queued);
    let mut expected = commit.events.clone();
    expected.reverse();
    assert!(events(&store, &HistoryQuery::latest(10_000)).await == expected);
    let mut query = HistoryQuery::latest(100);
    query.alert = Some(id("alert 7"));
    assert_eq!(events(&store, &query).await.len(), 10);
}

pub(super) async fn names_and_documents_that_are_no_text_are_refused(store: impl AlertStore) {
    let commit = commit_to(&store, LEDGER).await;
    let refused = async |commit: &Commit, expected: &str| {
        let error = store.commit(commit).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert_eq!(error.to_string(), expected);
    };
    let no_text = "the document \"state\" of the ledger \"main\" is no text: UTF-8 without NUL is allowed, such as JSON";
    for body in [&b"\xff"[..], b"\"\0\""] {
        let mut commit = commit.clone();
        document(&mut commit, "state", body);
        document(&mut commit, "other", "1");
        refused(&commit, no_text).await;
    }
    let mut named = commit.clone();
    named.documents.insert("a\0".to_owned(), None);
    let message = "the document \"a\\0\" has a name with NUL, which databases refuse";
    refused(&named, message).await;
    named = Commit::new("a\0", Lease::endless(), at(0));
    refused(
        &named,
        "the ledger \"a\\0\" has a name with NUL, which databases refuse",
    )
    .await;
    assert_eq!(store.load(LEDGER).await.unwrap(), Saved::default());
}

pub(super) async fn the_history_has_pages(store: impl AlertStore) {
    let mut commit = commit_to(&store, LEDGER).await;
    let all: Vec<_> = (0..25).map(|n| fired("a", n)).collect();
    for some in all.chunks(7) {
        commit.events = some.to_vec();
        store.commit(&commit).await.unwrap();
    }
    let found = pages(&store, &HistoryQuery::latest(10)).await;
    let sizes: Vec<_> = found.iter().map(|page| page.events.len()).collect();
    assert_eq!(sizes, [10, 10, 5]);
    let found = found.into_iter().flat_map(|page| page.events);
    let latest_first: Vec<_> = all.iter().rev().cloned().collect();
    assert_eq!(found.collect::<Vec<_>>(), latest_first);
    // The last page is full.
    assert_eq!(pages(&store, &HistoryQuery::latest(5)).await.len(), 5);
    let none = store.history(&HistoryQuery::latest(0)).await.unwrap();
    assert_eq!((none.events.len(), none.next), (0, None));

    // New events do not move the pages.
    let mut query = HistoryQuery::latest(10);
    query.before = store.history(&query).await.unwrap().next;
    commit.events = vec![fired("a", 100)];
    store.commit(&commit).await.unwrap();
    let second = store.history(&query).await.unwrap();
    assert_eq!(second.events, latest_first[10..20]);
}

pub(super) async fn the_history_is_filtered(store: impl AlertStore) {
    let all = [
        fired("a", 1),
        fired("b", 2),
        delivered(&["a", "b", "a"], 3),
        silenced("a", 4),
        delivered(&["b"], 5),
        fired("a", 6),
    ];
    for (ledger, some) in [("one", &all[..5]), ("two", &all[5..])] {
        let mut commit = commit_to(&store, ledger).await;
        commit.events = some.to_vec();
        store.commit(&commit).await.unwrap();
    }
    let check = async |ledger: Option<&str>,
                       alert: Option<&str>,
                       since: Option<u64>,
                       expected: &[usize]| {
        for limit in [1, 2, 100] {
            let mut query = HistoryQuery::latest(limit);
            query.ledger = ledger.map(str::to_owned);
            query.alert = alert.map(id);
            query.since = since.map(at);
            let expected: Vec<_> = expected.iter().map(|n| all[n - 1].clone()).collect();
            assert_eq!(events(&store, &query).await, expected, "{query:?}");
        }
    };
    check(None, None, None, &[6, 5, 4, 3, 2, 1]).await;
    check(None, Some("a"), None, &[6, 4, 3, 1]).await;
    check(None, Some("b"), None, &[5, 3, 2]).await;
    check(None, Some("c"), None, &[]).await;
    check(Some("one"), None, None, &[5, 4, 3, 2, 1]).await;
    check(Some("two"), None, None, &[6]).await;
    check(None, None, Some(4), &[6, 5, 4]).await;
    check(None, None, Some(7), &[]).await;
    check(Some("one"), Some("a"), Some(3), &[4, 3]).await;
    check(Some("three"), None, None, &[]).await;
}

/// The store keeps ten events.
pub(super) async fn the_history_is_bounded_by_count(store: impl AlertStore) {
    let mut commit = commit_to(&store, LEDGER).await;
    for n in 0..30 {
        commit.seen = Some(at(n));
        commit.events = vec![fired("a", n)];
        store.commit(&commit).await.unwrap();
    }
    let expected: Vec<_> = (20..30).rev().map(|n| fired("a", n)).collect();
    until("ten events are left", async || {
        events(&store, &HistoryQuery::latest(100)).await == expected
    })
    .await;
    // Many at once.
    commit.events = (0..2000).map(|n| fired("b", n)).collect();
    store.commit(&commit).await.unwrap();
    let expected: Vec<_> = (1990..2000).rev().map(|n| fired("b", n)).collect();
    until("ten events of many are left", async || {
        events(&store, &HistoryQuery::latest(100)).await == expected
    })
    .await;
    let mut query = HistoryQuery::latest(100);
    query.alert = Some(id("a"));
    assert_eq!(events(&store, &query).await, []);
}

/// The store keeps events for [`AGE`].
pub(super) async fn the_history_is_bounded_by_age(store: impl AlertStore) {
    let mut commit = commit_to(&store, LEDGER).await;
    commit.events = (0..3).map(|n| fired("a", n)).collect();
    store.commit(&commit).await.unwrap();
    assert_eq!(events(&store, &HistoryQuery::latest(9)).await.len(), 3);
    commit.events = vec![fired("b", AGE.as_secs() + 2)];
    commit.seen = Some(at(2) + AGE);
    store.commit(&commit).await.unwrap();
    let expected = [fired("b", AGE.as_secs() + 2), fired("a", 2)];
    until("the older events are gone", async || {
        events(&store, &HistoryQuery::latest(9)).await == expected
    })
    .await;
}

pub(super) async fn a_lease_is_taken_renewed_and_released(store: impl AlertStore) {
    let lease = async |holder: &str| store.lease(LEDGER, holder, TTL).await.unwrap();
    let first = lease("one").await.unwrap();
    assert_eq!(first, Lease::new(1));
    assert_eq!(lease("two").await, None);
    assert_eq!(lease("one").await, Some(first));
    // Ledgers are leased one by one.
    let other = store.lease("other", "two", TTL).await.unwrap();
    assert_eq!(other, Some(Lease::new(1)));

    let holder = async || store.holder(LEDGER).await.unwrap();
    assert_eq!(holder().await, Some(("one".to_owned(), first)));
    store.release(LEDGER, first).await.unwrap();
    assert_eq!(holder().await, None);
    assert_eq!(store.holder("never there").await.unwrap(), None);
    let second = lease("two").await.unwrap();
    assert_eq!(holder().await, Some(("two".to_owned(), second)));
    assert_eq!(second, Lease::new(2));
    // A former lease has no effect.
    store.release(LEDGER, first).await.unwrap();
    store.release("never there", first).await.unwrap();
    assert_eq!(lease("one").await, None);
    assert_eq!(lease("two").await, Some(second));
}

pub(super) async fn a_lease_ends_by_the_clock_of_the_store(store: impl AlertStore) {
    let short = Duration::from_millis(100);
    let first = store.lease(LEDGER, "one", short).await.unwrap().unwrap();
    until("another one takes over", async || {
        let taken = store.lease(LEDGER, "two", TTL).await.unwrap();
        taken.is_none_or(|taken| taken == Lease::new(2)) && taken.is_some()
    })
    .await;
    let mut commit = Commit::new(LEDGER, first, at(0));
    document(&mut commit, "state", "late");
    let error = store.commit(&commit).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert_eq!(store.lease(LEDGER, "one", TTL).await.unwrap(), None);

    // If nobody took over, the same holder goes on.
    let first = store.lease("b", "one", short).await.unwrap().unwrap();
    let commit = Commit::new("b", first, at(0));
    until("the lease is over", async || {
        store
            .commit(&commit)
            .await
            .is_err_and(|error| error.kind() == ErrorKind::Refused)
    })
    .await;
    assert_eq!(store.lease("b", "one", TTL).await.unwrap(), Some(first));
    store.commit(&commit).await.unwrap();
}

pub(super) async fn commits_without_the_lease_are_refused(store: impl AlertStore) {
    // A ledger that was never leased needs none.
    let mut commit = Commit::new(LEDGER, Lease::endless(), at(0));
    document(&mut commit, "state", "0");
    store.commit(&commit).await.unwrap();
    store.commit(&commit).await.unwrap();
    let lease = take(&store, LEDGER).await;
    let refused = async |lease: Lease| {
        let mut commit = Commit::new(LEDGER, lease, at(9));
        document(&mut commit, "state", "refused");
        commit.queued = vec![queued("refused")];
        commit.events = vec![fired("refused", 0)];
        let error = store.commit(&commit).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert_eq!(
            error.to_string(),
            "the lease of the ledger \"main\" is over, or another engine has it"
        );
    };
    refused(Lease::endless()).await;
    refused(Lease::new(lease.epoch + 1)).await;
    store.release(LEDGER, lease).await.unwrap();
    refused(lease).await;
    let second = store.lease(LEDGER, "two", TTL).await.unwrap().unwrap();
    refused(lease).await;
    commit.lease = second;
    document(&mut commit, "state", "1");
    store.commit(&commit).await.unwrap();
    let saved = store.load(LEDGER).await.unwrap();
    assert_eq!((saved.seen, saved.outbox), (Some(at(0)), vec![]));
    assert_eq!(saved.documents["state"], b"1");
    assert_eq!(events(&store, &HistoryQuery::latest(9)).await, []);
}

/// The engine and the delivery worker commit to one ledger, and another engine to another one.
pub(super) async fn commits_at_once_are_complete(store: impl AlertStore) {
    let engine = take(&store, "one").await;
    let other = take(&store, "two").await;
    let write = async |ledger: &str, lease: Lease, name: &str| {
        for n in 0..50 {
            let mut commit = Commit::new(ledger, lease, at(n));
            document(&mut commit, name, n.to_string());
            commit.queued = vec![queued(name)];
            commit.events = vec![fired(name, n)];
            store.commit(&commit).await.unwrap();
        }
    };
    let writers = async {
        tokio::join!(
            write("one", engine, "a"),
            write("one", engine, "b"),
            write("two", other, "c")
        )
    };
    let read = async {
        for _ in 0..20 {
            let saved = store.load("one").await.unwrap();
            let count = |name: &str| {
                let body = saved.documents.get(name)?;
                let written: usize = std::str::from_utf8(body).unwrap().parse().unwrap();
                Some(written + 1)
            };
            let written = count("a").unwrap_or(0) + count("b").unwrap_or(0);
            assert_eq!(saved.outbox.len(), written);
        }
    };
    tokio::join!(writers, read);
    for (ledger, expected) in [("one", 100), ("two", 50)] {
        assert_eq!(store.load(ledger).await.unwrap().outbox.len(), expected);
        let mut query = HistoryQuery::latest(7);
        query.ledger = Some(ledger.to_owned());
        assert_eq!(events(&store, &query).await.len(), expected);
    }
    let mut query = HistoryQuery::latest(7);
    query.alert = Some(id("b"));
    let expected: Vec<_> = (0..50).rev().map(|n| fired("b", n)).collect();
    assert_eq!(events(&store, &query).await, expected);
}

pub(super) async fn events_in_doubt_are_stored_once(store: impl AlertStore) {
    let mut first = commit_to(&store, "one").await;
    first.events = vec![fired("a", 1), fired("b", 1)];
    store.commit(&first).await.unwrap();
    let mut second = commit_to(&store, "one").await;
    // The third was not in the first commit, and the last is no repetition.
    second.events = vec![fired("a", 1), fired("b", 1), fired("c", 1), fired("a", 1)];
    second.in_doubt = 3;
    store.commit(&second).await.unwrap();
    let all = HistoryQuery::latest(100);
    let expected = vec![fired("a", 1), fired("c", 1), fired("b", 1), fired("a", 1)];
    assert_eq!(events(&store, &all).await, expected);
    let mut query = HistoryQuery::latest(100);
    query.alert = Some(id("c"));
    assert_eq!(events(&store, &query).await, [fired("c", 1)]);
    // Another ledger has its own.
    let mut other = commit_to(&store, "two").await;
    other.events = vec![fired("a", 1)];
    other.in_doubt = 1;
    store.commit(&other).await.unwrap();
    assert_eq!(events(&store, &all).await.len(), 5);
    // All are known.
    other.events = vec![fired("a", 1)];
    store.commit(&other).await.unwrap();
    assert_eq!(events(&store, &all).await.len(), 5);
}
