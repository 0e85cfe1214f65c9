//! The acts of people on alerts: POST below `/alerts`.

use std::time::{Duration, SystemTime};

use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::json;
use tracing::Instrument;

use super::act_operations as operations;
use super::json_body::json_body;
use super::json_fields::Fields;
use super::operation::Operation;
use super::rejection::{Rejection, sentence};
use super::request::RouteRequest;
use super::respond;
use crate::alerts::channels::DeliveryError;
use crate::alerts::state::{AlertId, Matcher, Recurrence, SilenceTarget};
use crate::alerts::{Acted, Alerts};
use crate::error::{Error, ErrorKind, logged};
use crate::redact::redact;

/// The longest name of a person, in characters.
const MAX_NAME: usize = 256;

/// An act.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    Acknowledge,
    Resolve,
    SuppressAlert,
    Suppress,
    EndSilence,
    TestChannel,
}

pub(super) const ROUTES: [(&str, &Operation, Act); 6] = [
    (
        "/alerts/{name}/acknowledge",
        &operations::ACKNOWLEDGE,
        Act::Acknowledge,
    ),
    ("/alerts/{name}/resolve", &operations::RESOLVE, Act::Resolve),
    (
        "/alerts/{name}/suppress",
        &operations::SUPPRESS_ALERT,
        Act::SuppressAlert,
    ),
    ("/alerts/suppress", &operations::SUPPRESS, Act::Suppress),
    (
        "/alerts/silences/{name}/end",
        &operations::END_SILENCE,
        Act::EndSilence,
    ),
    (
        "/alerts/channels/{name}/test",
        &operations::TEST_CHANNEL,
        Act::TestChannel,
    ),
];

struct Acknowledgement {
    by: String,
    note: Option<String>,
}

impl Acknowledgement {
    fn read(fields: &mut Fields) -> Self {
        Self {
            by: fields.text("by"),
            note: fields.optional_text("note"),
        }
    }
}

/// The person who acts.
fn person(fields: &mut Fields) -> String {
    fields.text("by")
}

struct Suppression {
    matchers: Vec<Matcher>,
    by: String,
    note: Option<String>,
    until: Option<String>,
    for_seconds: Option<f64>,
    recurrence: Option<Times>,
}

/// The times of a silence that recurs.
struct Times {
    cron: String,
    time_zone: String,
    /// In seconds.
    duration: f64,
}

impl Times {
    fn read(fields: &mut Fields) -> Self {
        Self {
            cron: fields.text("cron"),
            time_zone: fields.text("time_zone"),
            duration: fields.number("duration"),
        }
    }

    fn recurrence(&self) -> Result<Recurrence, Rejection> {
        let duration = Duration::try_from_secs_f64(self.duration).map_err(|_| {
            Rejection::new(
                StatusCode::BAD_REQUEST,
                "recurrence.duration is wrong: a number of seconds above 0 is needed.",
            )
        })?;
        let recurrence = Recurrence::new(&*self.cron, &*self.time_zone, duration);
        recurrence.map_err(|error| refused(&error))
    }
}

fn matcher(fields: &mut Fields) -> Matcher {
    let (label, value) = (fields.text("label"), fields.text("value"));
    if fields.optional_bool("is_equal").unwrap_or(true) {
        Matcher::equal(label, value)
    } else {
        Matcher::not_equal(label, value)
    }
}

impl Suppression {
    fn read(fields: &mut Fields) -> Self {
        Self {
            matchers: fields.objects("matchers", matcher),
            by: fields.text("by"),
            note: fields.optional_text("note"),
            until: fields.optional_text("until"),
            for_seconds: fields.optional_number("for_seconds"),
            recurrence: fields.optional_object("recurrence", Times::read),
        }
    }

    /// The end, which a silence that recurs may lack.
    fn end(&self) -> Result<Option<SystemTime>, Rejection> {
        if self.until.is_none() && self.for_seconds.is_none() {
            return Ok(None);
        }
        self.until().map(Some)
    }

