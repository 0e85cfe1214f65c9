//! `Placeholder`: a value of a notification that a template can name.

use serde_json::Value as Json;

use super::payload::{alerts, reason, status};
use crate::alerts::channels::http::message::Message;
use crate::alerts::channels::http::times::rfc3339;
use crate::alerts::channels::notification::Notification;

/// A value of a notification that a template can name.
#[derive(Clone, Copy)]
pub(super) struct Placeholder {
    name: &'static str,
    value: fn(&Notification) -> Json,
}

const ALL: [Placeholder; 18] = [
    Placeholder::new("title", |it| it.title().into()),
    Placeholder::new("text", |it| Message::of(it).text().into()),
    Placeholder::new("status", |it| status(it.is_firing()).into()),
    Placeholder::new("level", |it| it.level().as_str().into()),
    Placeholder::new("component", |it| Message::of(it).component.into()),
    Placeholder::new("reason", |it| reason(it.reason).into()),
    Placeholder::new("time", |it| rfc3339(it.at).into()),
    Placeholder::new("id", |it| it.id.to_string().into()),
    Placeholder::new("group_key", |it| it.group_key.clone().into()),
    Placeholder::new("service", |it| it.service.clone().into()),
    Placeholder::new("instance", |it| it.instance.clone().into()),
    Placeholder::new("external_url", |it| it.external_url.clone().into()),
    Placeholder::new("firing", |it| it.firing().count().into()),
    Placeholder::new("resolved", |it| it.resolved().count().into()),
    Placeholder::new("left_out", |it| it.left_out.into()),
    Placeholder::new("labels", |it| json(&it.common_labels())),
    Placeholder::new("annotations", |it| json(&it.common_annotations())),
    Placeholder::new("alerts", |it| json(&alerts(it))),
];

impl Placeholder {
    const fn new(name: &'static str, value: fn(&Notification) -> Json) -> Self {
        Self { name, value }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|placeholder| placeholder.name == name)
    }

    /// All names. An error lists them.
    pub(super) fn names() -> String {
        ALL.map(|placeholder| placeholder.name).join(", ")
    }

    pub(super) fn value(self, notification: &Notification) -> Json {
        (self.value)(notification)
    }
}

debug_fields!(Placeholder { name });

fn json(value: &impl serde::Serialize) -> Json {
    serde_json::to_value(value).unwrap_or_default()
}
