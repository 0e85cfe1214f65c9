//! `Pushgateway`: one push, and what it is tried again for.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{Method, Request, Response};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::super::Prometheus;
use super::authorization::Authorization;
use super::group::Group;
use super::pushing::Pushing;
use crate::error::{self, Error, ErrorKind};
use crate::http_client::HttpClient;
use crate::redact::redact_line;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// The pauses before the second and the third attempt.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

/// Bytes of a refusal that are read, and those that a message shows: it is one sentence, or a proxy's page.
const MAX_ANSWER: usize = 4096;
const MAX_SHOWN: usize = 200;

/// Where a job pushes its metrics: a group at a [Prometheus Pushgateway](https://github.com/prometheus/pushgateway).
///
/// For jobs that live too short to be scraped. A service is better scraped: a Pushgateway keeps the last push of each
/// group until it is [deleted](Self::delete), whatever became of the process.
///
/// ```no_run
/// # async fn import() {}
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
/// use tower_vitals::{Prometheus, exporter::Pushgateway};
///
/// let prometheus = Prometheus::install()?;
/// let gateway = Pushgateway::new("http://pushgateway:9091", "nightly_import")?.grouping("instance", "eu-1")?;
/// import().await;
/// gateway.push(&prometheus).await?;
/// # Ok(()) }
/// ```
///
/// A job that runs for a while pushes [every so often](Self::push_every), and once more when it ends.
///
/// # The group
///
/// The job and the [grouping](Self::grouping) labels name the group. The Pushgateway sets them on every series, over a
/// label of the same name that the series has already. Two series that differ in nothing else become one by that, and it
/// answers 400, as it does for a metric that another group holds with another type (its README, "URL" and "About metric
/// inconsistencies"). Scrape it with `honor_labels: true`, or Prometheus renames `job` to `exported_job`.
///
/// # Attempts
///
/// A push is tried up to three times, after pauses of 100 ms and 400 ms, where the Pushgateway cannot be reached, does not
/// answer to the end, or answers 5xx. Another status but 2xx fails at once. All of it, rendering and pauses among it,
/// takes no longer than the [`timeout`](Self::timeout). Redirects are not followed.
///
/// Errors show the URL without its credentials and path, and of a refusal the first 200 bytes, with secrets masked.
#[derive(Clone)]
pub struct Pushgateway {
    group: Group,
    authorization: Option<Authorization>,
    timeout: Duration,
    client: Arc<HttpClient>,
}

impl Pushgateway {
    /// The group of this job at the Pushgateway of this URL. A path in the URL stays before `/metrics`; credentials
    /// (`http://user:password@host`, percent-encoded) are taken out of it and sent as [`basic`](Self::basic).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if the URL is not an absolute one of `http` or `https`, or has a query; if the job is
    /// empty.
    pub fn new(url: &str, job: &str) -> Result<Self, Error> {
        let (group, credentials) = Group::new(url, job)?;
        let gateway = Self {
            client: Arc::new(HttpClient::for_uri(&group.uri)),
            group,
            authorization: None,
            timeout: Duration::from_secs(10),
        };
        match credentials {
            Some((user, password)) => gateway.basic(&user, &password),
            None => Ok(gateway),
        }
    }

    /// Adds a label to the group's name: an instance, say, where several of a job run at once, since a push replaces what
    /// its group holds. The value may be anything. Set again, it is replaced. Defaults to none but `job`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] for a name that Prometheus would refuse, and for `job`.
    pub fn grouping(mut self, label: &str, value: &str) -> Result<Self, Error> {
        self.group.label(label, value)?;
        Ok(self)
    }

    /// Sends a bearer token along (RFC 6750). Defaults to none. It takes the place of Basic credentials.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if it is empty, or not of visible ASCII.
    pub fn bearer(mut self, token: &str) -> Result<Self, Error> {
        self.authorization = Some(Authorization::bearer(token)?);
        Ok(self)
    }

    /// Sends a user and a password along (RFC 7617). Defaults to those in the URL, or none. They take the place of a
    /// bearer token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if a colon is in the user.
    pub fn basic(mut self, user: &str, password: &str) -> Result<Self, Error> {
        self.authorization = Some(Authorization::basic(user, password)?);
        Ok(self)
    }

    /// How long one push, or one delete, may take with all its attempts. Defaults to 10 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Pushes everything recorded until now (`PUT`): it replaces what the group held.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] if it did not arrive, or was refused; see [attempts](Self#attempts).
    /// [`ErrorKind::InvalidConfig`] if no tokio runtime is here.
    pub async fn push(&self, prometheus: &Prometheus) -> Result<(), Error> {
        self.send(Method::PUT, Some(prometheus)).await
    }

    /// Pushes everything recorded until now (`POST`): it replaces the metrics of the same names, and leaves what else the
    /// group held.
    ///
    /// # Errors
    ///
    /// As of [`push`](Self::push).
    pub async fn add(&self, prometheus: &Prometheus) -> Result<(), Error> {
        self.send(Method::POST, Some(prometheus)).await
    }

