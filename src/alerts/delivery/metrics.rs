//! `Metrics`: the numbers of one ledger's deliveries.

use std::sync::Arc;
use std::time::SystemTime;

use metrics::{Counter, Gauge, SharedString};

use super::note::Outcome;
use crate::catalog::{
    MONITORING_ALERT_CHANNEL_STOPPED, MONITORING_ALERT_DELIVERIES,
    MONITORING_ALERT_OLDEST_UNDELIVERED, MONITORING_ALERT_OUTBOX_LENGTH,
};
use crate::recorder::{LazyHandle, RecorderRef, Zeros};
use crate::time::unix_seconds;

/// The numbers of one ledger's deliveries.
pub(super) struct Metrics {
    channels: Vec<ChannelMetrics>,
    length: LazyHandle<Gauge>,
    oldest: LazyHandle<Gauge>,
}

struct ChannelMetrics {
    /// By `Outcome`.
    results: [LazyHandle<Counter>; 6],
    stopped: LazyHandle<Gauge>,
}

/// The values of the gauges.
pub(super) struct Levels {
    pub(super) length: usize,
    pub(super) oldest: Option<SystemTime>,
    pub(super) stopped: Vec<bool>,
}

impl Metrics {
    pub(super) fn new<'a>(
        channels: impl Iterator<Item = &'a str>,
        ledger: &str,
        recorder: &RecorderRef,
    ) -> Self {
        let shared = |text: &str| SharedString::from(Arc::<str>::from(text));
        let ledger = shared(ledger);
        let mut zeros = Zeros::new(recorder);
        let channels = channels.map(|channel| {
            let channel = shared(channel);
            let result = |outcome: Outcome| {
                let labels = [channel.clone(), outcome.as_str().into()];
                zeros.add(MONITORING_ALERT_DELIVERIES.key(labels))
            };
            let results = Outcome::ALL.map(result);
            let stopped = MONITORING_ALERT_CHANNEL_STOPPED.key([ledger.clone(), channel]);
            ChannelMetrics {
                results,
                stopped: LazyHandle::new(recorder, stopped),
            }
        });
        let channels = channels.collect();
        zeros.announce();
        let length = MONITORING_ALERT_OUTBOX_LENGTH.key([ledger.clone()]);
        let oldest = MONITORING_ALERT_OLDEST_UNDELIVERED.key([ledger]);
        Self {
            channels,
            length: LazyHandle::new(recorder, length),
            oldest: LazyHandle::new(recorder, oldest),
        }
    }

    pub(super) fn count(&self, channel: usize, outcome: Outcome) {
        if let Some(channel) = self.channels.get(channel) {
            channel.results[outcome as usize].record(|counter| counter.increment(1));
        }
    }

    pub(super) fn set(&self, levels: &Levels) {
        let length = levels.length as f64;
        self.length.record(|gauge| gauge.set(length));
        let oldest = levels.oldest.map_or(0.0, unix_seconds);
        self.oldest.record(|gauge| gauge.set(oldest));
        for (channel, is_stopped) in self.channels.iter().zip(&levels.stopped) {
            let stopped = f64::from(u8::from(*is_stopped));
            channel.stopped.record(|gauge| gauge.set(stopped));
        }
    }
}
