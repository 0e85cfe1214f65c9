//! `/alerts`: the alerts, their history, and the rules.

use std::sync::Arc;
use std::time::SystemTime;

use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::access::Access;
use super::alert_acts;
use super::alert_operations as operations;
use super::method::Method;
use super::monitoring::Monitoring;
use super::operation::Operation;
use super::query::{parameters, unknown};
use super::rejection::{Rejection, or_reject};
use super::request::RouteRequest;
use super::respond;
use super::routes::Routes;
use crate::alerts::state::{AlertId, AlertState};
use crate::alerts::stores::HistoryQuery;
use crate::alerts::{AlertView, Alerts, Level};
use crate::error::logged;
use crate::redact::{MASK, is_secret, redact};

/// The most names that a 404 lists.
const MAX_NAMES: usize = 50;

/// The entries of a page without a `limit`.
const DEFAULT_LIMIT: usize = 50;

impl Routes {
    /// Adds the routes of alerts, all [guarded](Self::guard):
    ///
    /// | route | response |
    /// |---|---|
    /// | `/alerts` | `alerts`, the firing ones first, and `next_cursor`, which is null on the last page |
    /// | `/alerts/history` | `events` (each with `event`: `transition`, `notification` or `silence`), the latest first, and `next_cursor` |
    /// | `/alerts/stats` | numbers of the engine, and the channels with their failures |
    /// | `/alerts/rules` | `rules` and `slos`, as they can be read with serde, and `slo_alerts`: the alerts of the SLOs |
    /// | `/alerts/rules/{name}/explain` | the alerts of a rule, of an SLO (`SloBurn:NAME:page`) or of code: value, threshold or burn rates, state, deadline, and what holds each notification back |
    /// | `/alerts/silences` | `silences` that are not over, each with the begin and the end of the time in which it is active, or is active next |
    /// | POST `/alerts/{id}/acknowledge` | takes `by` and `note`; nobody else is called, and nothing repeated |
    /// | POST `/alerts/{id}/resolve` | takes `by`; the alert stays resolved until its condition was false once, and one of code without `auto_resolve` is forgotten |
    /// | POST `/alerts/{id}/suppress` | takes `by`, `until` (RFC 3339) or `for_seconds`, and `note`; with `recurrence` (`cron`, `time_zone`, and `duration` in seconds) again and again, then also without an end |
    /// | POST `/alerts/suppress` | the same for all alerts with `matchers`: a list of `label`, `value` and `is_equal` (true by default); the labels are those that `/alerts` shows, and `alertname` |
    /// | POST `/alerts/silences/{id}/end` | takes `by` |
    /// | POST `/alerts/channels/{name}/test` | sends a test message; if it arrives, a stopped channel works again |
    ///
    /// `/alerts` takes `state` (`inactive`, `pending`, `firing`, `resolved`), `level` (`info`, `warning`, `error`, `critical`), `name`,
    /// `limit` (1 to 1000, 50 by default) and `cursor` (the `next_cursor` of the page before). An alert whose state changes between
    /// two pages may be on both or on none of them; each other alert is on one. `/alerts/history` takes `alert` (an
    /// id), `since` (RFC 3339), `limit` and `cursor`. A wrong parameter or body is a 400 that names the allowed values, an unknown
    /// alert, rule or channel a 404, an act that does not fit the alert's state a 409, a test that does not
    /// arrive a 502, and a store that does not answer a 503. An act goes on if its client leaves. Bodies have at most 64 KiB.
    ///
    /// With a store that several instances share, each of them takes acts: silences hold for all, and an act on an alert that another
    /// instance holds is a 202, because that one does it at its next evaluation.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
    /// use tower_vitals::alerts::Alerts;
    /// use tower_vitals::{Routes, routes::Guard};
    ///
    /// let alerts = Alerts::builder().run()?;
    /// let routes = Routes::new().alerts(alerts).guard(Guard::bearer("s3cret"));
    /// # Ok(()) }
    /// ```
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the other builders take values"
    )]
    pub fn alerts(mut self, alerts: Alerts) -> Self {
        self.watched.push(Arc::new(alerts.clone()));
        let guarded = Access::Guarded;
        let post = |routes: Self, path, operation: &'static Operation, act| {
            let alerts = alerts.clone();
            routes.add_with_method(Method::Post, path, operation, guarded, move |request| {
                or_reject(alert_acts::act(act, alerts.clone(), request))
            })
        };
        let routes = self
            .add_with(
                &alerts,
                "/alerts",
                &operations::LIST,
                guarded,
                |alerts, request| or_reject(list(alerts, request)),
            )
            .add_with(
                &alerts,
                "/alerts/history",
                &operations::HISTORY,
                guarded,
                |alerts, request| or_reject(history(alerts, request)),
            )
            .add_with(
                &alerts,
                "/alerts/stats",
                &operations::STATS,
                guarded,
                |alerts, _| async move { respond::json(StatusCode::OK, &alerts.stats()) },
            )
            .add_with(
                &alerts,
                "/alerts/rules",
                &operations::RULES,
                guarded,
                |alerts, _| async move {
                    let rules = json!({
                        "rules": &**alerts.rules(),
                        "slos": &**alerts.slos(),
                        "slo_alerts": alerts.slo_alerts(),
                    });
                    respond::json(StatusCode::OK, &redacted(rules))
                },
            )
            .add_with(
                &alerts,
                "/alerts/rules/{name}/explain",
                &operations::EXPLAIN,
                guarded,
                |alerts, request| or_reject(explain(alerts, request)),
            )
            .add_with(
                &alerts,
                "/alerts/silences",
                &operations::SILENCES,
                guarded,
                |alerts, _| or_reject(silences(alerts)),
            );
        alert_acts::ROUTES
            .into_iter()
            .fold(routes, |routes, (path, operation, act)| {
                post(routes, path, operation, act)
            })
    }
}