    /// Deletes the group, if there is one.
    ///
    /// # Errors
    ///
    /// As of [`push`](Self::push).
    pub async fn delete(&self) -> Result<(), Error> {
        self.send(Method::DELETE, None).await
    }

    /// [Pushes](Self::push) again and again by a task of the current tokio runtime: the first time after one interval,
    /// and from then on that long after the end of the push before. See [`Pushing`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if the interval is zero, or no tokio runtime is here.
    pub fn push_every(
        &self,
        interval: Duration,
        prometheus: &Prometheus,
    ) -> Result<Pushing, Error> {
        Pushing::start(self.clone(), prometheus.clone(), interval)
    }

    /// As messages name it.
    pub(super) fn shown(&self) -> String {
        self.group.shown()
    }

    async fn send(&self, method: Method, content: Option<&Prometheus>) -> Result<(), Error> {
        let what = match content {
            Some(_) => "push to",
            None => "delete at",
        };
        if Handle::try_current().is_err() {
            return Err(Error::invalid(format!(
                "{what} {} needs a tokio runtime: there is none here",
                self.shown()
            )));
        }
        let mut before = None;
        let failure = match timeout(self.timeout, self.tries(method, content, &mut before)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(failure)) => failure,
            Err(_) => Failure::timed_out(self.timeout, before),
        };
        let mut error = Error::new(
            ErrorKind::Io,
            format!("{what} {} failed: {}", self.shown(), failure.problem),
        );
        if let Some(source) = failure.source {
            error = error.with_source(source);
        }
        Err(error)
    }

    /// `before` is the last failure that was tried again.
    async fn tries(
        &self,
        method: Method,
        content: Option<&Prometheus>,
        before: &mut Option<Failure>,
    ) -> Result<(), Failure> {
        let request = self.request(method, content).await?;
        let mut pauses = PAUSES.into_iter();
        loop {
            let Err(failure) = self.attempt(request.clone()).await else {
                return Ok(());
            };
            match pauses.next() {
                Some(pause) if failure.may_pass => {
                    *before = Some(failure);
                    sleep(pause).await;
                }
                _ => return Err(failure),
            }
        }
    }

    async fn request(
        &self,
        method: Method,
        content: Option<&Prometheus>,
    ) -> Result<Request<Bytes>, Failure> {
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = method;
        *request.uri_mut() = self.group.uri.clone();
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, HeaderValue::from_static("tower-vitals"));
        if let Some(authorization) = &self.authorization {
            headers.insert(AUTHORIZATION, authorization.header());
        }
        if let Some(prometheus) = content {
            headers.insert(CONTENT_TYPE, TEXT);
            let prometheus = prometheus.clone();
            // Its cost grows with the series: too much for a thread that runs other tasks.
            let rendered = spawn_blocking(move || prometheus.render()).await;
            *request.body_mut() = rendered.map_err(Failure::not_rendered)?.into();
        }
        Ok(request)
    }

    async fn attempt(&self, request: Request<Bytes>) -> Result<(), Failure> {
        match self.client.send(request, MAX_ANSWER).await {
            Ok(response) if response.status().is_success() => Ok(()),
            Ok(response) => Err(self.refused(&response)),
            Err(error) => Err(Failure {
                problem: error::with_sources(&error),
                may_pass: true,
                source: Some(error.into()),
            }),
        }
    }

    fn refused(&self, response: &Response<Bytes>) -> Failure {
        let status = response.status();
        let mut answer = String::from_utf8_lossy(response.body()).trim().to_owned();
        if let Some(authorization) = &self.authorization {
            answer = authorization.mask(&answer);
        }
        let problem = match &*answer {
            "" => status.to_string(),
            answer => format!("{status}: {}", redact_line(answer, MAX_SHOWN)),
        };
        Failure {
            problem,
            may_pass: status.is_server_error(),
            source: None,
        }
    }
}

/// Without the path, whose values may hold anything.
impl fmt::Debug for Pushgateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pushgateway")
            .field("host", &self.group.host)
            .field("job", &self.group.job)
            .field("authorization", &self.authorization)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Why an attempt failed, and whether the next one may not.
struct Failure {
    problem: String,
    may_pass: bool,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Failure {
    fn timed_out(after: Duration, before: Option<Self>) -> Self {
        let mut problem = format!("not done within {after:?}");
        let before = before.map(|before| {
            problem.push_str("; the attempt before: ");
            problem.push_str(&before.problem);
            before.source
        });
        Self {
            problem,
            may_pass: true,
            source: before.flatten(),
        }
    }

    fn not_rendered(error: tokio::task::JoinError) -> Self {
        Self {
            problem: "the metrics were not rendered".to_owned(),
            may_pass: false,
            source: Some(error.into()),
        }
    }
}
