//! The address of a client behind proxies.
//!
//! Each proxy appends the address that it sees. So the last address that is no trusted proxy's is the client's, and all before
//! it are claims of the client.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::FORWARDED;

use crate::ip_range::IpRange;

pub(crate) fn is_in(ranges: &[IpRange], address: IpAddr) -> bool {
    ranges.iter().any(|range| range.contains(address))
}

/// The address of the client: that of the `peer`, or the one that it reports in `Forwarded` or `X-Forwarded-For` if it is a
/// trusted proxy. At an entry that is no address, the walk ends with the proxy that wrote it.
pub(crate) fn client_address(headers: &HeaderMap, peer: IpAddr, proxies: &[IpRange]) -> IpAddr {
    if !is_in(proxies, peer) {
        return peer;
    }
    let mut client = peer;
    let mut walk = |entry: Option<IpAddr>| match entry {
        Some(address) => {
            client = address;
            is_in(proxies, address)
        }
        None => false,
    };
    // RFC 7239 replaces the older header.
    if headers.contains_key(FORWARDED) {
        entries(headers, FORWARDED.as_str()).all(|element| walk(for_of(element)));
    } else {
        entries(headers, "x-forwarded-for").all(|entry| walk(forwarded_address(entry)));
    }
    client
}

/// The entries of all lines of a header, from the last to the first.
fn entries<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).iter().rev();
    lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(',').map(str::trim))
}

/// The address in the `for` of an element (RFC 7239, section 4).
fn for_of(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, node) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    forwarded_address(node.trim().trim_matches('"'))
}

/// The last address in `X-Forwarded-For` that is no proxy's. Without such an address, the first. `None` if an entry on the way
/// is no address.
#[cfg_attr(not(feature = "axum"), allow(dead_code, reason = "a guard uses it"))]
pub(crate) fn forwarded_for(headers: &HeaderMap, proxies: &[IpRange]) -> Option<IpAddr> {
    let mut first = None;
    for line in headers.get_all("x-forwarded-for").iter().rev() {
        for entry in line.to_str().ok()?.rsplit(',') {
            let address = forwarded_address(entry.trim())?;
            if !is_in(proxies, address) {
                return Some(address);
            }
            first = Some(address);
        }
    }
    first
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

    fn client(peer: &str, lines: &[(&'static str, &str)]) -> String {
        let proxies = ["10.0.0.0/8", "fd00::/8"].map(|range| IpRange::parse(range).unwrap());
        let mut headers = HeaderMap::new();
        for (name, line) in lines {
            headers.append(*name, line.parse().unwrap());
        }
        client_address(&headers, peer.parse().unwrap(), &proxies).to_string()
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
        let both = [
            (xff, "1.1.1.1"),
            (rfc, "for=9.9.9.9, For=\"[2001:db8::7]:4711\";proto=https"),
        ];
        assert_eq!(client("10.0.0.1", &both), "2001:db8::7");
        assert_eq!(
            client("10.0.0.1", &[(rfc, "for=_hidden, for=10.3.3.3")]),
            "10.3.3.3"
        );
    }
}
