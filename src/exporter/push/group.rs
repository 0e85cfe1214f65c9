//! `Group`: the URL of a group of metrics at a Pushgateway.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::Error;
use crate::http_url::{HttpUrl, without_secrets};
use crate::redact::redact_line;

/// The maximum number of bytes of a job in a message.
const MAX_SHOWN: usize = 200;

/// Everything but RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The metrics pushed with the same job and the same labels.
#[derive(Clone)]
pub(super) struct Group {
    /// Scheme, host and port.
    pub(super) server: String,
    pub(super) job: String,
    /// The path may hold secrets, because it contains the values of the labels.
    pub(super) uri: Uri,
}

/// `http://host:9091 for job "nightly"`.
impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let job = redact_line(&self.job, MAX_SHOWN);
        write!(f, "{} for job {job:?}", self.server)
    }
}

/// Parses the URL of a Pushgateway. The error shows it without its credentials, path and query.
pub(super) fn parse_url(text: &str) -> Result<HttpUrl, Error> {
    let refused = |problem: &str| {
        Error::invalid(format!(
            "Pushgateway URL {:?} is refused ({problem}): http:// or https:// and a host are required, credentials, a port \
             and a path are allowed",
            without_secrets(text)
        ))
    };
    // Unescaped characters of a password end the host, so that the rest of the password stands in other parts of the URL.
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    if let Some((_, after_host)) = rest.split_once(['/', '?', '#'])
        && after_host.contains('@')
    {
        return Err(refused(
            "a password contains / ? or #: write %2F, %3F or %23",
        ));
    }
    let url = HttpUrl::parse(text).map_err(|problem| refused(&problem))?;
    if url.uri().query().is_some() || text.contains('#') {
        return Err(refused("it has a query or a fragment"));
    }
    Ok(url)
}

/// Returns `<base>/metrics/job/<job>{/<label>/<value>}` (Pushgateway's README, "URL").
pub(super) fn uri<'a>(
    base: &str,
    job: &'a str,
    labels: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Uri, Error> {
    let mut url = format!("{base}/metrics");
    for (name, value) in std::iter::once(("job", job)).chain(labels) {
        let (suffix, value) = segment(value);
        url.extend(["/", name, suffix, "/", &value]);
    }
    url.parse().map_err(|_| {
        Error::invalid(format!(
            "Pushgateway URL with the job and the grouping labels has {} bytes: at most 65,534 are allowed",
            url.len()
        ))
    })
}

/// Returns the suffix of the label's name and the path segment of its value. Empty values, and those that the
/// Pushgateway's router would take for several segments, are encoded as base64.
fn segment(value: &str) -> (&'static str, Cow<'_, str>) {
    match value {
        "" => ("@base64", "=".into()),
        _ if value.contains('/') || value == "." || value == ".." => {
            ("@base64", BASE64_URL_SAFE_NO_PAD.encode(value).into())
        }
        _ => ("", utf8_percent_encode(value, ENCODED).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(job: &str, labels: &[(&str, &str)]) -> String {
        let uri = uri("http://h:9091", job, labels.iter().copied());
        uri.unwrap().path().to_owned()
    }

    /// The examples of Pushgateway's README, "URL".
    #[test]
    fn the_examples_of_the_readme_are_encoded_as_it_says() {
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
    fn a_value_is_one_segment() {
        assert_eq!(
            path("j", &[("a", "x?y#z%2F+ &"), ("b", "."), ("c", "..")]),
            "/metrics/job/j/a/x%3Fy%23z%252F%2B%20%26/b@base64/Lg/c@base64/Li4"
        );
    }

    #[test]
    fn a_refused_url_shows_no_password() {
        for url in [
            "",
            "/metrics",
            "h:9091",
            "ftp://u:s3cret@h",
            "http://u:s3cret@",
            "http://u:s3c ret@h",
            "http://u:s3cret",
            "http://u:s3cret:h:9091",
            "http://u:s3cret/x",
            "ftp://u/s3cret:9091",
            "ftp://u:12/s3cret",
            "http:/u:s3cret",
            "http:///u:s3cret",
            "u:s3cret",
            "u:s3cret://h",
            "http://[::1]:s3cret",
            "ftp://[u:s3cret]:9091",
            "http://u:s3cret/x@h:9091",
            "http://u:12/s3cret@h:9091",
            "http://u:12#s3cret@h:9091",
            "http://u:12?s3cret@h:9091",
            "http://u:s3cret@h:port",
            "http://h?s3cret",
            "http://u:s3cret@h?token=s3cret",
            "u:s3cret@h:9091",
        ] {
            let message = parse_url(url).unwrap_err().to_string();
            assert!(!message.contains("s3c"), "{message}");
            assert!(message.contains("http:// or https://"), "{message}");
        }
    }

    #[test]
    fn a_refused_url_shows_its_scheme_host_and_port() {
        for (url, shown) in [
            ("http://u:s3cret", "http://u:[redacted]"),
            ("http://u:s3cret:h:9091", "http://u:[redacted]"),
            ("http://u:s3cret@h:0", "http://[redacted]@h:[redacted]"),
            ("ftp://h:9091/s3cret", "ftp://h:9091"),
            ("ftp://[::1]:9091?s3cret", "ftp://[::1]:9091"),
            ("h:9091", "h:9091"),
        ] {
            let message = parse_url(url).unwrap_err().to_string();
            let start = format!("Pushgateway URL {shown:?} is refused (");
            assert!(message.starts_with(&start), "{message}");
        }
    }

    #[test]
    fn an_unescaped_character_of_a_password_is_named() {
        for url in [
            "http://u:s3c/ret@h:9091",
            "http://u:s3c?ret@h:9091",
            "http://u:s3cret#x@h",
        ] {
            let message = parse_url(url).unwrap_err().to_string();
            let problem = "\"http://[redacted]@h";
            assert!(message.contains(problem), "{message}");
            let problem = "(a password contains / ? or #: write %2F, %3F or %23): ";
            assert!(message.contains(problem), "{message}");
        }
    }
}
