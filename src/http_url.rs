//! `HttpUrl`: an absolute `http` or `https` URL, with its credentials held separately.

use std::borrow::Cow;
use std::fmt;
use std::net::Ipv6Addr;
use std::num::NonZeroU16;

use http::Uri;
use percent_encoding::percent_decode_str;

use crate::redact::{MASK, redact_line};

/// A user and a password, decoded (RFC 3986, section 3.2.1).
pub(crate) type Credentials = (String, String);

/// Scheme, host, port, path and query. `Display` and `Debug` show only scheme, host and port, because path and query
/// may hold a token.
#[derive(Clone)]
pub(crate) struct HttpUrl {
    uri: Uri,
    credentials: Option<Credentials>,
}

impl HttpUrl {
    /// The error is a clause, such as `it has no host`. It does not quote the URL, which may hold a secret.
    pub(crate) fn parse(text: &str) -> Result<Self, Cow<'static, str>> {
        let uri: Uri = text
            .parse()
            .map_err(|error: http::uri::InvalidUri| error.to_string())?;
        let Some(scheme @ ("http" | "https")) = uri.scheme_str() else {
            return Err("its scheme is not http or https".into());
        };
        let authority = uri.authority().ok_or("it has no host")?;
        let (userinfo, server) = match authority.as_str().rsplit_once('@') {
            Some((userinfo, server)) => (Some(userinfo), server),
            None => (None, authority.as_str()),
        };
        let host = authority.host();
        // `Uri` accepts empty hosts, unexpanded templates (`${HOST}`) and any text in brackets.
        let is_host = |c: char| c.is_ascii_alphanumeric() || "-._~%".contains(c);
        match host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
        {
            Some(address) if address.parse::<Ipv6Addr>().is_err() => {
                return Err("its host is not an IPv6 address".into());
            }
            None if host.is_empty() || !host.chars().all(is_host) => {
                return Err("it has no host".into());
            }
            _ => {}
        }
        // After an unescaped slash in a password, part of the password stands in place of the port.
        let port = server.strip_prefix(host).unwrap_or_default();
        if !port.is_empty() && !port.strip_prefix(':').is_some_and(is_port) {
            return Err("its port is not a number from 1 to 65535".into());
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let credentials = userinfo.map(credentials);
        let uri = format!("{scheme}://{server}{path}")
            .parse()
            .map_err(|error: http::uri::InvalidUri| error.to_string())?;
        Ok(Self { uri, credentials })
    }

    /// Resolves a reference against `base` (RFC 3986, section 5.2), without its fragment. The error is as that of
    /// [`parse`](Self::parse).
    #[cfg_attr(
        not(feature = "check-http"),
        allow(dead_code, reason = "only the check follows redirects")
    )]
    pub(crate) fn join(base: &Uri, reference: &str) -> Result<Self, Cow<'static, str>> {
        let reference = reference.split('#').next().unwrap_or_default();
        let before_path = reference.split(['/', '?']).next().unwrap_or_default();
        if before_path.contains(':') {
            return Self::parse(reference);
        }
        let scheme = base.scheme_str().unwrap_or_default();
        if let Some(rest) = reference.strip_prefix("//") {
            return Self::parse(&format!("{scheme}://{rest}"));
        }
        let (path, query) = match reference.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (reference, None),
        };
        let (folder, _) = base.path().rsplit_once('/').unwrap_or_default();
        let (path, query) = match path {
            "" => (base.path().to_owned(), query.or(base.query())),
            path if path.starts_with('/') => (without_dots(path), query),
            path => (without_dots(&format!("{folder}/{path}")), query),
        };
        let server = base.authority().map_or("", |authority| authority.as_str());
        let query = query.map_or_else(String::new, |query| format!("?{query}"));
        Self::parse(&format!("{scheme}://{server}{path}{query}"))
    }

    /// The URL without its credentials.
    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }
}

