//! `Delivery`: the worker that delivers the outbox.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::attempt::attempt;
use super::channel_status::ChannelStatus;
use super::committer;
use super::recording::Recording;
use super::shared::Shared;
use super::worker;
use crate::alerts::channels::{DeliveryError, Mode, NotificationReason, NotifiedAlert, test_alert};
use crate::alerts::stores::Queued;
use crate::error::Error;

/// The worker that delivers the outbox of a ledger. See the [module](super) for its promises.
///
/// Dropping it ends its tasks and sets its gauges to 0, so drop it before the next one of its ledger starts. Notifications that are
/// not delivered, or whose delivery is not recorded, stay in the store.
pub struct Delivery {
    shared: Arc<Shared>,
    task: AbortHandle,
}

impl Delivery {
    pub(super) fn run(shared: Arc<Shared>, runtime: &Handle) -> Self {
        let lanes = shared.lanes.len();
        shared.state.lock().running = lanes;
        let of_task = Arc::clone(&shared);
        let task = runtime.spawn(async move {
            // Dropped with this task, which ends the others.
            let mut workers = JoinSet::new();
            for lane in 0..lanes {
                workers.spawn(worker::run(Arc::clone(&of_task), lane));
            }
            committer::run(&of_task).await;
            drop(workers);
            of_task.ended.send_replace(true);
        });
        Self {
            shared,
            task: task.abort_handle(),
        }
    }

    /// Takes notifications that were just committed to the outbox.
    pub fn enqueue(&self, queued: impl IntoIterator<Item = Queued>) {
        let now = self.shared.now();
        self.shared.with(|state| {
            for queued in queued {
                state.accept(queued, now);
            }
        });
    }

    /// Notes again what became of these notifications, because a late commit wrote them to the outbox as they were at first.
    pub(in crate::alerts) fn confirm(&self, ids: &[Uuid]) {
        self.shared.with(|state| state.confirm(ids));
    }

    /// Keeps those that still wait.
    pub(in crate::alerts) fn retain_waiting(&self, queued: &mut Vec<Queued>) {
        let state = self.shared.state.lock();
        let waiting = state.waiting();
        queued.retain(|queued| waiting.contains_key(&queued.id));
    }

