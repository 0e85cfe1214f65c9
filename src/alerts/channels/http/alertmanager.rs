//! `Alertmanager`: the API of Alertmanager, version 2.

use std::fmt;
use std::time::Duration;

use futures_core::future::BoxFuture;

use super::alertmanager_instance::{AlertmanagerInstance, Outcome};
use super::alerts_only::alerts;
use super::posted_alert::PostedAlert;
use crate::alerts::channels::channel::{Channel, Mode};
use crate::alerts::channels::delivery_error::DeliveryError;
use crate::alerts::channels::notification::Notification;
use crate::error::Error;
use crate::join_all::join_all;

const EVERY: Duration = Duration::from_secs(60);
const MIN_EVERY: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(5);
/// A post of this many batches may take the full time for each.
const BATCHES: u32 = 12;
/// A firing alert ends after this number of posts that fail, but not before the least time, which is Alertmanager's own.
const POSTS: u32 = 4;
const MIN_HOLD: Duration = Duration::from_secs(5 * 60);

/// Alertmanager, or all instances of its cluster, through its API version 2.
///
/// Alertmanager groups, silences and routes. So it gets all firing alerts and those that resolved in the last five minutes, every
/// minute and when something changes. Each post says that a firing alert ends after four such times, at least five minutes, so that
/// it resolves there when the service is gone. A resolved alert ends when it ended.
///
/// Name every instance of a cluster, and no load balancer in front of it: the instances share notifications, but not alerts. Each
/// post goes to all instances at once. If any instance fails, the others have the alerts, the log names the one that failed, and
/// the post counts as failed, so that it is tried again. 401, 403 and 404 of all instances stop the channel.
///
/// - Alerts are posted in batches of at most 64. If Alertmanager refuses a batch (400, 413, 422), its halves are posted, down to the
///   refused alert, so that the others are kept. The log names refused alerts.
/// - Empty labels are left out. Alertmanager before 0.27 refuses names other than `[a-zA-Z_][a-zA-Z0-9_]*`, so other characters
///   become `_`. Such an alert has another fingerprint there than here.
/// - `generatorURL` is the page of the rule below the external URL of the service, unless that is no URL.
/// - The end of an alert is a time of the service's clock. If it is five minutes behind that of Alertmanager, alerts resolve there
///   at once. Prometheus has the same limit.
///
/// Sources: `Alertmanager`, section `High Availability`, and `Sending alerts`, prometheus.io; `openapi.yaml` of its API version 2.
///
/// ```
/// use tower_vitals::alerts::channels::Alertmanager;
///
/// let alertmanager = Alertmanager::new(["http://alertmanager-0:9093", "https://vitals:s3cret@alerts.example.org/prefix"])?;
/// assert_eq!(
///     format!("{alertmanager:?}"),
///     r#"Alertmanager { instances: ["http://alertmanager-0:9093", "https://alerts.example.org"], every: 60s, timeout: 5s }"#,
/// );
/// # Ok::<_, tower_vitals::Error>(())
/// ```
pub struct Alertmanager {
    instances: Vec<AlertmanagerInstance>,
    every: Duration,
    timeout: Duration,
}

impl Alertmanager {
    /// A channel to these instances. A URL may have a path prefix, and a user and a password for basic authentication.
    ///
    /// # Errors
    ///
    /// Fails if a URL is invalid, and if there is none. All mistakes are in one error.
    pub fn new(urls: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, Error> {
        let mut instances = Vec::new();
        let mut mistakes = Vec::new();
        for url in urls {
            match AlertmanagerInstance::new(url.as_ref()) {
                Ok(instance) => instances.push(instance),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        Error::combine(mistakes)?;
        if instances.is_empty() {
            return Err(Error::invalid(
                "there is no URL of Alertmanager: name each of its instances",
            ));
        }
        Ok(Self {
            instances,
            every: EVERY,
            timeout: TIMEOUT,
        })
    }

    /// Sets the time between two posts, at least a second. Defaults to a minute.
    #[must_use]
    pub fn every(mut self, every: Duration) -> Self {
        self.every = every.max(MIN_EVERY);
        self
    }

    /// Sets the time that an instance has for each batch. Defaults to five seconds.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

impl Channel for Alertmanager {
    fn kind(&self) -> &'static str {
        "alertmanager"
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
    ) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(async move {
            let hold = self.every.saturating_mul(POSTS).max(MIN_HOLD);
            let alerts = alerts(notification);
            let posted = alerts.iter();
            let posted = posted.map(|alert| PostedAlert::new(notification, alert, hold));
            let posted: Vec<_> = posted.collect();
            let posts = self.instances.iter();
            let posts = posts.map(|instance| instance.post(&posted, self.timeout));
            judge_all(join_all(posts).await, posted.len())
        })
    }

    fn mode(&self) -> Mode {
        Mode::Alerts { every: self.every }
    }

    fn timeout(&self) -> Duration {
        self.timeout.saturating_mul(BATCHES)
    }

    fn deduplicates(&self) -> bool {
        true
    }
}

impl fmt::Debug for Alertmanager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers = self.instances.iter().map(AlertmanagerInstance::server);
        f.debug_struct("Alertmanager")
            .field("instances", &servers.collect::<Vec<_>>())
            .field("every", &self.every)
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// Joins the outcomes of all instances into one result. Only what all instances say is final.
fn judge_all(outcomes: Vec<Outcome>, alerts: usize) -> Result<(), DeliveryError> {
    let all = outcomes.len();
    let refused = outcomes
        .iter()
        .filter_map(|outcome| outcome.refusal(alerts));
    let refused = refused.map(DeliveryError::rejected).next();
    let mut failures: Vec<_> = outcomes
        .into_iter()
        .filter_map(|outcome| outcome.failure)
        .collect();
    let Some(first) = failures.first() else {
        return refused.map_or(Ok(()), Err);
    };
    let is_like_first =
        |error: &DeliveryError| std::mem::discriminant(error) == std::mem::discriminant(first);
    let is_final = failures.len() == all && failures.iter().all(is_like_first);
    if all == 1 || (is_final && !matches!(first, DeliveryError::Retry { .. })) {
        return Err(failures.swap_remove(0));
    }
    let messages: Vec<_> = failures.iter().map(DeliveryError::message).collect();
    let message = format!(
        "{} of {all} instances of Alertmanager failed: {}",
        failures.len(),
        messages.join("; ")
    );
    let after = failures.iter().filter_map(|failure| match failure {
        DeliveryError::Retry { after, .. } => *after,
        _ => None,
    });
    Err(DeliveryError::retry_after(message, after.max()))
}
