//! `OneByOne`: the progress of notifications that are sent as one request for each alert.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::timeout;
use uuid::Uuid;

use crate::alerts::channels::delivery_error::DeliveryError;
use crate::alerts::channels::notification::Notification;
use crate::alerts::channels::notified_alert::NotifiedAlert;
use crate::alerts::state::AlertId;

/// The most notifications whose progress is known. A notification that is forgotten is sent again from its first alert, which
/// does no harm, because the receiver deduplicates.
const MAX_NOTIFICATIONS: usize = 16;

/// The longest time of a request.
const REQUEST: Duration = Duration::from_secs(10);
/// The longest time of an attempt with all its requests. The next attempt goes on where it ended.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);

/// Gives up a request that takes too long.
pub(super) async fn in_time(
    request: impl Future<Output = Result<(), DeliveryError>>,
) -> Result<(), DeliveryError> {
    let too_late = |_| {
        let message = format!("there is no response within {REQUEST:?}");
        Err(DeliveryError::retry(message))
    };
    timeout(REQUEST, request).await.unwrap_or_else(too_late)
}

/// The progress of notifications that are sent as one request for each alert.
///
/// A retry goes on with the alerts that the receiver has not judged yet. Otherwise a notification with more alerts than the
/// receiver takes in a minute would never end.
#[derive(Debug, Default)]
pub(super) struct OneByOne(Mutex<VecDeque<Progress>>);

#[derive(Debug)]
struct Progress {
    notification: Uuid,
    /// The alerts that the receiver took or rejected, and why it rejected them. An alert may be in a notification as resolved and
    /// as firing again.
    judged: BTreeMap<(AlertId, bool), Option<String>>,
}

impl OneByOne {
    /// Whether the receiver took or rejected the alert before.
    pub(super) fn is_judged(&self, notification: &Notification, alert: &NotifiedAlert) -> bool {
        let known = self.0.lock();
        let mut known = known.iter();
        let progress = known.find(|progress| progress.notification == notification.id);
        progress.is_some_and(|progress| progress.judged.contains_key(&key(alert)))
    }

    /// Notes the result for one alert. Fails unless the receiver took or rejected it.
    pub(super) fn note(
        &self,
        notification: &Notification,
        alert: &NotifiedAlert,
        result: Result<(), DeliveryError>,
    ) -> Result<(), DeliveryError> {
        let rejection = match result {
            Ok(()) => None,
            Err(DeliveryError::Rejected { message }) => Some(message),
            Err(error) => return Err(error),
        };
        let mut known = self.0.lock();
        let is_same = |progress: &Progress| progress.notification == notification.id;
        if !known.iter().any(is_same) {
            if known.len() == MAX_NOTIFICATIONS {
                known.pop_front();
            }
            known.push_back(Progress {
                notification: notification.id,
                judged: BTreeMap::new(),
            });
        }
        if let Some(progress) = known.iter_mut().find(|progress| is_same(progress)) {
            progress.judged.insert(key(alert), rejection);
        }
        Ok(())
    }

    /// Ends a notification whose alerts are all judged. Fails if any was rejected.
    pub(super) fn finish(&self, notification: &Notification) -> Result<(), DeliveryError> {
        let mut known = self.0.lock();
        let mut progresses = known.iter();
        let at = progresses.position(|progress| progress.notification == notification.id);
        let Some(progress) = at.and_then(|at| known.remove(at)) else {
            return Ok(());
        };
        let all = progress.judged.len();
        let mut rejections = progress.judged.values().flatten();
        match (rejections.next(), rejections.count()) {
            (None, _) => Ok(()),
            (Some(message), 0) if all == 1 => Err(DeliveryError::rejected(message)),
            (Some(message), more) => Err(DeliveryError::rejected(format!(
                "{} of {all} alerts are rejected: {message}",
                more + 1
            ))),
        }
    }
}

fn key(alert: &NotifiedAlert) -> (AlertId, bool) {
    (alert.id, alert.is_firing)
}
