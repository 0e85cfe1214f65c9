//! `Endpoint`: the address of a collector.

use std::borrow::Cow;

use http::Uri;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::protocol::Protocol;
use crate::http_url::HttpUrl;
use crate::redact::register_own;

/// The address of a collector.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    url: HttpUrl,
    /// The path of traces is appended, because the address is that of all signals.
    is_base: bool,
}

impl Endpoint {
    /// The address of a collector on this machine.
    pub(super) fn local(protocol: Protocol) -> Result<Self, Cow<'static, str>> {
        Self::parse(match protocol {
            Protocol::Grpc => "http://localhost:4317",
            Protocol::HttpProtobuf => "http://localhost:4318",
        })
    }

    /// The address of all signals. The error is a clause that does not quote the text.
    pub(super) fn parse(text: &str) -> Result<Self, Cow<'static, str>> {
        Ok(Self {
            url: HttpUrl::parse(text)?,
            is_base: true,
        })
    }

    /// The address of traces alone, whose path stays as it is.
    pub(super) fn of_traces(text: &str) -> Result<Self, Cow<'static, str>> {
        Ok(Self {
            url: HttpUrl::parse(text)?,
            is_base: false,
        })
    }

    /// Without the credentials.
    pub(super) fn uri(&self, protocol: Protocol) -> Result<Uri, http::Error> {
        let mut parts = self.url.uri().clone().into_parts();
        let path = match (protocol, self.is_base) {
            (Protocol::Grpc, _) => "/".to_owned(),
            (Protocol::HttpProtobuf, false) => return Ok(self.url.uri().clone()),
            (Protocol::HttpProtobuf, true) => {
                format!("{}/v1/traces", self.url.uri().path().trim_end_matches('/'))
            }
        };
        parts.path_and_query = Some(path.parse()?);
        Ok(Uri::from_parts(parts)?)
    }

    /// Adds the credentials of the URL, unless there is an `Authorization` header.
    pub(super) fn authorize(&self, headers: &mut HeaderMap) {
        let Some((user, password)) = self.url.credentials() else {
            return;
        };
        let value = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        if let Ok(mut value) = HeaderValue::try_from(&value) {
            register_own(password);
            value.set_sensitive(true);
            headers.entry(AUTHORIZATION).or_insert(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_traces_is_appended_to_the_address_of_all_signals() {
        let http = Protocol::HttpProtobuf;
        for (base, expected) in [
            ("http://c:4318", "http://c:4318/v1/traces"),
            ("http://c:4318/", "http://c:4318/v1/traces"),
            ("https://c/otlp", "https://c/otlp/v1/traces"),
            ("https://c/otlp/", "https://c/otlp/v1/traces"),
        ] {
            let uri = Endpoint::parse(base).unwrap().uri(http).unwrap();
            assert_eq!(uri, expected, "{base}");
        }
        let traces = Endpoint::of_traces("http://c:4318/otlp").unwrap();
        assert_eq!(traces.uri(http).unwrap(), "http://c:4318/otlp");
        assert_eq!(traces.uri(Protocol::Grpc).unwrap(), "http://c:4318/");
    }

    #[test]
    fn credentials_become_a_header() {
        let endpoint = Endpoint::parse("https://user:pass%40word@c").unwrap();
        let mut headers = HeaderMap::new();
        endpoint.authorize(&mut headers);
        assert_eq!(headers[AUTHORIZATION], "Basic dXNlcjpwYXNzQHdvcmQ=");
        assert_eq!(endpoint.uri(Protocol::Grpc).unwrap(), "https://c/");
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer own"));
        endpoint.authorize(&mut headers);
        assert_eq!(headers[AUTHORIZATION], "Bearer own");
    }
}
