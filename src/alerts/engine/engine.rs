//! `Engine`: the parts that the handles and the task share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::book::{Book, Step};
use super::context::Context;
use super::inbox::Inbox;
use super::instruments::Instruments;
use super::ledger::Ledger;
use super::shared::Shared;
use super::views::AlertsStats;
use super::when::When;
use crate::alerts::computed::Computed;
use crate::alerts::outcome::Outcome;
use crate::alerts::samples::Samples;
use crate::alerts::scratch::Scratch;
use crate::alerts::state::{AlertState, Transition};
use crate::alerts::stores::{AlertStore, HistoryPage, HistoryQuery};
use crate::error::{Error, ErrorKind};
use crate::exporter::Snapshot;
use crate::join_all::join_all;
use crate::log_limit::LogLimit;
use crate::panics;
use crate::time::later_instant;

/// A closure of the service that computes a signal may take this long.
const COMPUTE_TIMEOUT: Duration = Duration::from_secs(10);
const HISTORY_TIMEOUT: Duration = Duration::from_secs(5);

/// The parts that the handles and the task share.
pub(super) struct Engine {
    pub(super) context: Arc<Context>,
    pub(super) ledgers: Vec<Ledger>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) instruments: Instruments,
    pub(super) store: Arc<dyn AlertStore>,
    pub(super) shared: Mutex<Shared>,
    samples: Mutex<Samples>,
    computed: Vec<(String, Computed)>,
    last: Mutex<Last>,
    missed: AtomicU64,
    pub(super) failures: LogLimit,
    has_ended: AtomicBool,
    /// The last evaluation, or the last look at the requests of code if there are no metrics.
    pub(super) ticked: Mutex<Option<Instant>>,
    pub(super) started: Instant,
}

#[derive(Default)]
struct Last {
    ended: Option<SystemTime>,
    took: Duration,
}

impl Engine {
    pub(super) fn new(
        context: Arc<Context>,
        ledgers: Vec<Ledger>,
        store: Arc<dyn AlertStore>,
        computed: Vec<(String, Computed)>,
        instruments: Instruments,
    ) -> Self {
        Self {
            samples: Mutex::new(Samples::for_rules(&context.rules).max_series(context.max_series)),
            context,
            ledgers,
            inbox: Arc::default(),
            instruments,
            store,
            shared: Mutex::default(),
            computed,
            last: Mutex::default(),
            missed: AtomicU64::new(0),
            failures: LogLimit::default(),
            has_ended: AtomicBool::new(false),
            ticked: Mutex::default(),
            started: Instant::now(),
        }
    }

    /// Whether several instances share the store.
    pub(super) fn is_shared(&self) -> bool {
        self.ledgers.len() > 1
    }

    pub(super) fn open_ledgers(&self) -> impl Iterator<Item = &Ledger> {
        self.ledgers.iter().filter(|ledger| ledger.is_open())
    }

    /// Takes the ledgers that no other engine holds, and holds on to its own.
    pub(super) async fn hold(&self, when: When) {
        for ledger in &self.ledgers {
            ledger.hold(when).await;
        }
    }

    /// Takes the ledgers if none is open, as right after the start.
    pub(super) async fn hold_if_closed(&self) {
        if self.open_ledgers().next().is_none() {
            self.hold(When::Now).await;
            // So that the silences of all instances are listed.
            self.share(When::Now).await;
        }
    }

    /// Calls the closures of the service, side by side.
    pub(super) async fn compute(&self) {
        let mut calls = JoinSet::new();
        for (name, computed) in &self.computed {
            let (name, computed) = (name.clone(), computed.clone());
            calls.spawn(async move {
                let call = panics::caught(async { computed.run().await });
                let failed = |problem: &str| {
                    let message = format!("the signal {name:?} was not computed");
                    Err(Error::external(message, problem))
                };
                let result = match timeout(COMPUTE_TIMEOUT, call).await {
                    Ok(Ok(result)) => result,
                    Ok(Err(_)) => failed("its closure panicked"),
                    Err(_) => failed("no answer within 10 s"),
                };
                (name, result)
            });
        }
        while let Some(done) = calls.join_next().await {
            if let Ok((name, result)) = done {
                self.samples.lock().set_computed(name, result);
            }
        }
    }

