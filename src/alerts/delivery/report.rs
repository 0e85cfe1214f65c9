//! `Reporter`: logs and counts what the state noted.

use std::sync::Arc;

use parking_lot::Mutex;

use super::metrics::Metrics;
use super::note::Note;
use crate::alerts::losses::Losses;
use crate::alerts::stores::DeliveryResult;
use crate::log_limit::LogLimit;
use crate::redact::redact_line;

/// The longest title in the log.
const MAX_TITLE: usize = 200;

/// Logs and counts what the state noted.
pub(super) struct Reporter {
    pub(super) names: Vec<String>,
    pub(super) metrics: Metrics,
    pub(super) losses: Arc<Losses>,
    dropped: LogLimit,
    rejected: LogLimit,
    /// Whether the gauges are this worker's. The lock keeps an older state from being shown after a newer one.
    pub(super) has_gauges: Mutex<bool>,
}

impl Reporter {
    pub(super) fn new(names: Vec<String>, metrics: Metrics, losses: Arc<Losses>) -> Self {
        Self {
            names,
            metrics,
            losses,
            dropped: LogLimit::default(),
            rejected: LogLimit::default(),
            has_gauges: Mutex::new(true),
        }
    }

    pub(super) fn report(&self, note: Note) {
        match note {
            Note::Count(lane, outcome) => self.metrics.count(lane, outcome),
            Note::Stopped(lane, error) => tracing::error!(
                channel = self.names[lane],
                error,
                "an alert channel is stopped until it is tested or configured anew"
            ),
            Note::Started(lane) => tracing::info!(
                channel = self.names[lane],
                "an alert channel that was stopped works again"
            ),
            Note::HandedOver {
                lane,
                fallback,
                copies,
                error,
            } => tracing::warn!(
                channel = self.names[lane],
                fallback,
                copies,
                error,
                "an alert channel fails: its fallback gets copies of the notifications"
            ),
            Note::FeedRejected(lane, error) => {
                if let Some(left_out) = self.rejected.next() {
                    let channel = &self.names[lane];
                    tracing::warn!(channel, error, left_out, "an alert channel rejected a post");
                }
            }
            Note::Undelivered {
                queued,
                result,
                error,
                fallback,
            } => {
                let channel = &queued.channel;
                let title = redact_line(&queued.notification.title(), MAX_TITLE);
                let attempts = queued.attempts;
                let problem = match result {
                    DeliveryResult::Rejected => "an alert notification was rejected",
                    DeliveryResult::Stopped => "an alert notification is for a stopped channel",
                    DeliveryResult::Expired => "an alert notification was given up",
                    _ => {
                        self.losses.lose_notification();
                        if let Some(left_out) = self.dropped.next() {
                            tracing::error!(
                                channel,
                                title,
                                left_out,
                                "an alert notification was dropped because the outbox is full"
                            );
                        }
                        return;
                    }
                };
                let end = match fallback {
                    _ if queued.handed_over => "its fallback has a copy",
                    Some(_) => "its fallback gets it",
                    None => "nobody gets it",
                };
                tracing::warn!(
                    channel,
                    title,
                    attempts,
                    error,
                    fallback,
                    "{problem}: {end}"
                );
            }
        }
    }
}
