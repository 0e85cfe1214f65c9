//! `Log`: writes notifications to the log.

use futures_core::future::BoxFuture;

use super::channel::Channel;
use super::delivery_error::DeliveryError;
use super::notification::Notification;
use super::notified_alert::NotifiedAlert;
use crate::alerts::level::Level;
use crate::redact::redact_line;

/// The alerts of one notification that are written.
const MAX_ALERTS: usize = 20;
/// The bytes of a field.
const MAX_FIELD: usize = 1024;

/// Writes notifications to the log of `tracing`: one event for each alert, with `alertname`, `labels`, `value` and `summary`.
///
/// A firing alert has the level of the log that fits its own: critical alerts and errors are errors, warnings are warnings.
/// Resolved alerts are infos. At most 20 alerts of a notification are written. One more line counts the others.
///
/// ```
/// use tower_vitals::alerts::channels::{Channel, Log};
///
/// assert_eq!(Log::new().kind(), "log");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Log(());

impl Log {
    /// Writes to the subscriber of the thread that sends.
    #[must_use]
    pub fn new() -> Self {
        Self(())
    }
}

default_is_new!(Log);

impl Channel for Log {
    fn kind(&self) -> &'static str {
        "log"
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
    ) -> BoxFuture<'a, Result<(), DeliveryError>> {
        write(notification);
        Box::pin(async { Ok(()) })
    }
}

fn write(notification: &Notification) {
    if let Some(text) = &notification.text {
        tracing::info!("{}", redact_line(text, MAX_FIELD));
    } else if notification.alerts.is_empty() {
        tracing::info!("{}", redact_line(&notification.title(), MAX_FIELD));
    }
    for alert in notification.alerts.iter().take(MAX_ALERTS) {
        write_alert(alert);
    }
    let not_shown = notification.alerts.len().saturating_sub(MAX_ALERTS);
    match not_shown + notification.left_out {
        0 => {}
        more => tracing::info!("and {more} more alerts"),
    }
}

fn write_alert(alert: &NotifiedAlert) {
    // The level of an event is a constant.
    macro_rules! write {
        ($level:ident, $text:literal) => {
            tracing::$level!(
                alertname = redact_line(&alert.name, MAX_FIELD),
                labels = labels(alert),
                value = alert.value,
                summary = redact_line(alert.summary(), MAX_FIELD),
                $text
            )
        };
    }
    match alert.level {
        _ if !alert.is_firing => write!(info, "an alert is resolved"),
        Level::Critical | Level::Error => write!(error, "an alert fires"),
        Level::Warning => write!(warn, "an alert fires"),
        Level::Info => write!(info, "an alert fires"),
    }
}

/// The labels besides the name, as in a selector: `{endpoint="/users", severity="critical"}`.
fn labels(alert: &NotifiedAlert) -> String {
    let labels = alert.labels.iter().filter(|(name, _)| *name != "alertname");
    let labels: Vec<_> = labels
        .map(|(name, value)| format!("{name}={value:?}"))
        .collect();
    redact_line(&format!("{{{}}}", labels.join(", ")), MAX_FIELD)
}