impl Monitoring {
    /// Adds the routes of alerts, as [`Routes::alerts`] does.
    pub fn alerts(self, alerts: Alerts) -> Self {
        self.change(|routes| routes.alerts(alerts))
    }
}

/// Masks secrets in the texts of rules.
fn redacted(value: Value) -> Value {
    match value {
        Value::String(text) => redact(&text).into(),
        Value::Array(values) => values.into_iter().map(redacted).collect(),
        Value::Object(mut map) => {
            // A matcher has the name and the value of its label apart.
            let label = map.get("label").and_then(Value::as_str);
            if label.is_some_and(is_secret)
                && let Some(value) = map.get_mut("value")
            {
                *value = MASK.into();
            }
            let fields = map.into_iter().map(|(name, value)| {
                let is_masked = value.is_string() && is_secret(&name);
                let value = if is_masked {
                    MASK.into()
                } else {
                    redacted(value)
                };
                (name, value)
            });
            Value::Object(fields.collect())
        }
        other => other,
    }
}

fn bad_request(detail: &str) -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, detail)
}

async fn silences(alerts: Alerts) -> Result<Response, Rejection> {
    alert_acts::ready(&alerts).await?;
    let body = json!({ "silences": alerts.silences() });
    Ok(respond::json(StatusCode::OK, &body))
}

async fn list(alerts: Alerts, request: RouteRequest) -> Result<Response, Rejection> {
    let query = ListQuery::parse(request.parts.uri.query().unwrap_or_default())
        .map_err(|detail| bad_request(&detail))?;
    alert_acts::ready(&alerts).await?;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    let mut page: Vec<_> = alerts
        .alerts()
        .into_iter()
        .filter(|alert| query.matches(alert))
        .take(limit + 1)
        .collect();
    let has_more = page.len() > limit;
    page.truncate(limit);
    let next_cursor = page.last().filter(|_| has_more).map(AlertView::cursor);
    let body = json!({ "alerts": page, "next_cursor": next_cursor });
    Ok(respond::json(StatusCode::OK, &body))
}

async fn history(alerts: Alerts, request: RouteRequest) -> Result<Response, Rejection> {
    let query = history_query(request.parts.uri.query().unwrap_or_default())
        .map_err(|detail| bad_request(&detail))?;
    match alerts.history(&query).await {
        Ok(page) => {
            let next_cursor = page.next.map(|next| next.to_string());
            let body = json!({ "events": page.events, "next_cursor": next_cursor });
            Ok(respond::json(StatusCode::OK, &body))
        }
        Err(error) => {
            tracing::warn!(
                error = logged(&error),
                "the history of alerts cannot be read"
            );
            Err(Rejection::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "The history of alerts cannot be read now; the service's log says why.",
            ))
        }
    }
}