    fn until(&self) -> Result<SystemTime, Rejection> {
        let wrong = |detail: &str| Rejection::new(StatusCode::BAD_REQUEST, detail);
        match (&self.until, self.for_seconds) {
            (Some(until), None) => {
                let until: Result<Timestamp, _> = until.parse();
                until.map(Into::into).map_err(|_| {
                    wrong("until is wrong: a time like 2026-11-21T00:00:00Z (RFC 3339) is needed.")
                })
            }
            (None, Some(seconds)) => Duration::try_from_secs_f64(seconds)
                .ok()
                .filter(|duration| !duration.is_zero())
                .and_then(|duration| SystemTime::now().checked_add(duration))
                .ok_or_else(|| wrong("for_seconds is wrong: a number above 0 is needed.")),
            _ => Err(wrong("Either until or for_seconds is needed.")),
        }
    }
}

/// Does an act, also if its client leaves meanwhile.
pub(super) async fn act(
    act: Act,
    alerts: Alerts,
    request: RouteRequest,
) -> Result<Response, Rejection> {
    let done = tokio::spawn(run(act, alerts, request).in_current_span());
    done.await.unwrap_or_else(|error| {
        if let Ok(panic) = error.try_into_panic() {
            // The route responds with 500.
            std::panic::resume_unwind(panic);
        }
        Err(Rejection::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The service ends.",
        ))
    })
}

async fn run(act: Act, alerts: Alerts, mut request: RouteRequest) -> Result<Response, Rejection> {
    match act {
        Act::Acknowledge => {
            let id = alert(&alerts, &mut request).await?;
            let body = json_body(request.body, Acknowledgement::read).await?;
            check_name(&body.by)?;
            let is_here = alerts.tells_of(id);
            let done = alerts.acknowledge(id, &body.by, body.note.as_deref());
            let acted = done.await.map_err(|error| failed(&error, is_here))?;
            Ok(shown(&alerts, id, acted))
        }
        Act::Resolve => {
            let id = alert(&alerts, &mut request).await?;
            let by = json_body(request.body, person).await?;
            check_name(&by)?;
            let is_here = alerts.tells_of(id);
            let done = alerts.resolve(id, &by).await;
            let acted = done.map_err(|error| failed(&error, is_here))?;
            Ok(shown(&alerts, id, acted))
        }
        Act::SuppressAlert => {
            let id = alert(&alerts, &mut request).await?;
            let body = json_body(request.body, Suppression::read).await?;
            if !body.matchers.is_empty() {
                return Err(Rejection::new(
                    StatusCode::BAD_REQUEST,
                    "This route suppresses one alert and takes no matchers: /alerts/suppress does.",
                ));
            }
            suppress(&alerts, SilenceTarget::Alert(id), body).await
        }
        Act::Suppress => {
            let mut body = json_body(request.body, Suppression::read).await?;
            ready(&alerts).await?;
            let matchers = std::mem::take(&mut body.matchers);
            suppress(&alerts, SilenceTarget::Labels(matchers), body).await
        }
        Act::EndSilence => {
            let id = request.name().await?;
            let by = json_body(request.body, person).await?;
            check_name(&by)?;
            ready(&alerts).await?;
            let ended = alerts.unsuppress(&id, &by).await;
            if ended.map_err(|error| failed(&error, !alerts.is_shared()))? {
                return Ok(respond::json(StatusCode::OK, &json!({ "ended": id })));
            }
            Err(Rejection::new(
                StatusCode::NOT_FOUND,
                "There is no such silence: /alerts/silences lists them.",
            ))
        }
        Act::TestChannel => {
            let name = request.name().await?;
            ready(&alerts).await?;
            test(&alerts, &name).await
        }
    }
}

/// Rejects the request while the alerts are not read from their store.
pub(super) async fn ready(alerts: &Alerts) -> Result<(), Rejection> {
    alerts.ready().await.map_err(|error| unreadable(&error))
}

fn unreadable(error: &Error) -> Rejection {
    tracing::warn!(error = logged(error), "the alerts cannot be read");
    Rejection::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "The alerts cannot be read now; the service's log says why.",
    )
}

fn check_name(by: &str) -> Result<(), Rejection> {
    if by.trim().is_empty() {
        return Err(Rejection::new(
            StatusCode::BAD_REQUEST,
            "by is empty: the name of a person is needed.",
        ));
    }
    // The end of a silence keeps no name, so only the route limits it.
    if by.chars().count() > MAX_NAME {
        return Err(Rejection::new(
            StatusCode::BAD_REQUEST,
            &format!("The name is too long: allowed are {MAX_NAME} characters."),
        ));
    }
    Ok(())
}

