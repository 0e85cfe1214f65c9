//! Who pushes: a bearer token, or a user and a password.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;

use crate::error::Error;
use crate::redact::MASK;

/// A header, and the secrets in it, which a server may repeat in its answer.
#[derive(Clone)]
pub(super) struct Authorization {
    header: HeaderValue,
    secrets: [String; 2],
}

impl Authorization {
    pub(super) fn bearer(token: &str) -> Result<Self, Error> {
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::invalid(
                "the bearer token of a Pushgateway is refused: visible ASCII is allowed, one character at least",
            ));
        }
        Self::new("Bearer", token, token)
    }

    pub(super) fn basic(user: &str, password: &str) -> Result<Self, Error> {
        if user.contains(':') {
            return Err(Error::invalid(
                "the user of a Pushgateway is refused: anything without a colon is allowed",
            ));
        }
        // A token may also come as the user of an empty password.
        let secret = if password.is_empty() { user } else { password };
        let encoded = BASE64_STANDARD.encode(format!("{user}:{password}"));
        Self::new("Basic", &encoded, secret)
    }

    fn new(scheme: &str, sent: &str, secret: &str) -> Result<Self, Error> {
        let mut header = HeaderValue::try_from(format!("{scheme} {sent}")).map_err(|error| {
            Error::invalid("the credentials of a Pushgateway are no header").with_source(error)
        })?;
        header.set_sensitive(true);
        Ok(Self {
            header,
            secrets: [sent.to_owned(), secret.to_owned()],
        })
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// The text without the secrets.
    pub(super) fn mask(&self, text: &str) -> String {
        let secrets = self.secrets.iter().filter(|secret| !secret.is_empty());
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret, MASK))
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}
