//! [`IpGuard`]: access by the address of the client.

use std::fmt;

use http::request::Parts;

use super::peer::peer;
use super::refusal::Refusal;
use crate::forwarded::{ForwardedHeader, forwarded_for, is_in};
use crate::ip_range::IpRange;

#[derive(Clone)]
pub(super) struct IpGuard {
    ranges: Vec<IpRange>,
    /// The proxies whose header counts.
    proxies: Option<Vec<IpRange>>,
    pub(super) header: ForwardedHeader,
    pub(super) mistakes: Vec<String>,
}

impl IpGuard {
    pub(super) fn new(ranges: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut mistakes = Vec::new();
        Self {
            ranges: parse("ranges", ranges, &mut mistakes),
            proxies: None,
            header: ForwardedHeader::default(),
            mistakes,
        }
    }

    pub(super) fn behind(mut self, proxies: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.proxies = Some(parse("proxies", proxies, &mut self.mistakes));
        self
    }

    pub(super) fn check(&self, parts: &Parts) -> Result<(), Refusal> {
        let Some(peer) = peer(parts) else {
            return Err(Refusal::forbidden(
                "The service's guard checks the address of the client, which the server does not pass on. Its owner serves \
                 the app with into_make_service_with_connect_info::<SocketAddr>().",
            ));
        };
        let client = match &self.proxies {
            Some(proxies) if is_in(proxies, peer) => {
                forwarded_for(&parts.headers, proxies, self.header)
            }
            _ => Some(peer),
        };
        let Some(client) = client else {
            let header = self.header.name();
            return Err(Refusal::forbidden(format!(
                "The service's guard checks the address of the client, and the proxy sent no valid {header}."
            )));
        };
        if is_in(&self.ranges, client) {
            return Ok(());
        }
        Err(Refusal::forbidden(format!(
            "The service's guard does not allow the address {client}."
        )))
    }
}

fn parse(
    list: &str,
    texts: impl IntoIterator<Item = impl AsRef<str>>,
    mistakes: &mut Vec<String>,
) -> Vec<IpRange> {
    let (mut ranges, mut is_empty) = (Vec::new(), true);
    for text in texts {
        is_empty = false;
        let text = text.as_ref().trim();
        match IpRange::parse(text) {
            Ok(range) => ranges.push(range),
            Err(problem) => mistakes.push(format!("the guard's range {text:?} {problem}")),
        }
    }
    if is_empty {
        mistakes.push(format!(
            "the guard's list of {list} is empty: it needs one at least"
        ));
    }
    ranges
}

impl fmt::Debug for IpGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.proxies {
            None => write!(f, "Guard::ip({:?})", self.ranges),
            Some(proxies) => write!(
                f,
                "Guard::ip_behind_proxies({:?}, {proxies:?})",
                self.ranges
            ),
        }
    }
}
