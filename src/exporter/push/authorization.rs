//! `Authorization`: a bearer token, or a user and a password.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;

use crate::error::Error;
use crate::redact::{MASK, register_own};

/// The header and the secrets in it. A server may repeat them in its response.
#[derive(Clone)]
pub(super) struct Authorization {
    header: HeaderValue,
    secrets: [String; 2],
}

impl Authorization {
    pub(super) fn bearer(token: &str) -> Result<Self, Error> {
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::invalid(
                "Pushgateway bearer token is invalid: one or more characters of visible ASCII are allowed",
            ));
        }
        Self::new("Bearer", token, token)
    }

    pub(super) fn basic(user: &str, password: &str) -> Result<Self, Error> {
        if user.contains(':') {
            return Err(Error::invalid(
                "Pushgateway user contains a colon: any other character is allowed",
            ));
        }
        // Some servers take a token as the user, with an empty password.
        let secret = if password.is_empty() { user } else { password };
        let encoded = BASE64_STANDARD.encode(format!("{user}:{password}"));
        Self::new("Basic", &encoded, secret)
    }

    fn new(scheme: &str, value: &str, secret: &str) -> Result<Self, Error> {
        let mut header = HeaderValue::try_from(format!("{scheme} {value}")).map_err(|error| {
            Error::invalid("Pushgateway credentials are not a valid header").with_source(error)
        })?;
        header.set_sensitive(true);
        register_own(value);
        register_own(secret);
        Ok(Self {
            header,
            secrets: [value.to_owned(), secret.to_owned()],
        })
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// Masks the secrets in a text.
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
