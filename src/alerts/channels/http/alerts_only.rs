//! The alerts of notifications, for receivers that know alerts only.

use std::borrow::Cow;

use crate::alerts::channels::notification::Notification;
use crate::alerts::channels::notification_reason::NotificationReason;
use crate::alerts::channels::notified_alert::NotifiedAlert;
use crate::alerts::channels::test_alert::test_alert;

/// The alerts of a notification that the receiver has to know. A test is an alert of its own. Silences have none.
pub(super) fn alerts(notification: &Notification) -> Cow<'_, [NotifiedAlert]> {
    match notification.reason {
        NotificationReason::SilenceBegan | NotificationReason::SilenceEnded => Cow::Borrowed(&[]),
        NotificationReason::Acknowledged => {
            let alerts = notification.alerts.iter();
            let acknowledged =
                |alert: &&NotifiedAlert| alert.acknowledged.is_some() || !alert.is_firing;
            alerts.filter(acknowledged).cloned().collect()
        }
        NotificationReason::Test if notification.alerts.is_empty() => {
            Cow::Owned(vec![test_alert(notification)])
        }
        _ => Cow::Borrowed(&notification.alerts),
    }
}
