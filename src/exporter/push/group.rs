//! Where a group of metrics stands at a Pushgateway: the base of its URL, and the path that its labels make.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::catalog;
use crate::error::Error;
use crate::redact::{MASK, redact_line};

/// Bytes of a refused URL or a job's name that a message shows.
const MAX_SHOWN: usize = 200;

/// RFC 3986's unreserved characters stand for themselves.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A user and a password.
pub(super) type Credentials = (String, String);

/// A group: whatever is pushed with the same job and the same labels.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// Scheme and host, and never credentials.
    pub(super) host: String,
    /// Without the slash at its end.
    base_path: String,
    pub(super) job: String,
    labels: Vec<(String, String)>,
    /// All of the above.
    pub(super) uri: Uri,
}

impl Group {
    /// The group of a job alone, and the credentials that the URL held.
    pub(super) fn new(url: &str, job: &str) -> Result<(Self, Option<Credentials>), Error> {
        if job.is_empty() {
            return Err(Error::invalid(
                "the job of a Pushgateway is empty: any other name is allowed",
            ));
        }
        let (host, base_path, credentials) = parse(url).map_err(|problem| {
            Error::invalid(format!(
                "Pushgateway URL {:?} is refused ({problem}): http:// or https://, a host, and perhaps credentials, a \
                 port and a path are allowed",
                refused_url(url)
            ))
        })?;
        let mut group = Self {
            host,
            base_path,
            job: job.to_owned(),
            labels: Vec::new(),
            uri: Uri::default(),
        };
        group.uri = group.whole()?;
        Ok((group, credentials))
    }

    /// Adds a label, or replaces the one of that name.
    pub(super) fn label(&mut self, name: &str, value: &str) -> Result<(), Error> {
        catalog::check_label_name(name)
            .map_err(|error| Error::invalid(format!("grouping: {error}")))?;
        if name == "job" {
            return Err(Error::invalid(
                "grouping label \"job\" is taken by the job's name: any other label name is allowed",
            ));
        }
        self.labels.retain(|(known, _)| known != name);
        self.labels.push((name.to_owned(), value.to_owned()));
        self.uri = self.whole()?;
        Ok(())
    }

    /// As messages name it: `http://host:9091 for job "nightly"`.
    pub(super) fn shown(&self) -> String {
        format!(
            "{} for job {:?}",
            self.host,
            redact_line(&self.job, MAX_SHOWN)
        )
    }

    /// Pushgateway's README, "URL": `/metrics/job/<job>{/<label>/<value>}`.
    fn whole(&self) -> Result<Uri, Error> {
        let mut url = format!("{}{}/metrics", self.host, self.base_path);
        let labels = self.labels.iter().map(|(name, value)| (&**name, &**value));
        for (name, value) in std::iter::once(("job", &*self.job)).chain(labels) {
            let (suffix, value) = segment(value);
            url.extend(["/", name, suffix, "/", &value]);
        }
        url.parse().map_err(|_| {
            Error::invalid(format!(
                "the job and the grouping labels make a URL of {} bytes: 65,534 are allowed",
                url.len()
            ))
        })
    }
}

/// A label's value as a segment of the path, and what marks the label's name for it.
///
/// What the Pushgateway's router would take for another path (slashes, dots, nothing at all) goes as base64.
fn segment(value: &str) -> (&'static str, Cow<'_, str>) {
    match value {
        "" => ("@base64", "=".into()),
        _ if value.contains('/') || value == "." || value == ".." => {
            ("@base64", BASE64_URL_SAFE_NO_PAD.encode(value).into())
        }
        _ => ("", utf8_percent_encode(value, ENCODED).into()),
    }
}