    /// Adds a snapshot without evaluating the rules.
    pub(super) fn observe(&self, snapshot: &Snapshot, now: SystemTime) {
        let left_out = {
            let mut samples = self.samples.lock();
            samples.add(snapshot, now);
            samples.stats().left_out
        };
        self.instruments.left_out(left_out, self.context.max_series);
    }

    /// Evaluates all rules of the ledgers that this engine holds, over a snapshot of the time `at`.
    pub(super) async fn evaluate(
        &self,
        snapshot: &Snapshot,
        at: SystemTime,
        when: When,
    ) -> Result<Vec<Transition>, Error> {
        let began = crate::measure::Instant::now();
        self.observe(snapshot, at);
        let mut transitions = Vec::new();
        let mut failed = None;
        let mut statuses = Vec::new();
        for (index, ledger) in self.ledgers.iter().enumerate() {
            if !ledger.is_open() {
                continue;
            }
            let changed = ledger.run(when, |book, step, now| {
                // Here, because a ledger that is closed meanwhile leaves them in the inbox.
                if index == 0 {
                    book.take(self.inbox.take(), now, step);
                }
                self.judge(&ledger.rules, book, at, step);
                if index == 0 {
                    statuses = book.judge_slos(snapshot, at, step);
                }
                Ok(step.transitions.clone())
            });
            match changed.await {
                Ok(changed) => transitions.extend(changed),
                Err(error) => failed = Some(error),
            }
        }
        self.instruments.judged(&statuses);
        self.feed(when);
        let took = began.elapsed();
        *self.last.lock() = Last {
            ended: Some(at),
            took,
        };
        self.instruments.evaluated(at, took);
        self.ticked();
        failed.map_or(Ok(transitions), Err)
    }

    /// Notes that the engine works. The heartbeats depend on it.
    pub(super) fn ticked(&self) {
        *self.ticked.lock() = Some(Instant::now());
        if !self.is_healthy() {
            return;
        }
        for ledger in self.open_ledgers() {
            ledger.read(|open| open.delivery.beat());
        }
    }

    /// Evaluates these rules.
    fn judge(&self, rules: &[usize], book: &mut Book, at: SystemTime, step: &mut Step) {
        let samples = self.samples.lock();
        let mut scratch = Scratch::default();
        for index in rules {
            let Some(rule) = <[_]>::get(&self.context.rules, *index) else {
                continue;
            };
            let views = samples.planned(*index);
            let found = rule.find(&samples, views, at, &mut scratch);
            let outcome = match &found {
                Ok(()) => Outcome::Members(&scratch.found),
                Err(error) => Outcome::Failed(error),
            };
            self.evaluated(&rule.name, book.evaluate(rule, outcome, at, step));
        }
    }

    /// Reports the failure of a rule.
    fn evaluated(&self, rule: &str, result: Result<(), Error>) {
        let Err(error) = result else { return };
        self.instruments.failed();
        if let Some(left_out) = self.failures.next() {
            tracing::warn!(rule, %error, left_out, "an alert rule cannot be evaluated");
        }
    }

    /// Does what code asked for, and sends what is due meanwhile.
    pub(super) async fn wake(&self) {
        for (index, ledger) in self.ledgers.iter().enumerate() {
            if !ledger.is_open() {
                continue;
            }
            // A failure of the store is logged there, and the step is written later.
            let _ = ledger
                .run(When::Now, |book, step, now| {
                    // Here, because a ledger that is closed meanwhile leaves them in the inbox.
                    if index == 0 {
                        book.take(self.inbox.take(), now, step);
                    }
                    Ok(())
                })
                .await;
        }
        self.feed(When::Now);
    }

    /// Feeds the channels that get all alerts.
    fn feed(&self, when: When) {
        for ledger in self.telling_ledgers() {
            ledger.read(|open| {
                if open.delivery.takes_alerts() {
                    open.delivery.sync(&open.book.posted(when.read()));
                }
            });
        }
    }

