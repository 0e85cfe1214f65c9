//! `Pushgateway`: a client that pushes metrics, with retries.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{Method, Request, Response};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::authorization::Authorization;
use super::group::Group;
use crate::error::{BoxError, Error, ErrorKind, with_sources};
use crate::exporter::prometheus::Prometheus;
use crate::http_client::HttpClient;
use crate::redact::{Redacted, redact_line};

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// The delays before the second and the third attempt.
const RETRY_DELAYS: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

/// The maximum number of bytes that are read of a response. It is one sentence, or an HTML page of a proxy.
const MAX_RESPONSE: usize = 4096;

/// The maximum number of bytes of a response in a message. The Pushgateway shows the refused metric with its labels.
const MAX_SHOWN: usize = 400;

/// A client for one group at a [Prometheus Pushgateway](https://github.com/prometheus/pushgateway).
///
/// Use it for jobs that end before they can be scraped. Scraping is better for services, because a Pushgateway keeps
/// the last push of each group until the group is [deleted](Self::delete), even if the process is gone.
///
/// ```no_run
/// # async fn import() {}
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
/// use tower_vitals::{Prometheus, exporter::Pushgateway};
///
/// let prometheus = Prometheus::install()?;
/// let gateway = Pushgateway::builder("http://pushgateway:9091", "nightly_import")
///     .grouping("instance", "eu-1")
///     .build()?;
/// import().await;
/// gateway.push(&prometheus).await?;
/// # Ok(()) }
/// ```
///
/// A job that runs longer pushes [at an interval](Self::push_every), and once more when it ends.
///
/// # Groups
///
/// The name of a group consists of the job and the [grouping](super::PushgatewayBuilder::grouping) labels. The
/// Pushgateway adds them to every series and replaces existing labels of these names. If two series become equal by
/// that, it responds with 400, as it does if another group holds a metric of the same name with another type (its
/// README, "URL" and "About metric inconsistencies"). Scrape it with `honor_labels: true`, or Prometheus renames `job`
/// to `exported_job`.
///
/// # Attempts
///
/// A push is attempted up to three times, with delays of 100 ms and 400 ms, if the Pushgateway cannot be reached, does
/// not complete its response, or responds with 5xx. Statuses other than 2xx and 5xx fail at once. Redirects are not
/// followed. The [`timeout`](super::PushgatewayBuilder::timeout) covers rendering, all attempts and the delays.
///
/// Errors show the URL without its credentials and path, and the first 400 bytes of the response, with secrets masked.
#[derive(Clone)]
pub struct Pushgateway {
    pub(super) group: Group,
    pub(super) authorization: Option<Authorization>,
    pub(super) timeout: Duration,
    pub(super) client: Arc<HttpClient>,
}

impl Pushgateway {
    /// Replaces the content of the group with all metrics (`PUT`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] if all [attempts](Self#attempts) failed; [`ErrorKind::InvalidConfig`] outside a tokio runtime.
    pub async fn push(&self, prometheus: &Prometheus) -> Result<(), Error> {
        self.send(Method::PUT, Some(prometheus)).await
    }

    /// Replaces those metrics of the group that have the same names (`POST`).
    ///
    /// # Errors
    ///
    /// The errors of [`push`](Self::push).
    pub async fn add(&self, prometheus: &Prometheus) -> Result<(), Error> {
        self.send(Method::POST, Some(prometheus)).await
    }

    /// Deletes the group, if it exists.
    ///
    /// # Errors
    ///
    /// The errors of [`push`](Self::push).
    pub async fn delete(&self) -> Result<(), Error> {
        self.send(Method::DELETE, None).await
    }