/// Resolves `.` and `..` in a path that begins with a slash (RFC 3986, section 5.2.4).
fn without_dots(path: &str) -> String {
    let mut kept = Vec::new();
    let mut parts = path.split('/').skip(1).peekable();
    while let Some(part) = parts.next() {
        if part == ".." {
            kept.pop();
        }
        if part != "." && part != ".." {
            kept.push(part);
        } else if parts.peek().is_none() {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

fn is_port(text: &str) -> bool {
    text.parse::<NonZeroU16>().is_ok()
}

/// The maximum number of bytes of a URL in a message.
const MAX_SHOWN: usize = 200;

/// Scheme, host and port of a URL that may be malformed. Takes everything before the last `@` for credentials, and
/// everything after the first colon for a password, unless it is a port.
pub(crate) fn without_secrets(url: &str) -> String {
    let is_scheme = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric());
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (format!("{scheme}://"), rest),
        _ => (String::new(), url),
    };
    let (credentials, server) = match rest.rsplit_once('@') {
        Some((_, server)) => ([MASK, "@"].concat(), server),
        None => (String::new(), rest),
    };
    let server = server.split(['/', '?', '#']).next().unwrap_or_default();
    let address = server.strip_prefix('[').and_then(|it| it.split_once(']'));
    let address = address.filter(|(address, _)| address.parse::<Ipv6Addr>().is_ok());
    let host = address.map_or(0, |(address, _)| address.len() + 2);
    let server = match server[host..].split_once(':') {
        Some((_, port)) if !is_port(port) => [&server[..server.len() - port.len()], MASK].concat(),
        _ => server.to_owned(),
    };
    redact_line(&format!("{scheme}{credentials}{server}"), MAX_SHOWN)
}

fn credentials(userinfo: &str) -> Credentials {
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let decode = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    (decode(user), decode(password))
}

/// Scheme, host and port: `https://payments.internal:8443`.
impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.uri.scheme_str().unwrap_or_default();
        let server = self
            .uri
            .authority()
            .map_or("", |authority| authority.as_str());
        write!(f, "{scheme}://{server}")
    }
}

impl fmt::Debug for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_separated_and_decoded() {
        let url = HttpUrl::parse("https://us%3Aer:p%2Fw%40@h:8443/a?b=c").unwrap();
        assert_eq!(url.uri(), "https://h:8443/a?b=c");
        assert_eq!(
            url.credentials(),
            Some(&("us:er".to_owned(), "p/w@".to_owned()))
        );
        assert_eq!(
            format!("{url} {url:?}"),
            "https://h:8443 HttpUrl(https://h:8443)"
        );
        let url = HttpUrl::parse("http://token@[::1]:9091").unwrap();
        assert_eq!(url.uri(), "http://[::1]:9091/");
        assert_eq!(
            url.credentials(),
            Some(&("token".to_owned(), String::new()))
        );
    }

    /// The examples of RFC 3986, section 5.4, that have a path.
    #[test]
    fn references_are_resolved() {
        let base = Uri::from_static("http://a/b/c/d;p?q");
        for (reference, expected) in [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g/"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q"),
            ("g#s", "http://a/b/c/g"),
            ("g?y#s", "http://a/b/c/g?y"),
            (";x", "http://a/b/c/;x"),
            ("g;x", "http://a/b/c/g;x"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("./", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../..", "http://a/"),
            ("../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            ("..g", "http://a/b/c/..g"),
            ("./g/.", "http://a/b/c/g/"),
            ("g/./h", "http://a/b/c/g/h"),
            ("g/../h", "http://a/b/c/h"),
            ("g?y/../x", "http://a/b/c/g?y/../x"),
            ("https://u:pw@h:8443/x", "https://h:8443/x"),
        ] {
            let joined = HttpUrl::join(&base, reference).unwrap();
            assert_eq!(joined.uri(), expected, "{reference}");
        }
        assert!(HttpUrl::join(&base, "g:h").is_err());
    }

    #[test]
    fn errors_do_not_quote_the_url() {
        for (text, problem) in [
            ("", "empty string"),
            ("/s3cret", "its scheme is not http or https"),
            ("ftp://u:s3cret@h", "its scheme is not http or https"),
            ("http://${HOST}/s3cret", "invalid"),
            ("http://u:s3cret@", "invalid"),
            ("http://[u:s3cret]:9091", "its host is not an IPv6 address"),
            (
                "http://u:s3cret/x@h:9091",
                "its port is not a number from 1 to 65535",
            ),
            (
                "http://h:0/s3cret",
                "its port is not a number from 1 to 65535",
            ),
        ] {
            let error = HttpUrl::parse(text).unwrap_err();
            assert!(error.contains(problem), "{text}: {error}");
            assert!(!error.contains("s3cret"), "{text}: {error}");
        }
    }
}
