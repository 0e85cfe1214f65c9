//! The alerts of notifications, for receivers that know alerts only.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::alerts::channels::notification::Notification;
use crate::alerts::channels::notification_reason::NotificationReason;
use crate::alerts::channels::notified_alert::NotifiedAlert;
use crate::alerts::labels::Labels;
use crate::alerts::level::Level;
use crate::alerts::state::AlertId;

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

fn test_alert(notification: &Notification) -> NotifiedAlert {
    const NAME: &str = "ChannelTest";
    let mut labels = Labels::from([
        ("alertname".to_owned(), NAME.to_owned()),
        ("severity".to_owned(), Level::Info.to_string()),
    ]);
    if let Some(service) = &notification.service {
        labels.insert("service".to_owned(), service.clone());
    }
    let text = notification.text.as_deref();
    let text = text.unwrap_or("A person tests this channel.");
    NotifiedAlert {
        id: AlertId::of(NAME, &labels),
        name: NAME.to_owned(),
        level: Level::Info,
        is_firing: true,
        labels,
        annotations: BTreeMap::from([("summary".to_owned(), text.to_owned())]),
        value: None,
        starts_at: notification.at,
        ends_at: None,
        acknowledged: None,
    }
}
