//! The values of a server span's attributes.

use std::borrow::Cow;
use std::cell::Cell;

use http::Version;
use http::header::{HOST, USER_AGENT};
use http::uri::Authority;

use super::request_head::RequestHead;
use crate::redact::{MASK, redact, redact_query, redact_repeated};

/// The query parameters that sign a URL (OpenTelemetry, `url.query`).
const SIGNATURES: [&str; 7] = [
    "X-Amz-Signature",
    "X-Amz-Credential",
    "X-Amz-Security-Token",
    "AWSAccessKeyId",
    "Signature",
    "sig",
    "X-Goog-Signature",
];

/// `{method} {http.route}`, the method alone without a route, and `{service}/{method}` of a gRPC call.
pub(crate) struct SpanName<'a> {
    method: &'a str,
    route: Option<&'a str>,
    rpc: Option<(&'a str, &'a str)>,
}

impl<'a> SpanName<'a> {
    pub(crate) fn new(
        method: &'a str,
        route: Option<&'a str>,
        rpc: Option<(&'a str, &'a str)>,
    ) -> Self {
        let method = if method == "_OTHER" { "HTTP" } else { method };
        Self { method, route, rpc }
    }

    /// Passes the text to `use_text`, in a buffer of the thread.
    pub(crate) fn with_text<T>(&self, use_text: impl FnOnce(&str) -> T) -> T {
        let parts = match (self.rpc, self.route) {
            (Some((service, method)), _) => [service, "/", method],
            (None, Some(route)) => [self.method, " ", route],
            (None, None) => return use_text(self.method),
        };
        let mut text = TEXT.take();
        text.clear();
        text.extend(parts);
        let used = use_text(&text);
        TEXT.set(text);
        used
    }
}

thread_local! {
    static TEXT: Cell<String> = const { Cell::new(String::new()) };
}

/// Service and method of a gRPC call.
pub(crate) fn rpc(path: &str) -> Option<(&str, &str)> {
    let (service, method) = path.strip_prefix('/')?.split_once('/')?;
    (!service.is_empty() && !method.is_empty() && !method.contains('/'))
        .then_some((service, method))
}

/// The query without secrets and signatures.
pub(crate) fn redacted_query(query: &str) -> Cow<'_, str> {
    let is_signature = |pair: &[u8]| {
        let name = pair.iter().position(|byte| *byte == b'=').unwrap_or(0);
        SIGNATURES
            .iter()
            .any(|signature| signature.as_bytes().eq_ignore_ascii_case(&pair[..name]))
    };
    let mut pairs = query.as_bytes().split(|byte| *byte == b'&');
    if !pairs.any(is_signature) {
        return redact_query(query);
    }
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_signature(pair.as_bytes()) => format!("{name}={MASK}"),
        _ => pair.to_owned(),
    });
    let unsigned = pairs.collect::<Vec<_>>().join("&");
    Cow::Owned(redact(&unsigned).into_owned())
}

/// The host and the port that the request is for: those of its target, else of its `Host` header.
pub(crate) fn server<'a>(request: &RequestHead<'a>) -> Option<(&'a str, Option<u16>)> {
    if let Some(authority) = request.uri.authority() {
        return Some((without_brackets(authority.host()), authority.port_u16()));
    }
    let host = request.header(&HOST)?;
    if let Some(server) = plain_server(host) {
        return Some(server);
    }
    let authority: Authority = host.parse().ok()?;
    // The text of the authority is that of the header, except for a user.
    let start = host.len() - host.rsplit('@').next()?.len();
    let address = host.get(start..start + authority.host().len())?;
    Some((without_brackets(address), authority.port_u16()))
}

/// A name of letters, digits, dots and dashes, with or without a port, which needs no parser.
fn plain_server(host: &str) -> Option<(&str, Option<u16>)> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let length = host.bytes().take_while(|byte| is_plain(byte)).count();
    let (name, port) = host.split_at(length);
    if name.is_empty() {
        return None;
    }
    if port.is_empty() {
        return Some((name, None));
    }
    let port = port.strip_prefix(':')?.parse().ok()?;
    Some((name, Some(port)))
}

/// An IPv6 address is in brackets only in URLs.
pub(crate) fn without_brackets(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

pub(crate) fn user_agent<'a>(request: &RequestHead<'a>) -> Option<Cow<'a, str>> {
    request.header(&USER_AGENT).map(redact_repeated)
}

pub(crate) fn protocol_version(version: Version) -> Option<&'static str> {
    Some(match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_11 => "1.1",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_in_a_query_are_masked() {
        for name in SIGNATURES {
            let query = format!("a=1&{name}=AKIAabc%2F17&b=2");
            assert_eq!(redacted_query(&query), format!("a=1&{name}={MASK}&b=2"));
        }
        assert_eq!(
            redacted_query("a=1&token=s3cret"),
            format!("a=1&token={MASK}")
        );
        assert_eq!(redacted_query("page=2"), "page=2");
    }

    #[test]
    fn the_server_is_that_of_the_target_or_of_the_host_header() {
        let named = |uri: &str, host: &str| {
            let request = http::Request::get(uri)
                .header("host", host)
                .body(())
                .unwrap();
            let server = server(&RequestHead::of(&request));
            server.map(|(address, port)| (address.to_owned(), port))
        };
        let shop = |port| Some(("shop.example".to_owned(), port));
        assert_eq!(named("/", "shop.example"), shop(None));
        assert_eq!(named("/", "shop.example:81"), shop(Some(81)));
        assert_eq!(named("/", "user@shop.example:81"), shop(Some(81)));
        assert_eq!(named("http://shop.example:82/", "other"), shop(Some(82)));
        assert_eq!(named("/", "[::1]:80"), Some(("::1".to_owned(), Some(80))));
        assert_eq!(
            named("http://[::1]:82/", "other"),
            Some(("::1".to_owned(), Some(82)))
        );
        assert_eq!(named("/", "a b"), None);
        assert_eq!(named("/", "shop.example:99999"), shop(None));
    }
}
