//! `AlertmanagerInstance`: one instance of Alertmanager.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};

use super::posted_alert::PostedAlert;
use super::poster::{Poster, judge};
use crate::alerts::channels::delivery_error::DeliveryError;
use crate::error::Error;
use crate::log_limit::LogLimit;
use crate::outage::{Outage, Transition};
use crate::redact::redact_line;

const MAX_BATCH: usize = 64;
/// The most batches of a post that are split. It bounds the requests if Alertmanager refuses everything, and finds at least 16
/// refused alerts.
const MAX_SPLITS: usize = 128;
const MAX_NAMED: usize = 5;
/// The bytes of a name or an error in the log.
const MAX_SHOWN: usize = 200;

/// One instance of Alertmanager.
pub(super) struct AlertmanagerInstance {
    poster: Poster,
    endpoint: Uri,
    outage: Outage,
    refusals: LogLimit,
}

/// The end of a post to one instance.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The failure that ended the post.
    pub(super) failure: Option<DeliveryError>,
    refused: usize,
    /// The names of the first refused alerts.
    names: Vec<String>,
    /// The first refusal.
    message: String,
}

impl Outcome {
    /// The alerts that the instance refused, if any, as a sentence.
    pub(super) fn refusal(&self, alerts: usize) -> Option<String> {
        let Self { refused, names, .. } = self;
        let more = if *refused > names.len() { ", .." } else { "" };
        let names = names.join(", ");
        let message = &self.message;
        (*refused > 0).then(|| {
            format!("Alertmanager refused {refused} of {alerts} alerts ({names}{more}): {message}")
        })
    }

    fn refuse(&mut self, alerts: &[PostedAlert], message: String) {
        if self.refused == 0 {
            self.message = message;
        }
        self.refused += alerts.len();
        let free = MAX_NAMED.saturating_sub(self.names.len());
        let names = alerts.iter().take(free);
        self.names
            .extend(names.map(|alert| redact_line(alert.name(), MAX_SHOWN)));
    }
}

/// The response to one batch.
enum Response {
    Taken,
    /// Some alerts of the batch are at fault.
    Refused(String),
    Failed(DeliveryError),
}

impl AlertmanagerInstance {
    pub(super) fn new(url: &str) -> Result<Self, Error> {
        let poster = Poster::for_base("the URL of Alertmanager", url)?;
        Ok(Self {
            endpoint: poster.below("/api/v2/alerts")?,
            poster,
            outage: Outage::default(),
            refusals: LogLimit::default(),
        })
    }

    pub(super) fn server(&self) -> String {
        self.poster.server()
    }

    /// Posts the alerts. Logs a failure when it starts and when it ends.
    pub(super) async fn post(&self, alerts: &[PostedAlert], timeout: Duration) -> Outcome {
        let outcome = self.post_batches(alerts, timeout).await;
        let server = self.server();
        let problem = outcome.failure.as_ref().map(DeliveryError::message);
        match (self.outage.update(problem.is_some()), problem) {
            (Some(Transition::Started), Some(error)) => {
                let left_out = self.outage.left_out();
                tracing::warn!(
                    server,
                    error,
                    left_out,
                    "cannot post alerts to Alertmanager"
                );
            }
            (Some(Transition::Ended), _) => {
                tracing::info!(server, "Alertmanager takes alerts again");
            }
            _ => {}
        }
        if let Some(error) = outcome.refusal(alerts.len())
            && let Some(left_out) = self.refusals.next()
        {
            tracing::warn!(server, error, left_out, "Alertmanager refused alerts");
        }
        outcome
    }

    async fn post_batches(&self, alerts: &[PostedAlert], timeout: Duration) -> Outcome {
        let mut outcome = Outcome::default();
        let mut batches: VecDeque<_> = alerts.chunks(MAX_BATCH).collect();
        let mut splits = 0;
        while let Some(batch) = batches.pop_front() {
            match self.post_batch(batch, timeout).await {
                Response::Taken => {}
                Response::Refused(_) if batch.len() > 1 && splits < MAX_SPLITS => {
                    splits += 1;
                    let (left, right) = batch.split_at(batch.len() / 2);
                    batches.push_front(right);
                    batches.push_front(left);
                }
                Response::Refused(message) => outcome.refuse(batch, message),
                Response::Failed(error) => {
                    outcome.failure = Some(error);
                    break;
                }
            }
        }
        outcome
    }

    async fn post_batch(&self, batch: &[PostedAlert], timeout: Duration) -> Response {
        let body = match serde_json::to_vec(batch) {
            Ok(body) => Bytes::from(body),
            Err(error) => return Response::Refused(error.to_string()),
        };
        let uri = self.endpoint.clone();
        let post = self.poster.send(Method::POST, uri, HeaderMap::new(), body);
        let response = match tokio::time::timeout(timeout, post).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Response::Failed(error),
            Err(_) => {
                let message = format!("{} did not answer within {timeout:?}", self.server());
                return Response::Failed(DeliveryError::retry(message));
            }
        };
        let is_refused = [
            StatusCode::BAD_REQUEST,
            StatusCode::PAYLOAD_TOO_LARGE,
            StatusCode::UNPROCESSABLE_ENTITY,
        ];
        match judge(&response) {
            Ok(()) => Response::Taken,
            Err(error) if is_refused.contains(&response.status()) => {
                Response::Refused(error.message().to_owned())
            }
            Err(error) => Response::Failed(error),
        }
    }
}