    async fn send(&self, method: Method, metrics: Option<&Prometheus>) -> Result<(), Error> {
        let operation = match metrics {
            Some(_) => "push to",
            None => "delete at",
        };
        let group = &self.group;
        if Handle::try_current().is_err() {
            return Err(Error::invalid(format!(
                "{operation} {group} needs a tokio runtime: call it within one"
            )));
        }
        let mut previous = None;
        let attempts = self.attempts(method, metrics, &mut previous);
        let failure = match timeout(self.timeout, attempts).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(failure)) => failure,
            Err(_) => Failure::timed_out(self.timeout, previous),
        };
        let message = format!("{operation} {group} failed: {}", failure.problem);
        let error = Error::new(ErrorKind::Io, message);
        Err(match failure.source {
            Some(source) => error.with_source(source),
            None => error,
        })
    }

    /// Sets `previous` to the last failure that was retried.
    async fn attempts(
        &self,
        method: Method,
        metrics: Option<&Prometheus>,
        previous: &mut Option<Failure>,
    ) -> Result<(), Failure> {
        let request = self.request(method, metrics).await?;
        let mut delays = RETRY_DELAYS.into_iter();
        loop {
            let Err(failure) = self.attempt(request.clone()).await else {
                return Ok(());
            };
            match delays.next() {
                Some(delay) if failure.is_retryable => {
                    *previous = Some(failure);
                    sleep(delay).await;
                }
                _ => return Err(failure),
            }
        }
    }

    async fn request(
        &self,
        method: Method,
        metrics: Option<&Prometheus>,
    ) -> Result<Request<Bytes>, Failure> {
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = method;
        *request.uri_mut() = self.group.uri.clone();
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, HeaderValue::from_static("tower-vitals"));
        if let Some(authorization) = &self.authorization {
            headers.insert(AUTHORIZATION, authorization.header());
        }
        if let Some(prometheus) = metrics {
            headers.insert(CONTENT_TYPE, TEXT);
            let prometheus = prometheus.clone();
            // Rendering many series would block the other tasks of this thread.
            let rendered = spawn_blocking(move || prometheus.render()).await;
            *request.body_mut() = rendered.map_err(Failure::not_rendered)?.into();
        }
        Ok(request)
    }

    async fn attempt(&self, request: Request<Bytes>) -> Result<(), Failure> {
        match self.client.send(request, MAX_RESPONSE).await {
            Ok(response) if response.status().is_success() => Ok(()),
            Ok(response) => Err(self.refused(&response)),
            Err(error) => Err(Failure {
                problem: with_sources(&error),
                is_retryable: true,
                source: Some(error.into()),
            }),
        }
    }

    fn refused(&self, response: &Response<Bytes>) -> Failure {
        let status = response.status();
        let mut body = String::from_utf8_lossy(response.body()).trim().to_owned();
        if let Some(authorization) = &self.authorization {
            body = authorization.mask(&body);
        }
        let problem = match &*body {
            "" => status.to_string(),
            body => format!("{status}: {}", redact_line(body, MAX_SHOWN)),
        };
        Failure {
            problem,
            is_retryable: status.is_server_error(),
            source: None,
        }
    }
}

/// Omits the path, because label values may hold secrets.
impl fmt::Debug for Pushgateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pushgateway")
            .field("server", &self.group.server)
            .field("job", &Redacted(&self.group.job))
            .field("authorization", &self.authorization)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Why an attempt failed.
struct Failure {
    problem: String,
    is_retryable: bool,
    source: Option<BoxError>,
}

impl Failure {
    fn timed_out(timeout: Duration, previous: Option<Self>) -> Self {
        let mut problem = format!("timed out after {timeout:?}");
        let source = previous.and_then(|previous| {
            problem.push_str("; previous attempt: ");
            problem.push_str(&previous.problem);
            previous.source
        });
        Self {
            problem,
            is_retryable: false,
            source,
        }
    }

    fn not_rendered(error: tokio::task::JoinError) -> Self {
        Self {
            problem: "the metrics could not be rendered".to_owned(),
            is_retryable: false,
            source: Some(error.into()),
        }
    }
}