/// The alert that the path names.
async fn alert(alerts: &Alerts, request: &mut RouteRequest) -> Result<AlertId, Rejection> {
    let name = request.name().await?;
    let id: AlertId = name.parse().map_err(|error: Error| {
        Rejection::new(StatusCode::BAD_REQUEST, &sentence(&error.to_string()))
    })?;
    ready(alerts).await?;
    if alerts.knows(id) {
        return Ok(id);
    }
    let is_elsewhere = alerts.is_elsewhere(id).await;
    if is_elsewhere.map_err(|error| unreadable(&error))? {
        return Ok(id);
    }
    let detail = if alerts.is_shared() {
        "There is no such alert: it is not in /alerts of this instance, and it is not pending or firing at another one."
    } else {
        "There is no such alert: /alerts lists them."
    };
    Err(Rejection::new(StatusCode::NOT_FOUND, detail))
}

async fn suppress(
    alerts: &Alerts,
    target: SilenceTarget,
    body: Suppression,
) -> Result<Response, Rejection> {
    check_name(&body.by)?;
    let (by, note) = (&*body.by, body.note.as_deref());
    let ids = match &body.recurrence {
        None => alerts.suppress(target, body.until()?, by, note).await,
        Some(times) => {
            let (recurrence, end) = (times.recurrence()?, body.end()?);
            let made = alerts.suppress_recurring(target, recurrence, end, by, note);
            made.await
        }
    };
    let ids = ids.map_err(|error| failed(&error, !alerts.is_shared()))?;
    let made: Vec<_> = alerts.silences();
    let made = made.iter().filter(|silence| ids.contains(&silence.id));
    let body = json!({ "silences": made.collect::<Vec<_>>() });
    Ok(respond::json(StatusCode::CREATED, &body))
}

async fn test(alerts: &Alerts, name: &str) -> Result<Response, Rejection> {
    let channels = alerts.stats().channels;
    if !channels.iter().any(|channel| channel.name == name) {
        let names: Vec<_> = channels.iter().map(|channel| &*channel.name).collect();
        let shown: String = name.chars().take(100).collect();
        let detail = format!(
            "There is no channel {shown:?}. The channels are: {}.",
            names.join(", ")
        );
        return Err(Rejection::new(StatusCode::NOT_FOUND, &detail));
    }
    match alerts.test_channel(name).await {
        Ok(()) => Ok(respond::json(StatusCode::OK, &json!({ "delivered": name }))),
        Err(error) => {
            let kind = match error {
                DeliveryError::Retry { .. } => "It may work later",
                DeliveryError::Rejected { .. } => "The receiver refused the message",
                DeliveryError::Stopped { .. } => "The receiver is gone, or refuses the credentials",
            };
            // A channel of the app may have built its error without masking it.
            let message = redact(error.message());
            let detail = format!("The test did not arrive. {kind}: {message}.");
            Err(Rejection::new(StatusCode::BAD_GATEWAY, &detail))
        }
    }
}

fn shown(alerts: &Alerts, id: AlertId, acted: Acted) -> Response {
    if acted == Acted::Forwarded {
        let seconds = alerts.interval().as_secs_f64();
        let accepted = format!(
            "Another instance holds this alert. It does this at its next evaluation, within {seconds} s."
        );
        return respond::json(StatusCode::ACCEPTED, &json!({ "accepted": accepted }));
    }
    let mut known = alerts.alerts().into_iter();
    let alert = known.find(|alert| alert.id == id);
    respond::json(StatusCode::OK, &json!({ "alert": alert }))
}

fn refused(error: &Error) -> Rejection {
    failed(error, false)
}

/// An act counts before it is written, unless it is for other instances, too.
fn failed(error: &Error, counts: bool) -> Rejection {
    let detail = sentence(&logged(error));
    match error.kind() {
        ErrorKind::InvalidConfig => Rejection::new(StatusCode::BAD_REQUEST, &detail),
        ErrorKind::Refused => Rejection::new(StatusCode::CONFLICT, &detail),
        _ => {
            tracing::warn!(error = logged(error), "an act on an alert is not written");
            let detail = if counts {
                "The act counts, but it is not written yet, because the store of the alerts fails; the service's log says why."
            } else {
                "The act is not done, because the store of the alerts fails; the service's log says why."
            };
            Rejection::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        }
    }
}