    /// Gives the right to write the results that are not committed, under another lease.
    ///
    /// # Errors
    ///
    /// Fails if the worker writes them, and the store does not answer.
    pub(in crate::alerts) async fn recording(&self) -> Result<Recording<'_>, Error> {
        Recording::begin(&self.shared).await
    }

    /// The engine holds the lease until then.
    pub(in crate::alerts) fn allow_until(&self, until: Option<Instant>) {
        self.shared.with(|state| {
            let was_allowed = state.permit.allows(Instant::now());
            state.permit.until = until;
            state.permit.is_refused = false;
            if !was_allowed {
                state.wake_all();
            }
        });
    }

    /// Gives the firing and the resolved alerts to the channels with [`Mode::Alerts`].
    ///
    /// They are posted if alerts came, resolved or were acknowledged since the last post, or if the channel's time has passed.
    /// Resolved alerts are posted for 5 minutes after their end, also if they are given once only.
    pub fn sync(&self, alerts: &[NotifiedAlert]) {
        let now = self.shared.now();
        self.shared.with(|state| {
            for (index, lane) in state.lanes.iter_mut().enumerate() {
                let Mode::Alerts { every } = lane.mode else {
                    continue;
                };
                if lane.stopped.is_some() {
                    continue;
                }
                if let Some(alerts) = lane.feed.sync(alerts, every, now) {
                    let reason = NotificationReason::Sync;
                    let mut notification = self.shared.notification(reason, "sync");
                    notification.alerts = alerts;
                    lane.feed.put(notification);
                    state.wakes.push(index);
                }
            }
        });
    }

    /// Whether there is a channel for [`sync`](Self::sync).
    pub(in crate::alerts) fn takes_alerts(&self) -> bool {
        self.shared.with(|state| {
            let mut lanes = state.lanes.iter();
            lanes.any(|lane| matches!(lane.mode, Mode::Alerts { .. }) && lane.stopped.is_none())
        })
    }

    /// Tells the channels with [`Mode::Heartbeat`] that the engine works and is healthy. Each sends at most one beat in its time.
    pub fn beat(&self) {
        let now = self.shared.now();
        self.shared.with(|state| {
            for (index, lane) in state.lanes.iter_mut().enumerate() {
                let Mode::Heartbeat { every } = lane.mode else {
                    continue;
                };
                if lane.stopped.is_none() && lane.feed.beat(every, now) {
                    let reason = NotificationReason::Heartbeat;
                    lane.feed.put(self.shared.notification(reason, "heartbeat"));
                    state.wakes.push(index);
                }
            }
        });
    }

    /// Sends a test past the queue. If the receiver takes it, a stopped channel starts again.
    ///
    /// # Errors
    ///
    /// The error of the attempt, which is not repeated, or [`DeliveryError::Rejected`] if there is no such channel.
    pub async fn test(&self, name: &str) -> Result<(), DeliveryError> {
        let names = &self.shared.reporter.names;
        let Some(lane) = names.iter().position(|it| it == name) else {
            let message = format!("there is no alert channel {name:?}");
            return Err(DeliveryError::rejected(message));
        };
        let mut notification = self.shared.notification(NotificationReason::Test, "test");
        notification.text = Some(format!(
            "This is a test of the channel {name}. Nothing is wrong."
        ));
        notification.alerts.push(test_alert(&notification));
        // The alert says it.
        notification.text = None;
        let labels = [("alertname", &notification.alerts[0].name)];
        notification.group_labels = labels
            .map(|(label, value)| (label.to_owned(), value.clone()))
            .into();
        let receiver = self.shared.with(|state| state.lanes[lane].receiver.clone());
        let result = attempt(&*receiver.channel, &notification, receiver.timeout).await;
        let now = self.shared.now();
        self.shared
            .with(|state| state.settle_test(lane, &result, now));
        result
    }

    /// The channels, in the order of their configuration.
    #[must_use]
    pub fn channels(&self) -> Vec<ChannelStatus> {
        let now = self.shared.now();
        let state = self.shared.state.lock();
        state.lanes.iter().map(|lane| lane.status(now)).collect()
    }

    /// The channels that were stopped before the start, and have another configuration now.
    pub(in crate::alerts) fn renewed(&self) -> Vec<String> {
        let state = self.shared.state.lock();
        let renewed = state.lanes.iter().filter(|lane| lane.is_renewed);
        renewed.map(|lane| lane.receiver.name.clone()).collect()
    }

    /// The channels that are stopped, each with the fallback that gets its notifications.
    pub(in crate::alerts) fn stopped(&self) -> Vec<(Mode, ChannelStatus, Option<String>)> {
        let now = self.shared.now();
        let state = self.shared.state.lock();
        let lanes = state.lanes.iter().enumerate();
        let stopped = lanes.filter(|(_, lane)| lane.stopped.is_some());
        let stopped = stopped.map(|(index, lane)| {
            let fallback = state.fallback_of(index);
            let fallback = fallback.map(|index| state.lanes[index].receiver.name.clone());
            (lane.mode, lane.status(now), fallback)
        });
        stopped.collect()
    }

    /// The number of notifications that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.state.lock().len()
    }

    /// Waits until the worker ended.
    pub async fn ended(&self) {
        let mut ended = self.shared.ended.subscribe();
        // The sender is there as long as this worker.
        let _ = ended.wait_for(|is_ended| *is_ended).await;
    }

    /// Whether the worker ended.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        *self.shared.ended.borrow()
    }

    /// Sends all that is due once, records the results, and ends. At the deadline it ends anyway. Returns the number of
    /// notifications that stay in the store.
    pub async fn drain(&self, deadline: Instant) -> usize {
        self.shared.state.lock().is_draining = true;
        self.shared.draining.send_replace(true);
        for lane in &self.shared.lanes {
            lane.notify_one();
        }
        self.shared.commits.notify_one();
        if timeout_at(deadline, self.ended()).await.is_err() {
            self.task.abort();
            self.shared.ended.send_replace(true);
        }
        self.waiting()
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.task.abort();
        self.shared.release_gauges();
    }
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery")
            .field("ledger", &self.shared.ledger)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use tokio::sync::watch;
    use tokio::time::sleep;

    use super::super::outlet::Outlet;
    use super::*;
    use crate::alerts::channels::{Log, Notification};
    use crate::alerts::stores::{Commit, Event, Lease, MemoryAlerts, Saved};

    fn queued() -> Queued {
        let notification = Notification::new(NotificationReason::First, "g", SystemTime::now());
        Queued::new("log", notification)
    }

    /// The worker's own commits are refused, because its lease is not the one of the ledger.
    #[tokio::test(start_paused = true)]
    async fn results_that_come_while_others_are_written_are_not_lost() {
        let (_lease, lease) = watch::channel(Lease::new(7));
        let delivery = Delivery::builder(Arc::new(MemoryAlerts::new()), "main", lease)
            .receivers([Outlet::new("log", Arc::new(Log::new()))])
            .sole(true)
            .start(&Saved::default())
            .unwrap();
        let (first, second) = (queued(), queued());
        delivery.enqueue([first.clone()]);
        sleep(Duration::from_secs(5)).await;
        let mut written = Vec::new();
        let mut recording = delivery.recording().await.unwrap();
        loop {
            let mut commit = Commit::new("main", Lease::endless(), None);
            if !recording.fill(&mut commit) {
                break;
            }
            let ids = commit.events.iter().filter_map(|event| match event {
                Event::Notification(it) => Some(it.notification),
                _ => None,
            });
            written.push((ids.collect::<Vec<_>>(), commit.in_doubt));
            if written.len() == 1 {
                delivery.enqueue([second.clone()]);
                // The worker delivers it, and would write it, too.
                sleep(Duration::from_secs(60)).await;
                assert_eq!(delivery.waiting(), 0);
            }
            recording.committed();
        }
        let [first, second] = [first, second].map(|queued| queued.notification.id);
        assert_eq!(written, [(vec![first], 1), (vec![second], 0)]);
    }
}
