//! The alert of a test of a channel.

use std::collections::BTreeMap;

use super::notification::Notification;
use super::notified_alert::NotifiedAlert;
use crate::alerts::labels::Labels;
use crate::alerts::level::Level;
use crate::alerts::state::AlertId;

const NAME: &str = "ChannelTest";

/// The alert of a test, because receivers read alerts and not the text beside them. It says the notification's text.
pub(in crate::alerts) fn test_alert(notification: &Notification) -> NotifiedAlert {
    let mut labels = Labels::from([
        ("alertname".to_owned(), NAME.to_owned()),
        ("severity".to_owned(), Level::Info.to_string()),
    ]);
    if let Some(service) = &notification.service {
        labels.insert("service".to_owned(), service.clone());
    }
    let text = notification.text.as_deref();
    let text = text.unwrap_or("This is a test of this channel. Nothing is wrong.");
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
