//! Failures of a mail server as failures of a delivery.

use lettre::transport::smtp::Error;

use crate::alerts::channels::delivery_error::DeliveryError;
use crate::error::with_sources;
use crate::redact::redact_line;

const MAX_MESSAGE: usize = 300;

/// The treatment of a failure of the login.
pub(super) fn login_failed(error: &Error) -> DeliveryError {
    let message = line("cannot log in", &with_sources(error));
    if error.is_permanent() {
        DeliveryError::stopped(message)
    } else {
        DeliveryError::retry(message)
    }
}

/// The treatment of any other failure.
pub(super) fn failed(what: &str, error: &Error) -> DeliveryError {
    let message = line(what, &with_sources(error));
    by_code(error.status().map(u16::from), message)
}

/// The treatment of a mail that was sent without a reply. Each attempt has the same `Message-ID`.
pub(super) fn unconfirmed(problem: &str) -> DeliveryError {
    const WHAT: &str = "the mail is not confirmed and may arrive twice";
    DeliveryError::retry(line(WHAT, problem))
}

/// The treatment of a reply that is not the expected one.
pub(super) fn refused(what: &str, code: u16, text: &str) -> DeliveryError {
    by_code(Some(code), line(what, &format!("{code} {text}")))
}

/// Only a reply of 5xx is final. A missing STARTTLS or a certificate that is not trusted is not, because a server or a network
/// that is being repaired has both.
fn by_code(code: Option<u16>, message: String) -> DeliveryError {
    match code {
        // A mail needs a login, or the server refuses the one that it has (RFC 4954, section 6).
        Some(530 | 534 | 535 | 538) => DeliveryError::stopped(message),
        Some(500..600) => DeliveryError::rejected(message),
        _ => DeliveryError::retry(message),
    }
}

fn line(what: &str, problem: &str) -> String {
    redact_line(&format!("{what}: {problem}"), MAX_MESSAGE)
}
