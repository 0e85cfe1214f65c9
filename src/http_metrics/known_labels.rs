//! The extra labels of OpenTelemetry's conventions.

use std::borrow::Cow;

use http::header::{FORWARDED, HOST};
use http::request::Parts;
use http::uri::{Authority, Scheme};
use http::{HeaderMap, Version, response};

use super::extra_label::ExtraLabel;
use super::label_values::LabelValues;
use super::naming::Name;

/// The number of servers whose names a client learns.
const MAX_SERVERS: usize = 100;

pub(crate) const URL_SCHEME: Name = Cow::Borrowed("url_scheme");

/// `url_scheme`: the scheme of the original request if a proxy reports it, else of this one, else `default`.
pub(crate) fn url_scheme(default: Option<Name>) -> ExtraLabel<Parts> {
    let values = ["http".into(), "https".into()];
    let values = LabelValues::DeclaredOrAbsent(values.into());
    let default = default.unwrap_or("http".into());
    ExtraLabel::new(URL_SCHEME, values, move |parts: &Parts| {
        let forwarded = forwarded_proto(&parts.headers);
        let own = || parts.uri.scheme().map(|scheme| lower(scheme.as_str()));
        let known = |scheme: &Cow<'_, str>| matches!(&**scheme, "http" | "https");
        let scheme = forwarded.filter(known).or_else(own).filter(known);
        Some(scheme.unwrap_or_else(|| Cow::Owned(default.to_string())))
    })
}

/// The scheme in the first element of `Forwarded` (RFC 7239) or of `X-Forwarded-Proto`.
fn forwarded_proto(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    let first = |name| {
        let value = headers.get(name)?.to_str().ok()?;
        value.split(',').next()
    };
    let forwarded = first(FORWARDED.as_str()).and_then(|element| {
        let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
        let proto = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("proto"));
        proto.map(|(_, value)| value.trim().trim_matches('"'))
    });
    let proto = forwarded.or_else(|| first("x-forwarded-proto"));
    proto.map(|proto| lower(proto.trim()))
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

fn versions() -> LabelValues {
    let versions = ["1.0", "1.1", "2", "3"].map(Name::from);
    LabelValues::DeclaredOrAbsent(versions.into())
}

fn version_text(version: Version) -> Option<Cow<'static, str>> {
    Some(Cow::Borrowed(match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_11 => "1.1",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => return None,
    }))
}

const NETWORK_PROTOCOL_VERSION: Name = Cow::Borrowed("network_protocol_version");

/// `network_protocol_version` of a request that a server received.
pub(crate) fn request_version() -> ExtraLabel<Parts> {
    let mut label = ExtraLabel::new(NETWORK_PROTOCOL_VERSION, versions(), |parts: &Parts| {
        version_text(parts.version)
    });
    label.is_on_gauge = false;
    label
}

/// `network_protocol_version` of a response that a client received. A client's request does not know its version.
pub(crate) fn response_version() -> ExtraLabel<response::Parts> {
    ExtraLabel::new(
        NETWORK_PROTOCOL_VERSION,
        versions(),
        |parts: &response::Parts| version_text(parts.version),
    )
}

/// `server_address` and `server_port` of the declared servers, each a host with or without its port.
pub(crate) fn declared_servers(servers: Vec<Name>) -> ExtraLabel<Parts> {
    let servers: Vec<Name> = servers
        .into_iter()
        .map(|server| server.to_ascii_lowercase().into())
        .collect();
    let values = LabelValues::DeclaredOrAbsent(servers.clone().into());
    with_port(ExtraLabel::new(
        "server_address".into(),
        values,
        move |parts| {
            let authority = requested_host(parts)?;
            let whole = lower(authority);
            if servers.contains(&Cow::Borrowed(&*whole)) {
                return Some(whole);
            }
            let authority: Authority = authority.parse().ok()?;
            Some(Cow::Owned(authority.host().to_ascii_lowercase()))
        },
    ))
}

