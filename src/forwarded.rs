//! The address of a client behind proxies.
//!
//! Each proxy appends the address that it sees. So the last address that is no trusted proxy's is the client's, and all before
//! it are claims of the client. Proxies pass on headers that they do not write, so such a header is a claim of the client, too.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

use crate::ip_range::IpRange;

/// The header in which proxies write the address of their peer. Only this one is read, because a proxy passes the other one on as the
/// client sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, which most proxies append to: nginx with `$proxy_add_x_forwarded_for`, Apache, Caddy, Traefik, Envoy,
    /// HAProxy with `option forwardfor`, and the HTTP load balancers of AWS, Google Cloud and Azure.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239): HAProxy with `option forwarded`, Amazon API Gateway for HTTP APIs, and others that are set up to
    /// write it.
    Forwarded,
}

impl ForwardedHeader {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "X-Forwarded-For",
            Self::Forwarded => "Forwarded",
        }
    }

    fn address_in(self, entry: &str) -> Option<IpAddr> {
        match self {
            Self::XForwardedFor => forwarded_address(entry),
            Self::Forwarded => for_of(entry),
        }
    }

    /// The addresses in the entries of all lines, from the last to the first. `None` is an entry without an address.
    fn addresses(self, headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
        let lines = headers.get_all(self.name()).iter().rev();
        let entries = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        entries.map(move |entry| self.address_in(entry.trim()))
    }
}

pub(crate) fn is_in(ranges: &[IpRange], address: IpAddr) -> bool {
    ranges.iter().any(|range| range.contains(address))
}

/// The address of the client: that of the `peer`, or the one that it reports in the header if it is a trusted proxy. At an entry
/// that is no address, the walk ends with the proxy that wrote it.
pub(crate) fn client_address(
    headers: &HeaderMap,
    peer: IpAddr,
    proxies: &[IpRange],
    header: ForwardedHeader,
) -> IpAddr {
    let mut client = peer;
    let mut reported = header.addresses(headers);
    while is_in(proxies, client) {
        match reported.next() {
            Some(Some(address)) => client = address,
            _ => break,
        }
    }
    client
}

/// The last address in the header that is no proxy's. Without such an address, the first. `None` if an entry on the way is no
/// address.
#[cfg_attr(not(feature = "axum"), allow(dead_code, reason = "a guard uses it"))]
pub(crate) fn forwarded_for(
    headers: &HeaderMap,
    proxies: &[IpRange],
    header: ForwardedHeader,
) -> Option<IpAddr> {
    let mut first = None;
    for address in header.addresses(headers) {
        first = Some(address?);
        if first.is_some_and(|address| !is_in(proxies, address)) {
            break;
        }
    }
    first
}

/// The address in the `for` of an element (RFC 7239, section 4).
fn for_of(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, node) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    forwarded_address(node.trim().trim_matches('"'))
}

/// An address, also with a port or in brackets.
fn forwarded_address(entry: &str) -> Option<IpAddr> {
    let bare = entry
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = bare.unwrap_or(entry).parse::<IpAddr>().ok();
    let address = address.or_else(|| Some(entry.parse::<SocketAddr>().ok()?.ip()))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    use ForwardedHeader::{Forwarded, XForwardedFor};

    fn reported(header: ForwardedHeader, peer: &str, lines: &[(&'static str, &str)]) -> String {
        let proxies = ["10.0.0.0/8", "fd00::/8"].map(|range| IpRange::parse(range).unwrap());
        let mut headers = HeaderMap::new();
        for (name, line) in lines {
            headers.append(*name, line.parse().unwrap());
        }
        let peer = peer.parse().unwrap();
        let client = client_address(&headers, peer, &proxies, header);
        // The guard refuses a header without an address, and agrees otherwise.
        if is_in(&proxies, peer)
            && let Some(address) = forwarded_for(&headers, &proxies, header)
        {
            assert_eq!(address, client);
        }
        client.to_string()
    }

    fn client(peer: &str, lines: &[(&'static str, &str)]) -> String {
        reported(XForwardedFor, peer, lines)
    }

    #[test]
    fn the_client_is_the_last_address_that_is_no_trusted_proxy() {
        let (xff, rfc) = ("x-forwarded-for", "forwarded");
        // A peer that is no proxy is the client, whatever it claims.
        assert_eq!(client("192.0.2.1", &[(xff, "198.51.100.7")]), "192.0.2.1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(
            client("10.0.0.1", &[(xff, "1.1.1.1, 198.51.100.7, 10.2.3.4")]),
            "198.51.100.7"
        );
        assert_eq!(
            client("10.0.0.1", &[(xff, "1.1.1.1"), (xff, "198.51.100.7:80")]),
            "198.51.100.7"
        );
        assert_eq!(
            client("fd00::1", &[(xff, "10.1.1.1, 10.2.2.2")]),
            "10.1.1.1"
        );
        // The address is that of the proxy that wrote something else.
        assert_eq!(
            client("10.0.0.1", &[(xff, "198.51.100.7, unknown, 10.9.9.9")]),
            "10.9.9.9"
        );
        assert_eq!(client("10.0.0.1", &[(xff, "<script>")]), "10.0.0.1");
        // An entry of a proxy that hides the client.
        let hidden = [(rfc, "for=_hidden, for=10.3.3.3")];
        assert_eq!(reported(Forwarded, "10.0.0.1", &hidden), "10.3.3.3");
        assert_eq!(reported(Forwarded, "192.0.2.1", &hidden), "192.0.2.1");
    }

    #[test]
    fn the_other_header_is_never_read() {
        let both = [
            ("x-forwarded-for", "1.1.1.1"),
            (
                "forwarded",
                "for=9.9.9.9, For=\"[2001:db8::7]:4711\";proto=https",
            ),
        ];
        for (header, expected) in [(XForwardedFor, "1.1.1.1"), (Forwarded, "2001:db8::7")] {
            assert_eq!(reported(header, "10.0.0.1", &both), expected);
        }
        assert_eq!(reported(XForwardedFor, "10.0.0.1", &both[1..]), "10.0.0.1");
        assert_eq!(reported(Forwarded, "10.0.0.1", &both[..1]), "10.0.0.1");
    }
}
