//! `Notification`: a message about a group of alerts.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::notification_reason::NotificationReason;
use super::notified_alert::NotifiedAlert;
use crate::alerts::labels::Labels;
use crate::alerts::level::Level;
use crate::alerts::wire;

/// A message about a group of alerts. It can be saved and sent later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Notification {
    /// The identity, which stays the same when the notification is sent again after a failure.
    pub id: Uuid,
    /// The cause.
    pub reason: NotificationReason,
    /// The time at which it was decided.
    #[serde(with = "wire::time")]
    pub at: SystemTime,
    /// The key of the group, which stays the same for all its notifications: one thread of mails, for example.
    pub group_key: String,
    /// The labels that the group's alerts share because they are grouped by them.
    pub group_labels: Labels,
    /// The alerts, firing ones first, the most urgent first.
    pub alerts: Vec<NotifiedAlert>,
    /// The number of alerts that are left out, because a notification holds at most 1,000.
    pub left_out: usize,
    /// A text besides the alerts: the number of notifications that a summary stands for, the silence, or the test.
    pub text: Option<String>,
    /// The name of the service.
    pub service: Option<String>,
    /// The instance that sends it.
    pub instance: Option<String>,
    /// The instance whose alerts these are, as it was named first. It keeps the keys apart by which receivers know the alerts of
    /// several instances. `None` for alerts that instances share.
    #[serde(default)]
    pub owner: Option<String>,
    /// The address of the service's own routes, without a slash at the end.
    pub external_url: Option<String>,
}

impl Notification {
    /// A notification without alerts.
    #[must_use]
    pub fn new(reason: NotificationReason, group_key: impl Into<String>, at: SystemTime) -> Self {
        Self {
            id: Uuid::now_v7(),
            reason,
            at,
            group_key: group_key.into(),
            group_labels: Labels::new(),
            alerts: Vec::new(),
            left_out: 0,
            text: None,
            service: None,
            instance: None,
            owner: None,
            external_url: None,
        }
    }

    /// Whether any of its alerts fires.
    #[must_use]
    pub fn is_firing(&self) -> bool {
        self.alerts.iter().any(|alert| alert.is_firing)
    }

    /// The firing alerts.
    pub fn firing(&self) -> impl Iterator<Item = &NotifiedAlert> {
        self.alerts.iter().filter(|alert| alert.is_firing)
    }

    /// The resolved alerts.
    pub fn resolved(&self) -> impl Iterator<Item = &NotifiedAlert> {
        self.alerts.iter().filter(|alert| !alert.is_firing)
    }

    /// The highest level of the firing alerts, else of all.
    #[must_use]
    pub fn level(&self) -> Level {
        let firing = self.firing().map(|alert| alert.level).max();
        let any = || self.alerts.iter().map(|alert| alert.level).max();
        firing.or_else(any).unwrap_or(Level::Info)
    }

    /// The labels that all alerts share.
    #[must_use]
    pub fn common_labels(&self) -> Labels {
        common(self.alerts.iter().map(|alert| &alert.labels)).into()
    }

    /// The annotations that all alerts share.
    #[must_use]
    pub fn common_annotations(&self) -> BTreeMap<String, String> {
        common(self.alerts.iter().map(|alert| &alert.annotations))
    }

    /// One line: `[FIRING:2] HighErrorRate (api)`. Neither escaped nor cut.
    #[must_use]
    pub fn title(&self) -> String {
        let Some(first) = self.alerts.first() else {
            let text = self.text.as_deref().unwrap_or_default();
            return text.lines().next().unwrap_or_default().to_owned();
        };
        let firing = self.firing().count();
        let state = match firing {
            0 => format!("RESOLVED:{}", self.alerts.len() + self.left_out),
            firing => format!("FIRING:{}", firing + self.left_out),
        };
        let is_one = self.alerts.iter().all(|alert| alert.name == first.name);
        let name = if is_one { &first.name } else { "alerts" };
        let service = self.service.as_ref();
        let service = service.map_or(String::new(), |service| format!(" ({service})"));
        format!("[{state}] {name}{service}")
    }
}

/// The pairs that all maps share.
fn common<'a, M>(maps: impl Iterator<Item = M>) -> BTreeMap<String, String>
where
    M: IntoIterator<Item = (&'a String, &'a String)>,
{
    let mut maps = maps.map(|map| map.into_iter().collect::<BTreeMap<_, _>>());
    let mut common = maps.next().unwrap_or_default();
    for map in maps {
        common.retain(|name, value| map.get(name) == Some(value));
    }
    let owned = |(name, value): (&String, &String)| (name.clone(), value.clone());
    common.into_iter().map(owned).collect()
}