/// `server_address` and `server_port` of the first servers that a client calls, if the request's URI tells them. (tonic's
/// does only with an origin.)
pub(crate) fn called_servers() -> ExtraLabel<Parts> {
    let values = LabelValues::at_most_or_absent(MAX_SERVERS);
    with_port(ExtraLabel::new(
        "server_address".into(),
        values,
        |parts: &Parts| {
            let uri = &parts.uri;
            let host = uri.host()?.to_ascii_lowercase();
            let default = match uri.scheme() {
                Some(scheme) if *scheme == Scheme::HTTPS => Some(443),
                Some(scheme) if *scheme == Scheme::HTTP => Some(80),
                _ => None,
            };
            Some(Cow::Owned(match uri.port_u16().or(default) {
                Some(port) => format!("{host}:{port}"),
                None => host,
            }))
        },
    ))
}

fn with_port(mut label: ExtraLabel<Parts>) -> ExtraLabel<Parts> {
    label.port_name = Some("server_port".into());
    label
}

/// The host that a request is for: of its target, else of its `Host` header.
fn requested_host(parts: &Parts) -> Option<&str> {
    let target = parts.uri.authority().map(Authority::as_str);
    target.or_else(|| parts.headers.get(HOST)?.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(label: &ExtraLabel<Parts>, request: http::request::Builder) -> Vec<String> {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let mut labels = Vec::new();
        label.push(label.index(&parts), &mut labels);
        let text = |label: &metrics::Label| format!("{}={}", label.key(), label.value());
        labels.iter().map(text).collect()
    }

    #[test]
    fn the_scheme_is_the_one_of_the_original_request() {
        let label = url_scheme(None);
        let get = |uri| http::Request::get(uri);
        for (request, scheme) in [
            (get("/"), "http"),
            (get("https://a.example/"), "https"),
            (get("/").header("x-forwarded-proto", "HTTPS, http"), "https"),
            (get("/").header("x-forwarded-proto", "gopher"), "http"),
            (
                get("https://a.example/").header("x-forwarded-proto", "http"),
                "http",
            ),
            (
                get("/").header("forwarded", "for=1.2.3.4;Proto=\"https\", proto=http"),
                "https",
            ),
            (get("ftp://a.example/"), "http"),
        ] {
            assert_eq!(picked(&label, request), [format!("url_scheme={scheme}")]);
        }
        let secure = url_scheme(Some("https".into()));
        assert_eq!(picked(&secure, get("/")), ["url_scheme=https"]);
    }

    #[test]
    fn a_server_is_one_of_the_declared_ones_or_absent() {
        let servers = ["Shop.example", "shop.example:8443", "[::1]:80"];
        let label = declared_servers(servers.map(Name::from).to_vec());
        let host = |host| http::Request::get("/").header("host", host);
        let (address, port) = ("server_address=shop.example", "server_port=8443");
        assert_eq!(picked(&label, host("shop.example")), [address]);
        assert_eq!(picked(&label, host("SHOP.example:99")), [address]);
        assert_eq!(picked(&label, host("shop.example:8443")), [address, port]);
        let local = ["server_address=[::1]", "server_port=80"];
        assert_eq!(picked(&label, host("[::1]:80")), local);
        assert_eq!(picked(&label, host("evil.example")), [""; 0]);
        assert_eq!(picked(&label, host("a b")), [""; 0]);
        assert_eq!(picked(&label, http::Request::get("/")), [""; 0]);
        let target = http::Request::get("http://shop.example/").header("host", "evil.example");
        assert_eq!(picked(&label, target), [address]);
    }

    #[test]
    fn a_called_server_has_the_port_of_its_scheme() {
        let label = called_servers();
        for (uri, address, port) in [
            ("https://API.example/v1", "api.example", "443"),
            ("http://api.example/", "api.example", "80"),
            ("http://user:secret@api.example:81/", "api.example", "81"),
            ("https://[::1]/", "[::1]", "443"),
        ] {
            let expected = [
                format!("server_address={address}"),
                format!("server_port={port}"),
            ];
            assert_eq!(picked(&label, http::Request::get(uri)), expected);
        }
        assert_eq!(picked(&label, http::Request::get("/")), [""; 0]);
    }
}
