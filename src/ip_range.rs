//! [`IpRange`]: the addresses that share a prefix.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A range of IP addresses in CIDR notation (RFC 4632), or one address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct IpRange {
    address: IpAddr,
    prefix: u8,
}

impl IpRange {
    /// Parses `10.0.0.0/8` or `::1`. The error says what is wrong with the text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| {
            "is no IP address: an address (10.0.0.1, ::1) or a range (10.0.0.0/8, fd00::/8) is allowed"
        })?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits,
            Some(prefix) => Some(prefix)
                .filter(|prefix| prefix.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|prefix| prefix.parse().ok())
                .filter(|prefix| *prefix <= bits)
                .ok_or_else(|| format!("has a wrong prefix length: 0 to {bits} is allowed"))?,
        };
        let first = first_of(address, prefix);
        if first != address {
            return Err(format!(
                "has bits after its prefix: write {first}/{prefix} for the range, or {address} for the address"
            ));
        }
        // Addresses are compared in their canonical form.
        Ok(match address.to_canonical() {
            canonical if canonical.is_ipv4() && prefix >= 96 => Self {
                address: canonical,
                prefix: prefix - 96,
            },
            _ => Self { address, prefix },
        })
    }

    /// Whether the range has this address, which must be canonical: an IPv4 address in no IPv6 form.
    pub(crate) fn contains(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4()
            && first_of(address, self.prefix) == self.address
    }
}

/// The first address with the same prefix.
fn first_of(address: IpAddr, prefix: u8) -> IpAddr {
    let prefix = u32::from(prefix);
    match address {
        IpAddr::V4(address) => {
            let mask = !u32::MAX.checked_shr(prefix).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = !u128::MAX.checked_shr(prefix).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}

impl fmt::Debug for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}