/// Scheme and host, base path, and credentials; or what is wrong.
fn parse(url: &str) -> Result<(String, String, Option<Credentials>), Cow<'static, str>> {
    let uri: Uri = url
        .parse()
        .map_err(|error: http::uri::InvalidUri| error.to_string())?;
    let Some(scheme @ ("http" | "https")) = uri.scheme_str() else {
        return Err("its scheme is another, or none".into());
    };
    let authority = uri.authority().ok_or("it has no host")?;
    let (userinfo, host) = match authority.as_str().rsplit_once('@') {
        Some((userinfo, host)) => (Some(userinfo), host),
        None => (None, authority.as_str()),
    };
    if authority.host().is_empty() {
        return Err("it has no host".into());
    }
    // A password with a slash in it ends the host too early: what looks like a port, or stands before the @, is part of it.
    let port = host.strip_prefix(authority.host());
    if port != Some("") && authority.port_u16().is_none() {
        return Err("its port is no number".into());
    }
    if uri.path().contains('@') {
        return Err("an @ stands in its path; a slash in a password is written %2F".into());
    }
    if uri.query().is_some() || url.contains('#') {
        return Err("it has a ? or a #; in a password they are written %3F and %23".into());
    }
    let base_path = uri.path().trim_end_matches('/').to_owned();
    Ok((
        format!("{scheme}://{host}"),
        base_path,
        userinfo.map(credentials),
    ))
}

/// A URL that is no proper one tells where its password ends by its last `@` alone.
fn refused_url(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    let shown = match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}{MASK}@{host}"),
        None => url.to_owned(),
    };
    let before_query = shown.split(['?', '#']).next().unwrap_or_default();
    redact_line(before_query, MAX_SHOWN)
}

/// RFC 3986, section 3.2.1: `user:password`, percent-encoded.
fn credentials(userinfo: &str) -> Credentials {
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let decode = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    (decode(user), decode(password))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(job: &str, labels: &[(&str, &str)]) -> String {
        let (mut group, _) = Group::new("http://h:9091/base/", job).unwrap();
        for (name, value) in labels {
            group.label(name, value).unwrap();
        }
        group.uri.path().strip_prefix("/base").unwrap().to_owned()
    }

    /// The examples of Pushgateway's README, "URL".
    #[test]
    fn the_readmes_examples() {
        assert_eq!(path("some_job", &[]), "/metrics/job/some_job");
        assert_eq!(
            path("directory_cleaner", &[("path", "/var/tmp")]),
            "/metrics/job/directory_cleaner/path@base64/L3Zhci90bXA"
        );
        assert_eq!(
            path(
                "example",
                &[("first_label", ""), ("second_label", "foobar")]
            ),
            "/metrics/job/example/first_label@base64/=/second_label/foobar"
        );
        assert_eq!(
            path("titan", &[("name", "Προμηθεύς")]),
            "/metrics/job/titan/name/%CE%A0%CF%81%CE%BF%CE%BC%CE%B7%CE%B8%CE%B5%CF%8D%CF%82"
        );
        assert_eq!(path("a/b", &[]), "/metrics/job@base64/YS9i");
    }

    #[test]
    fn a_value_stays_in_its_segment() {
        assert_eq!(
            path("j", &[("a", "x?y#z%2F+ &"), ("b", "."), ("c", "..")]),
            "/metrics/job/j/a/x%3Fy%23z%252F%2B%20%26/b@base64/Lg/c@base64/Li4"
        );
        assert_eq!(
            path("j", &[("a", "1"), ("a", "2")]),
            "/metrics/job/j/a/2",
            "set again, it is replaced"
        );
    }

    #[test]
    fn credentials_leave_the_url() {
        let (group, credentials) = Group::new("https://us%3Aer:p%2Fw%40@h/", "j").unwrap();
        assert_eq!(group.uri, "https://h/metrics/job/j");
        assert_eq!(credentials, Some(("us:er".to_owned(), "p/w@".to_owned())));
        let (group, credentials) = Group::new("http://token@[::1]:9091", "j").unwrap();
        assert_eq!(group.uri, "http://[::1]:9091/metrics/job/j");
        assert_eq!(credentials, Some(("token".to_owned(), String::new())));
    }

    #[test]
    fn what_is_refused_shows_no_password() {
        for url in [
            "",
            "/metrics",
            "h:9091",
            "ftp://u:s3cret@h",
            "http://u:s3cret@",
            "http://u:s3c ret@h",
            "http://u:s3cret/x@h:9091",
            "http://u:12/s3cret@h:9091",
            "http://u:12#s3cret@h:9091",
            "http://u:12?s3cret@h:9091",
            "http://u:s3cret@h:port",
            "http://h?s3cret",
            "http://u:s3cret@h?token=s3cret",
            "u:s3cret@h:9091",
        ] {
            let message = Group::new(url, "j").unwrap_err().to_string();
            assert!(!message.contains("s3c"), "{message}");
            assert!(message.contains("http:// or https://"), "{message}");
        }
    }
}
