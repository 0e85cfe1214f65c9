//! [`Hosts`]: the hosts that requests may be sent to.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;

use super::refusal::Refusal;
use crate::redact::Redacted;

/// The longest part of a refused host that is shown.
const MAX_SHOWN: usize = 100;

/// Names that are the service's own, beside `localhost` and all IP addresses. A page of an attacker can point its name at
/// the service (DNS rebinding), but not choose one of these.
#[derive(Clone, Default)]
pub(super) struct Hosts {
    names: Vec<String>,
    pub(super) mistakes: Vec<String>,
}

impl Hosts {
    pub(super) fn add(&mut self, names: impl IntoIterator<Item = impl AsRef<str>>) {
        for name in names {
            let name = name.as_ref().trim();
            let bare = without_dot(name);
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            let problem = match bare.chars().find(|c| !is_plain(*c)) {
                Some(c) => format!("contains {c:?}"),
                None if bare.is_empty() => "is empty".to_owned(),
                None => {
                    self.names.push(bare.to_owned());
                    continue;
                }
            };
            self.mistakes.push(format!(
                "the guard's host {name:?} {problem}: a name without scheme and port is allowed, with letters, digits and - _ ."
            ));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Requests without a host pass, because every browser sends one.
    pub(super) fn check(&self, parts: &Parts) -> Result<(), Refusal> {
        // HTTP/2 has the host in the URI, and HTTP/1 in the header. A client that sends both must not choose which one counts.
        let authority = parts.uri.authority().map(Authority::as_str);
        let headers = parts.headers.get_all(HOST).iter();
        let headers = headers.map(|host| host.to_str().unwrap_or("not ASCII"));
        match authority
            .into_iter()
            .chain(headers)
            .find(|host| !self.has(host))
        {
            None => Ok(()),
            Some(host) => {
                let shown: String = host.chars().take(MAX_SHOWN).collect();
                Err(Refusal::forbidden(format!(
                    "This request is sent to the host {shown:?}. The service's guard allows IP addresses, localhost, and \
                     the names that its owner adds with Guard::open().hosts([..])."
                )))
            }
        }
    }

    fn has(&self, host: &str) -> bool {
        if host.parse::<IpAddr>().is_ok() || host.parse::<SocketAddr>().is_ok() {
            return true;
        }
        if let Some(bare) = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
        {
            return bare.parse::<Ipv6Addr>().is_ok();
        }
        let (name, port) = host.split_once(':').unwrap_or((host, ""));
        let name = without_dot(name);
        let is_own = |own: &str| own.eq_ignore_ascii_case(name);
        port.bytes().all(|byte| byte.is_ascii_digit())
            && (name.parse::<IpAddr>().is_ok()
                || is_own("localhost")
                || self.names.iter().any(|own| is_own(own)))
    }
}

/// A dot at the end marks a name as complete.
fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

impl fmt::Debug for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Redacted(&self.names).fmt(f)
    }
}
