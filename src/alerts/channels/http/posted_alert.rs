//! `PostedAlert`: an alert in the form of Alertmanager's API.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::alerts::channels::notification::Notification;
use crate::alerts::channels::notified_alert::NotifiedAlert;
use crate::alerts::labels::Labels;
use crate::alerts::wire;
use crate::http_url::HttpUrl;
use crate::time::later;

/// An alert in the form of Alertmanager's API, version 2 (`postableAlert`).
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PostedAlert {
    pub(super) labels: Labels,
    annotations: BTreeMap<String, String>,
    #[serde(with = "wire::time")]
    starts_at: SystemTime,
    #[serde(with = "wire::time")]
    ends_at: SystemTime,
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    generator_url: Option<String>,
}

impl PostedAlert {
    /// A firing alert ends after `hold`, unless it is posted again.
    pub(super) fn new(notification: &Notification, alert: &NotifiedAlert, hold: Duration) -> Self {
        let at = notification.at;
        let (starts_at, ends_at) = if alert.is_firing {
            (alert.starts_at, later(at, hold))
        } else {
            (alert.starts_at, alert.ends_at.unwrap_or(at))
        };
        let mut labels = with_legacy_names(alert.labels.iter());
        // Alertmanager takes an empty label for none.
        labels.retain(|_, value| !value.is_empty());
        let name = || alert.name.clone();
        labels.entry("alertname".to_owned()).or_insert_with(name);
        Self {
            labels: labels.into(),
            annotations: with_legacy_names(alert.annotations.iter()),
            // Alertmanager refuses an end before the start. The clock may have been set back.
            starts_at: starts_at.min(ends_at),
            ends_at,
            generator_url: generator_url(notification, alert),
        }
    }

    pub(super) fn name(&self) -> &str {
        self.labels.get("alertname").map_or("", String::as_str)
    }
}

/// The names with `_` in place of characters that Prometheus 2 and Alertmanager before 0.27 refuse. A name that is taken then
/// gets another `_` at its end.
fn with_legacy_names<'a>(
    pairs: impl Iterator<Item = (&'a String, &'a String)> + Clone,
) -> BTreeMap<String, String> {
    let is_valid = |name: &str| legacy_name(name) == *name;
    let valid = pairs.clone().filter(|(name, _)| is_valid(name));
    let mut named: BTreeMap<_, _> = valid.map(|(n, v)| (n.clone(), v.clone())).collect();
    for (name, value) in pairs.filter(|(name, _)| !is_valid(name)) {
        let mut name = legacy_name(name);
        while named.contains_key(&name) {
            name.push('_');
        }
        named.insert(name, value.clone());
    }
    named
}

fn legacy_name(name: &str) -> String {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name = name.replace(|c| !is_allowed(c), "_");
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return format!("_{name}");
    }
    name
}

/// The unreserved characters (RFC 3986, section 2.3) stay.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The page that explains the rule. Alertmanager refuses the whole batch for a text that is no URI.
fn generator_url(notification: &Notification, alert: &NotifiedAlert) -> Option<String> {
    let base = notification.external_url.as_deref()?.trim_end_matches('/');
    let name = utf8_percent_encode(&alert.name, SEGMENT);
    let url = format!("{base}/alerts/rules/{name}/explain");
    HttpUrl::parse(&url).is_ok().then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let pairs = pairs.iter();
        let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        pairs.collect()
    }

    #[test]
    fn invalid_names_get_underscores_and_stay_apart() {
        let named = with_legacy_names(
            labels(&[
                ("", "empty"),
                ("1st", "digit"),
                ("a-b", "dash"),
                ("a.b", "dot"),
                ("a_b", "valid"),
                ("größe", "letters"),
            ])
            .iter(),
        );
        let expected = labels(&[
            ("_", "empty"),
            ("_1st", "digit"),
            ("a_b", "valid"),
            ("a_b_", "dash"),
            ("a_b__", "dot"),
            ("gr__e", "letters"),
        ]);
        assert_eq!(named, expected);
    }
}
