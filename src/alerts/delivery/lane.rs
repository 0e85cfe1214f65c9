//! `Lane`: one channel with its queue and its health.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::backoff::{LONGEST, MOST, backoff, obey};
use super::channel_status::{ChannelStatus, Stopped};
use super::feed::Feed;
use super::now::Now;
use super::outlet::Outlet;
use super::owed::Owed;
use super::queue::Queue;
use super::saved_channels::SavedChannel;
use crate::alerts::channels::Mode;
use crate::time::later_instant;

/// One channel with its queue and its health.
pub(super) struct Lane {
    pub(super) receiver: Outlet,
    /// What the channel says of itself is asked once, because its code must not run under the lock.
    pub(super) mode: Mode,
    kind: &'static str,
    fingerprint: u64,
    pub(super) fallback: Option<usize>,
    pub(super) queue: Queue,
    /// For channels that the outbox does not feed.
    pub(super) feed: Feed,
    /// Whether its task sends, or has not yet looked at something new.
    pub(super) is_busy: bool,
    /// The place of the notification that is being sent.
    pub(super) in_flight: Option<u64>,
    pub(super) stopped: Option<Stopped>,
    /// The failures in a row.
    failures: u32,
    failing_since: Option<(Instant, SystemTime)>,
    paused_until: Option<(Instant, SystemTime)>,
    last_success: Option<SystemTime>,
    pub(super) last_error: Option<String>,
    /// Whether it was stopped before the start, and has another configuration now.
    pub(super) is_renewed: bool,
    /// Whether the fallback got copies since the failure began.
    pub(super) is_handed_over: bool,
    pub(super) owed: Owed,
}

impl Lane {
    pub(super) fn new(receiver: Outlet, fallback: Option<usize>) -> Self {
        Self {
            mode: receiver.channel.mode(),
            kind: receiver.channel.kind(),
            fingerprint: receiver.channel.fingerprint(),
            queue: Queue::new(receiver.channel.deduplicates()),
            receiver,
            fallback,
            feed: Feed::default(),
            is_busy: false,
            in_flight: None,
            stopped: None,
            failures: 0,
            failing_since: None,
            paused_until: None,
            last_success: None,
            last_error: None,
            is_renewed: false,
            is_handed_over: false,
            owed: Owed::default(),
        }
    }

    /// Whether the outbox feeds it.
    pub(super) fn takes_notifications(&self) -> bool {
        self.mode == Mode::Notifications
    }

    /// Goes on as before the restart, unless the channel has another configuration.
    pub(super) fn restore(&mut self, saved: SavedChannel, now: Now) {
        self.owed = saved.owed;
        if saved.kind != self.kind || saved.fingerprint != self.fingerprint {
            self.owed.forget_missed();
            self.is_renewed = saved.stopped.is_some();
            return;
        }
        self.stopped = saved.stopped;
        self.failures = saved.failures;
        self.last_error = saved.last_error;
        self.failing_since = saved.failing_since.map(|at| {
            let since = now.steady.checked_sub(now.since(at));
            (since.unwrap_or(now.steady), at)
        });
        let paused = saved.paused_until.filter(|until| *until > now.wall);
        self.paused_until = paused.map(|at| (now.steady_at(at, MOST), at));
    }

    /// The state to save, unless the channel works and nobody must hear of anything.
    pub(super) fn saved(&self) -> Option<SavedChannel> {
        let works = self.stopped.is_none() && self.failures == 0;
        (!works || !self.owed.is_empty()).then(|| SavedChannel {
            kind: self.kind.to_owned(),
            fingerprint: self.fingerprint,
            stopped: self.stopped.clone(),
            failures: self.failures,
            failing_since: self.failing_since.map(|(_, at)| at),
            paused_until: self.paused_until.map(|(_, at)| at),
            last_error: self.last_error.clone(),
            owed: self.owed.clone(),
        })
    }

    /// Notes that the receiver took something. Returns whether the state to save changed.
    pub(super) fn succeeded(&mut self, now: Now) -> bool {
        self.last_success = Some(now.wall);
        self.last_error = None;
        self.responded()
    }

    /// Notes that the receiver works. Returns whether the state to save changed.
    pub(super) fn responded(&mut self) -> bool {
        self.is_handed_over = false;
        self.failing_since = None;
        self.paused_until = None;
        self.stopped.take().is_some() | (std::mem::take(&mut self.failures) > 0)
    }

    /// Notes a failure. The channel pauses. Returns the time until the same notification may be tried again, after this many
    /// attempts that failed.
    pub(super) fn failed(
        &mut self,
        after: Option<Duration>,
        attempts: u32,
        jitter: f64,
        now: Now,
    ) -> Duration {
        self.failures = self.failures.saturating_add(1);
        self.failing_since.get_or_insert((now.steady, now.wall));
        let longest = self.longest_pause();
        let pause = match after {
            Some(after) => obey(after, self.failures, longest, jitter),
            None => backoff(self.failures, longest, jitter),
        };
        self.paused_until = Some((now.steady + pause, now.wall + pause));
        pause.max(backoff(attempts, longest, jitter))
    }

    /// A receiver of states or of beats is not left without news for much longer than it wants.
    fn longest_pause(&self) -> Duration {
        match self.mode {
            Mode::Notifications => LONGEST,
            Mode::Alerts { every } | Mode::Heartbeat { every } => LONGEST.min(every),
        }
    }

    pub(super) fn stop(&mut self, error: String, now: Now) {
        self.last_error = Some(error.clone());
        self.stopped = Some(Stopped {
            since: now.wall,
            error,
        });
        self.feed.stopped();
    }

    /// The end of the pause, if there is one.
    pub(super) fn pause(&self, now: Now) -> Option<Instant> {
        let (until, _) = self.paused_until?;
        (until > now.steady).then_some(until)
    }

    /// The time at which the fallback gets copies, unless the channel works again before.
    pub(super) fn hands_over_at(&self) -> Option<Instant> {
        let (since, _) = self.failing_since?;
        self.fallback?;
        Some(later_instant(since, self.receiver.fallback_after))
    }

    pub(super) fn status(&self, now: Now) -> ChannelStatus {
        let pending = self.feed.pending().map(|pending| pending.at);
        let oldest = || Some(self.queue.oldest()?.queued.notification.at);
        let waiting = self.queue.len() + usize::from(pending.is_some());
        let is_planned = waiting > 0 && self.stopped.is_none();
        let next = is_planned.then(|| {
            let due = self.queue.next_due().unwrap_or(now.steady);
            let due = self.pause(now).map_or(due, |until| until.max(due));
            now.wall + due.saturating_duration_since(now.steady)
        });
        ChannelStatus {
            name: self.receiver.name.clone(),
            kind: self.kind,
            stopped: self.stopped.clone(),
            waiting,
            oldest: pending.or_else(oldest),
            last_success: self.last_success,
            last_error: self.last_error.clone(),
            next_attempt: next,
        }
    }
}
