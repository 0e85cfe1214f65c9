//! `Proxies`: the proxies whose forwarded headers count.

use std::net::IpAddr;

use super::request_head::RequestHead;
use crate::error::Error;
use crate::forwarded::{ForwardedHeader, client_address};
use crate::ip_range::IpRange;

#[derive(Debug, Clone, Default)]
pub(crate) struct Proxies {
    ranges: Vec<IpRange>,
    pub(crate) header: ForwardedHeader,
}

impl Proxies {
    pub(crate) fn trust(
        &mut self,
        ranges: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<(), Error> {
        let (mut parsed, mut mistakes) = (Vec::new(), Vec::new());
        for text in ranges {
            let text = text.as_ref().trim();
            match IpRange::parse(text) {
                Ok(range) => parsed.push(range),
                Err(problem) => {
                    mistakes.push(Error::invalid(format!(
                        "the trusted proxy {text:?} {problem}"
                    )));
                }
            }
        }
        Error::combine(mistakes)?;
        self.ranges = parsed;
        Ok(())
    }

    /// The address of the client, if the server passes on that of the connection.
    pub(crate) fn client(&self, request: &RequestHead<'_>) -> Option<IpAddr> {
        let peer = request.peer()?;
        Some(client_address(
            request.headers,
            peer,
            &self.ranges,
            self.header,
        ))
    }
}
