//! Events, notifications and commits.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use tower_vitals::alerts::Labels;
use tower_vitals::alerts::channels::{Notification, NotificationReason};
use tower_vitals::alerts::state::AlertId;
use tower_vitals::alerts::stores::{
    AlertStore, Commit, Event, HistoryPage, HistoryQuery, Lease, Queued,
};

pub(super) const LEDGER: &str = "main";
pub(super) const TTL: Duration = Duration::from_secs(60);

/// A time in seconds after some begin, with nanoseconds.
pub(super) fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::new(1_800_000_000 + seconds, 123_456_789)
}

pub(super) fn id(name: &str) -> AlertId {
    AlertId::of(name, &Labels::new())
}

/// The alert began to fire.
pub(super) fn fired(name: &str, seconds: u64) -> Event {
    let transition = json!({
        "event": "transition", "alert": id(name).to_string(), "name": name, "labels": {"pod": "a"}, "level": "critical",
        "text": null, "value": "NaN", "from": "pending", "to": "firing", "reason": "condition_true",
        "at": jiff::Timestamp::try_from(at(seconds)).unwrap().to_string(), "by": null, "note": null,
    });
    // A NaN differs from itself, and tests compare events.
    let mut transition = transition;
    transition["value"] = "0.1".into();
    serde_json::from_value(transition).unwrap()
}

/// A notification about these alerts was delivered.
pub(super) fn delivered(names: &[&str], seconds: u64) -> Event {
    let alerts: Vec<_> = names.iter().map(|name| id(name).to_string()).collect();
    serde_json::from_value(json!({
        "event": "notification", "at": jiff::Timestamp::try_from(at(seconds)).unwrap().to_string(),
        "notification": uuid::Uuid::now_v7(), "channel": "ops", "reason": "first", "group_key": "all", "alerts": alerts,
        "result": "delivered", "attempts": 1, "error": null,
    }))
    .unwrap()
}

/// A silence of this alert began.
pub(super) fn silenced(name: &str, seconds: u64) -> Event {
    let time = jiff::Timestamp::try_from(at(seconds)).unwrap().to_string();
    serde_json::from_value(json!({
        "event": "silence", "at": time, "began": true, "ended_by": null,
        "silence": {"id": 1, "target": {"alert": id(name).to_string()}, "until": time, "by": "ann", "note": null,
            "created_at": time},
    }))
    .unwrap()
}

/// A notification without alerts, which has this text.
pub(super) fn queued(text: &str) -> Queued {
    let mut notification = Notification::new(NotificationReason::First, "all", at(0));
    notification.text = Some(text.to_owned());
    Queued::new("ops", notification)
}

pub(super) async fn take(store: &impl AlertStore, ledger: &str) -> Lease {
    let lease = store.lease(ledger, "one", TTL).await.unwrap();
    lease.expect("nobody else has it")
}

/// A commit to the ledger, which this takes.
pub(super) async fn commit_to(store: &impl AlertStore, ledger: &str) -> Commit {
    Commit::new(ledger, take(store, ledger).await, at(0))
}

pub(super) fn document(commit: &mut Commit, name: &str, body: impl Into<Vec<u8>>) {
    commit.documents.insert(name.to_owned(), Some(body.into()));
}

/// All pages of this many events.
pub(super) async fn pages(
    store: &(impl AlertStore + ?Sized),
    query: &HistoryQuery,
) -> Vec<HistoryPage> {
    let (mut query, mut pages) = (query.clone(), Vec::new());
    loop {
        let page = store.history(&query).await.unwrap();
        query.before = page.next;
        pages.push(page);
        if query.before.is_none() {
            return pages;
        }
    }
}

/// All events, the latest first.
pub(super) async fn events(store: &(impl AlertStore + ?Sized), query: &HistoryQuery) -> Vec<Event> {
    let pages = pages(store, query).await;
    pages.into_iter().flat_map(|page| page.events).collect()
}
