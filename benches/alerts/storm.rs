//! 5,000 alerts at once, from their evaluation to a local server.
//!
//! The bare client then posts the same messages. Both send one message at a time over one connection, and the server runs on a thread
//! of its own. The store is in memory.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use allocation_counter::measure as allocated;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::runtime::Runtime;
use tower_vitals::alerts::channels::{Channel, DeliveryError, Notification};
use tower_vitals::alerts::stores::{
    AlertStore, Commit, HistoryPage, HistoryQuery, Lease, MemoryAlerts, Saved,
};
use tower_vitals::alerts::{Alerts, Computed, Labels, Level, Receiver, Rule, Rules, Signal};
use tower_vitals::{Error, Prometheus};
use uuid::Uuid;

use super::delivery::Post;
use crate::support::median;

const ALERTS: usize = 5_000;
const ROUNDS: usize = 5;

/// Posts, and keeps what it posted.
#[derive(Clone)]
struct Kept {
    post: Arc<Post>,
    sent: Arc<Mutex<Vec<Notification>>>,
}

impl Channel for Kept {
    fn kind(&self) -> &'static str {
        "post"
    }

    fn send<'a>(&'a self, sent: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(async {
            self.post.send(sent).await?;
            self.sent.lock().push(sent.clone());
            Ok(())
        })
    }
}

/// A store in memory that counts its outbox.
#[derive(Clone, Default)]
struct Counted {
    store: MemoryAlerts,
    outbox: Arc<Mutex<Outbox>>,
}

#[derive(Default)]
struct Outbox {
    waiting: HashSet<Uuid>,
    longest: usize,
    delivered: usize,
}

impl AlertStore for Counted {
    fn kind(&self) -> &'static str {
        "counted"
    }

    fn load<'a>(&'a self, ledger: &'a str) -> BoxFuture<'a, Result<Saved, Error>> {
        self.store.load(ledger)
    }

    fn lease<'a>(
        &'a self,
        ledger: &'a str,
        holder: &'a str,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Option<Lease>, Error>> {
        self.store.lease(ledger, holder, ttl)
    }

    fn commit<'a>(&'a self, commit: &'a Commit) -> BoxFuture<'a, Result<(), Error>> {
        let mut outbox = self.outbox.lock();
        outbox.waiting.extend(commit.queued.iter().map(|it| it.id));
        outbox.longest = outbox.longest.max(outbox.waiting.len());
        for id in &commit.done {
            outbox.delivered += usize::from(outbox.waiting.remove(id));
        }
        drop(outbox);
        self.store.commit(commit)
    }

    fn history<'a>(&'a self, query: &'a HistoryQuery) -> BoxFuture<'a, Result<HistoryPage, Error>> {
        self.store.history(query)
    }
}

/// How the alerts are told.
struct Case {
    name: &'static str,
    group_by: &'static str,
    max_per_hour: usize,
    /// The messages that this makes.
    messages: usize,
}

const CASES: [Case; 2] = [
    Case {
        name: "each alone, cap 10,000",
        group_by: "...",
        max_per_hour: 10_000,
        messages: ALERTS,
    },
    Case {
        name: "groups of 10, cap 400",
        group_by: "service",
        max_per_hour: 400,
        // The last one of the hour is kept for critical alerts.
        messages: 399,
    },
];

/// The values of the alerts: 10 checks of each of 500 services fail.
fn values() -> Vec<(Labels, f64)> {
    let labels = |n: usize| {
        let service = format!("service-{:03}.shop.example.com", n / 10);
        Labels::from([
            ("service".to_owned(), service),
            ("check".to_owned(), format!("check-{}", n % 10)),
        ])
    };
    (0..ALERTS).map(|n| (labels(n), 1.0)).collect()
}

/// The run of one case.
struct Run {
    /// Until the evaluation has queued all messages.
    queued: Duration,
    /// Until all messages are delivered and recorded.
    delivered: Duration,
    longest_outbox: usize,
}

async fn deliver(case: &Case, kept: &Kept) -> Run {
    let signal = Signal::computed("failing").by(["service", "check"]);
    let rule = Rule::new("CheckFails", signal).level(Level::Error);
    let rule = rule.summary("{{ labels.check }} of {{ labels.service }} fails");
    let receiver = Receiver::new("post", kept.clone())
        .group_by([case.group_by])
        .group_wait(Duration::ZERO)
        .max_per_hour(case.max_per_hour);
    let store = Counted::default();
    let alerts = Alerts::builder()
        .rules(Rules::builder().rule(rule))
        .computed(
            "failing",
            Computed::values(async || Ok::<_, Error>(values())),
        )
        .channel(receiver)
        .store(store.clone())
        .settle(Duration::ZERO)
        .manual()
        .run()
        .unwrap();
    let snapshot = Prometheus::builder().build().unwrap().snapshot();
    let began = Instant::now();
    let changes = alerts.evaluate_at(&snapshot, SystemTime::now()).await;
    assert_eq!(changes.unwrap().len(), ALERTS);
    let queued = began.elapsed();
    while store.outbox.lock().delivered < case.messages {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let delivered = began.elapsed();
    let outbox = store.outbox.lock();
    assert!(outbox.waiting.is_empty());
    Run {
        queued,
        delivered,
        longest_outbox: outbox.longest,
    }
}

async fn bare(post: &Post, messages: &[Notification]) -> Duration {
    let began = Instant::now();
    for message in messages {
        post.send(message).await.unwrap();
    }
    began.elapsed()
}

pub(super) fn measure(runtime: &Runtime, post: &Arc<Post>) {
    println!("{ALERTS} alerts at once, medians of {ROUNDS} rounds");
    println!(
        "{:<26}{:>9}{:>14}{:>14}{:>13}{:>7}{:>13}{:>16}{:>13}",
        "",
        "messages",
        "evaluation ms",
        "bare client/s",
        "delivered/s",
        "ratio",
        "ratio in all",
        "longest outbox",
        "peak memory"
    );
    for case in CASES {
        let kept = || Kept {
            post: Arc::clone(post),
            sent: Arc::default(),
        };
        let mut columns: [Vec<f64>; 5] = Default::default();
        let mut longest = 0;
        for _ in 0..ROUNDS {
            let kept = kept();
            let run = runtime.block_on(deliver(&case, &kept));
            let messages = std::mem::take(&mut *kept.sent.lock());
            assert_eq!(messages.len(), case.messages);
            let bare = runtime.block_on(bare(post, &messages)).as_secs_f64();
            let [queued, all] = [run.queued, run.delivered].map(|time| time.as_secs_f64());
            let count = messages.len() as f64;
            let delivery = all - queued;
            let round = [
                queued * 1e3,
                count / bare,
                count / delivery,
                bare / delivery,
                bare / all,
            ];
            for (column, value) in columns.iter_mut().zip(round) {
                column.push(value);
            }
            longest = longest.max(run.longest_outbox);
        }
        // Not in the rounds that are timed, because counting takes time.
        let memory = allocated(|| {
            runtime.block_on(deliver(&case, &kept()));
        });
        let [evaluation, bare, delivered, ratio, in_all] = columns.map(median);
        println!(
            "{:<26}{:>9}{evaluation:>14.0}{bare:>14.0}{delivered:>13.0}{ratio:>7.2}{in_all:>13.2}{longest:>16}{:>10.1} MB",
            case.name,
            case.messages,
            memory.bytes_max as f64 / 1e6
        );
    }
}
