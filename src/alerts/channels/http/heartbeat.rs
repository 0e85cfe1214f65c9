//! `Heartbeat`: a URL that is called while the engine is healthy.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::{HeaderMap, Method};

use super::poster::{Poster, judge, shown};
use crate::alerts::channels::channel::{Channel, Mode};
use crate::alerts::channels::delivery_error::DeliveryError;
use crate::alerts::channels::notification::Notification;
use crate::error::Error;
use crate::redact::register_own;

const EVERY: Duration = Duration::from_secs(60);
const MIN_EVERY: Duration = Duration::from_secs(1);
/// Shorter parts of the path are names.
const MIN_TOKEN: usize = 8;

/// A URL that the engine calls while it is healthy: a dead man's switch, so that somebody notices when the service, its machine or
/// its network is gone. It is called after an evaluation, and not while the engine has a problem that
/// [`Alerts::health_check`](crate::alerts::Alerts::health_check) would report, such as a store that fails or another channel that
/// is stopped.
///
/// Any 2xx is success, except that of Healthchecks.io for a check that does not exist (`OK (not found)`). 401, 403, 404 and 410
/// stop the channel. Set the receiver's grace time to at least twice [`every`](Self::every). Sources: `Pinging API`,
/// healthchecks.io; `Checking in`, deadmanssnitch.com.
///
/// ```
/// use std::time::Duration;
/// use tower_vitals::alerts::channels::Heartbeat;
///
/// let heartbeat = Heartbeat::new("https://hc-ping.com/0123abcd-1234-5678-9abc-0123456789ab")?
///     .every(Duration::from_secs(5 * 60));
/// assert_eq!(format!("{heartbeat:?}"), r#"Heartbeat { server: "https://hc-ping.com", every: 300s, .. }"#);
/// # Ok::<_, tower_vitals::Error>(())
/// ```
pub struct Heartbeat {
    poster: Poster,
    method: Method,
    every: Duration,
}

impl Heartbeat {
    /// Calls this URL with GET. Its path is secret.
    ///
    /// # Errors
    ///
    /// Fails if the URL is invalid.
    pub fn new(url: impl AsRef<str>) -> Result<Self, Error> {
        let poster = Poster::new("the URL of the heartbeat", url.as_ref())?;
        // The token of Dead Man's Snitch has ten characters.
        let parts = poster.uri().path().split('/');
        let has_digit = |part: &&str| part.bytes().any(|byte| byte.is_ascii_digit());
        let tokens = parts
            .filter(|part| part.len() >= MIN_TOKEN)
            .filter(has_digit);
        tokens.for_each(register_own);
        Ok(Self {
            poster,
            method: Method::GET,
            every: EVERY,
        })
    }

    /// Calls the URL with POST and an empty body.
    pub fn post(mut self) -> Self {
        self.method = Method::POST;
        self
    }

    /// Sets the time between two calls, at least a second. Defaults to a minute.
    pub fn every(mut self, every: Duration) -> Self {
        self.every = every.max(MIN_EVERY);
        self
    }
}

impl Channel for Heartbeat {
    fn kind(&self) -> &'static str {
        "heartbeat"
    }

    fn send<'a>(&'a self, _: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(async move {
            let (method, uri) = (self.method.clone(), self.poster.uri().clone());
            let response = self
                .poster
                .send(method, uri, HeaderMap::new(), Bytes::new());
            let response = response.await?;
            judge(&response)?;
            if response.body().trim_ascii() == b"OK (not found)" {
                return Err(DeliveryError::stopped(shown(&response)));
            }
            Ok(())
        })
    }

    fn mode(&self) -> Mode {
        Mode::Heartbeat { every: self.every }
    }
}

impl fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heartbeat")
            .field("server", &self.poster.server())
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}