    /// The next time at which a notification is due without an evaluation.
    pub(super) fn next_due(&self, now: SystemTime) -> Option<SystemTime> {
        let due = self.telling_ledgers();
        due.filter_map(|ledger| ledger.read(|open| open.book.notifier.next_due(now))?)
            .min()
    }

    /// The open ledgers whose lease is not over.
    pub(super) fn telling_ledgers(&self) -> impl Iterator<Item = &Ledger> {
        self.open_ledgers().filter(|ledger| !ledger.is_paused())
    }

    pub(super) fn missed(&self, ticks: u64) {
        self.missed.fetch_add(ticks, Ordering::Relaxed);
        self.instruments.missed(ticks);
    }

    /// Takes the ledgers if none is open and the store was not tried yet. Fails while the alerts of none are read: those that
    /// began in memory are not all.
    pub(super) async fn ready(&self) -> Result<(), Error> {
        if self.ledgers.iter().all(|ledger| ledger.failure().is_none()) {
            self.hold_if_closed().await;
        }
        if self.open_ledgers().any(|ledger| !ledger.is_provisional()) {
            return Ok(());
        }
        let closed = self.ledgers.iter().map(Ledger::is_closed);
        let closed = closed.max_by_key(|error| error.kind() == ErrorKind::Io);
        closed.map_or(Ok(()), Err)
    }

    pub(super) async fn history(&self, query: &HistoryQuery) -> Result<HistoryPage, Error> {
        match timeout(HISTORY_TIMEOUT, self.store.history(query)).await {
            Ok(page) => page,
            Err(_) => Err(Error::external(
                "the history of alerts cannot be read",
                format!("no answer within {HISTORY_TIMEOUT:?}"),
            )),
        }
    }

    pub(super) fn stats(&self) -> AlertsStats {
        let now = SystemTime::now();
        let last = self.last.lock();
        let (last_evaluation, took) = (last.ended, last.took);
        drop(last);
        let mut stats = AlertsStats {
            alerts: BTreeMap::new(),
            firing: BTreeMap::new(),
            rules: self.context.rules.len(),
            silences: self.silences(now).len(),
            last_evaluation,
            last_evaluation_seconds: took.as_secs_f64(),
            missed_ticks: self.missed.load(Ordering::Relaxed),
            dropped: 0,
            series_left_out: self.instruments.series_left_out(),
            dropped_events: self.instruments.losses.events(),
            dropped_notifications: self.instruments.losses.notifications(),
            store_error: self.ledgers.iter().find_map(Ledger::failure),
            channels: self.channels(),
        };
        for ledger in self.open_ledgers() {
            ledger.read(|open| {
                for alert in open.book.state.alerts() {
                    *stats.alerts.entry(alert.state).or_default() += 1;
                    if alert.state == AlertState::Firing {
                        *stats.firing.entry(alert.level).or_default() += 1;
                    }
                }
                stats.dropped += open.book.state.dropped();
            });
        }
        stats
    }

    /// Ends the engine within the deadline.
    pub(super) async fn shut_down(&self, deadline: Duration) {
        let deadline = later_instant(Instant::now(), deadline);
        let _ = timeout_at(deadline, self.last_steps()).await;
        self.has_ended.store(true, Ordering::Release);
        join_all(self.ledgers.iter().map(|ledger| ledger.shut_down(deadline))).await;
    }

    /// Does what code asked for, and saves what is saved now and then only.
    async fn last_steps(&self) {
        for (index, ledger) in self.ledgers.iter().enumerate() {
            // A failure of the store is logged there.
            let _ = ledger
                .run(When::Now, |book, step, now| {
                    if index == 0 {
                        book.take(self.inbox.take(), now, step);
                        book.save_slos(now, step);
                    }
                    Ok(())
                })
                .await;
        }
        self.feed(When::Now);
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Acquire)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // The task sees that the last handle is gone.
        self.inbox.wake();
    }
}
