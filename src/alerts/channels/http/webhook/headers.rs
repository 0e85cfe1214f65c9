//! Headers of one's own.

use http::HeaderMap;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};

use crate::error::Error;
use crate::redact::{is_secret, register_own};

/// Adds a header. The values of headers with secret names become known secrets.
pub(super) fn add(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), Error> {
    let Ok(name) = name.parse::<HeaderName>() else {
        return Err(Error::invalid(format!(
            "header name {name:?} is invalid: letters, digits and - are allowed"
        )));
    };
    if [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(&name) {
        return Err(Error::invalid(format!(
            "header {name} is not allowed, because the client sets it"
        )));
    }
    if is_secret(name.as_str()) {
        register_own(value);
        // The scheme of `Bearer ..` is no secret.
        if let Some((_, token)) = value.trim().split_once(' ') {
            register_own(token);
        }
    }
    let Ok(mut value) = value.parse::<HeaderValue>() else {
        return Err(Error::invalid(format!(
            "the value of header {name} is invalid: visible ASCII is allowed"
        )));
    };
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}