async fn explain(alerts: Alerts, mut request: RouteRequest) -> Result<Response, Rejection> {
    let name = request.name().await?;
    if let Some(explained) = alerts.explain(&name) {
        return Ok(respond::json(StatusCode::OK, &explained));
    }
    // Alerts that code fired are in the store.
    alert_acts::ready(&alerts).await?;
    let names = alerts.explainable();
    let shown: String = name.chars().take(100).collect();
    let nothing = format!("There is no rule and no alert {shown:?}");
    let mut detail = match names.len() {
        0 => format!("{nothing}: there are no rules."),
        1..=MAX_NAMES => format!("{nothing}. The names are: {}.", names.join(", ")),
        more => format!(
            "{nothing}. The names are: {}, and {} more in /alerts/rules and /alerts.",
            names[..MAX_NAMES].join(", "),
            more - MAX_NAMES
        ),
    };
    if alerts.is_shared() {
        detail.push_str(" Other instances explain the alerts that their code fired.");
    }
    Err(Rejection::new(StatusCode::NOT_FOUND, &detail))
}

#[derive(Default)]
struct ListQuery {
    state: Option<AlertState>,
    level: Option<Level>,
    name: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

impl ListQuery {
    fn parse(query: &str) -> Result<Self, String> {
        let mut parsed = Self::default();
        for parameter in parameters(query) {
            let (name, value) = parameter?;
            let wrong = |needed: &str| format!("Parameter {name} is {value:?}: {needed}.");
            let word = || serde_json::Value::from(value.clone());
            let is_repeated = match &*name {
                "state" => {
                    let state = serde_json::from_value(word());
                    let wrong = |_| wrong("inactive, pending, firing and resolved are allowed");
                    parsed.state.replace(state.map_err(wrong)?).is_some()
                }
                "level" => {
                    let level = serde_json::from_value(word());
                    let wrong = |_| wrong("info, warning, error and critical are allowed");
                    parsed.level.replace(level.map_err(wrong)?).is_some()
                }
                "name" => parsed.name.replace(value).is_some(),
                "limit" => parsed.limit.replace(limit(&name, &value)?).is_some(),
                "cursor" => {
                    if !AlertView::is_cursor(&value) {
                        return Err(wrong("the next_cursor of a page is needed"));
                    }
                    parsed.cursor.replace(value).is_some()
                }
                _ => return Err(unknown(&name, "state, level, name, limit and cursor")),
            };
            if is_repeated {
                return Err(repeated(&name));
            }
        }
        Ok(parsed)
    }

    fn matches(&self, alert: &AlertView) -> bool {
        self.state.is_none_or(|state| alert.state == state)
            && self.level.is_none_or(|level| alert.level == level)
            && self.name.as_ref().is_none_or(|name| alert.name == *name)
            && self
                .cursor
                .as_ref()
                .is_none_or(|cursor| alert.cursor() > *cursor)
    }
}

fn history_query(query: &str) -> Result<HistoryQuery, String> {
    let mut parsed = HistoryQuery::latest(DEFAULT_LIMIT);
    let mut has_limit = false;
    for parameter in parameters(query) {
        let (name, value) = parameter?;
        let wrong = |needed: &str| format!("Parameter {name} is {value:?}: {needed}.");
        let is_repeated = match &*name {
            "alert" => {
                let id: Result<AlertId, _> = value.parse();
                let wrong =
                    |_| wrong("the id of an alert is needed, which has 16 hexadecimal digits");
                parsed.alert.replace(id.map_err(wrong)?).is_some()
            }
            "since" => {
                let since = value.parse().map(|time: Timestamp| SystemTime::from(time));
                let wrong = |_| wrong("a time like 2026-11-21T00:00:00Z (RFC 3339) is needed");
                parsed.since.replace(since.map_err(wrong)?).is_some()
            }
            "limit" => {
                parsed.limit = limit(&name, &value)?;
                std::mem::replace(&mut has_limit, true)
            }
            "cursor" => {
                let before = value.parse();
                let wrong = |_| wrong("the next_cursor of a page is needed");
                parsed.before.replace(before.map_err(wrong)?).is_some()
            }
            _ => return Err(unknown(&name, "alert, since, limit and cursor")),
        };
        if is_repeated {
            return Err(repeated(&name));
        }
    }
    Ok(parsed)
}

fn limit(name: &str, value: &str) -> Result<usize, String> {
    let limit = value.parse().ok();
    limit
        .filter(|limit| (1..=1000).contains(limit))
        .ok_or_else(|| {
            format!("Parameter {name} is {value:?}: a whole number from 1 to 1000 is allowed.")
        })
}

fn repeated(name: &str) -> String {
    format!("Parameter {name} is repeated: once is allowed.")
}
