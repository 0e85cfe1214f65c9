//! `PushgatewayBuilder`: the settings of a Pushgateway client.

use std::sync::Arc;
use std::time::Duration;

use http::Uri;

use super::authorization::Authorization;
use super::gateway::Pushgateway;
use super::group::{self, Group};
use crate::catalog;
use crate::error::Error;
use crate::http_client::HttpClient;

impl Pushgateway {
    /// Returns a client with the default settings, see [`builder`](Self::builder).
    ///
    /// # Errors
    ///
    /// The errors of [`PushgatewayBuilder::build`].
    pub fn new(url: &str, job: &str) -> Result<Self, Error> {
        Self::builder(url, job).build()
    }

    /// Returns a builder for the group of `job` at the Pushgateway of this URL.
    ///
    /// A path in the URL is put before `/metrics`. Credentials (`http://user:password@host`, percent-encoded) are
    /// removed from the URL and sent as by [`basic`](PushgatewayBuilder::basic).
    pub fn builder(url: &str, job: &str) -> PushgatewayBuilder {
        let mut builder = PushgatewayBuilder {
            server: String::new(),
            base_path: String::new(),
            job: job.to_owned(),
            labels: Vec::new(),
            authorization: None,
            timeout: Duration::from_secs(10),
            mistakes: Vec::new(),
        };
        if job.is_empty() {
            builder.mistakes.push(Error::invalid(
                "Pushgateway job is empty: any other name is allowed",
            ));
        }
        match group::parse_url(url) {
            Ok(url) => {
                builder.server = url.to_string();
                let base_path = url.uri().path().trim_end_matches('/');
                base_path.clone_into(&mut builder.base_path);
                match url.credentials() {
                    Some((user, password)) => builder.basic(user, password),
                    None => builder,
                }
            }
            Err(error) => {
                builder.mistakes.push(error);
                builder
            }
        }
    }
}

/// Builds a [`Pushgateway`].
#[must_use]
pub struct PushgatewayBuilder {
    server: String,
    /// Without a trailing slash.
    base_path: String,
    job: String,
    labels: Vec<(String, String)>,
    authorization: Option<Authorization>,
    timeout: Duration,
    mistakes: Vec<Error>,
}

impl PushgatewayBuilder {
    /// Adds a label to the name of the group, or replaces its value, which may be any string. Defaults to `job` alone.
    ///
    /// A push replaces the content of its group, so concurrent instances of a job need a label to tell them apart.
    pub fn grouping(mut self, label: &str, value: &str) -> Self {
        if let Err(error) = catalog::check_label_name(label) {
            self.mistakes
                .push(Error::invalid(format!("grouping: {error}")));
        } else if label == "job" {
            self.mistakes.push(Error::invalid(
                "grouping label \"job\" is reserved for the name of the job: any other label name is allowed",
            ));
        } else {
            self.labels.retain(|(known, _)| known != label);
            self.labels.push((label.to_owned(), value.to_owned()));
        }
        self
    }

    /// Sends a bearer token (RFC 6750) instead of Basic credentials. Defaults to none.
    pub fn bearer(self, token: &str) -> Self {
        self.authorization(Authorization::bearer(token))
    }

    /// Sends a user and a password (RFC 7617) instead of a bearer token. Defaults to those in the URL, or none.
    pub fn basic(self, user: &str, password: &str) -> Self {
        self.authorization(Authorization::basic(user, password))
    }

    fn authorization(mut self, authorization: Result<Authorization, Error>) -> Self {
        match authorization {
            Ok(authorization) => self.authorization = Some(authorization),
            Err(error) => self.mistakes.push(error),
        }
        self
    }

    /// Limits the time of one push or delete with all its attempts. Defaults to 10 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Builds the client. It connects at the first push.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with all mistakes: a URL that is not an absolute
    /// `http` or `https` URL or has a query; an empty job; a label name that Prometheus would reject, or `job`; labels
    /// that make the URL longer than 65,534 bytes; a bearer token that is empty or not visible ASCII; a user that
    /// contains a colon.
    pub fn build(self) -> Result<Pushgateway, Error> {
        let base = format!("{}{}", self.server, self.base_path);
        let labels = self.labels.iter();
        let labels = labels.map(|(name, value)| (&**name, &**value));
        let mut mistakes = self.mistakes;
        let uri = group::uri(&base, &self.job, labels).unwrap_or_else(|error| {
            mistakes.push(error);
            Uri::default()
        });
        Error::combine(mistakes)?;
        Ok(Pushgateway {
            client: Arc::new(HttpClient::new()),
            group: Group {
                server: self.server,
                job: self.job,
                uri,
            },
            authorization: self.authorization,
            timeout: self.timeout,
        })
    }
}

// Omits the labels, because their values may hold secrets.
debug_fields!(PushgatewayBuilder { server, job });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_removed_from_the_url() {
        for (url, uri, authorization) in [
            (
                "https://us%65r:p%2Fw%40@h/",
                "https://h/metrics/job/j",
                "Basic dXNlcjpwL3dA",
            ),
            (
                "http://token@[::1]:9091/base/",
                "http://[::1]:9091/base/metrics/job/j",
                "Basic dG9rZW46",
            ),
        ] {
            let gateway = Pushgateway::new(url, "j").unwrap();
            assert_eq!(gateway.group.uri, uri);
            assert_eq!(gateway.authorization.unwrap().header(), authorization);
        }
    }

    #[test]
    fn a_grouping_label_set_again_is_replaced() {
        let builder = Pushgateway::builder("http://h:9091", "j");
        let gateway = builder.grouping("a", "1").grouping("a", "2").build();
        let path = gateway.unwrap().group.uri.path().to_owned();
        assert_eq!(path, "/metrics/job/j/a/2");
    }
}
