//! The `error.type` of a request.

use std::borrow::Cow;

use super::ending::{Status, status_text};
use super::outcome::{Outcome, Side};

/// The `error.type` of OpenTelemetry's conventions, for requests that failed.
pub(crate) fn error_type(
    side: Side,
    status: Status,
    outcome: Outcome,
) -> Option<Cow<'static, str>> {
    let first_error = match side {
        Side::Server => 500,
        Side::Client => 400,
    };
    match (side, outcome) {
        // The caller chose not to wait or not to read on, which is no error.
        (Side::Client, Outcome::Cancelled | Outcome::BodyDropped) | (_, Outcome::Complete) => {
            (status >= first_error).then(|| status_text(status))
        }
        (Side::Client, Outcome::ServiceError) => Some("error".into()),
        (_, outcome) => Some(outcome.reason().into()),
    }
}
