//! The message of a notification, as it goes over the wire.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Mailboxes, MultiPart, header};

use super::content::Content;
use super::html::html;
use crate::alerts::channels::delivery_error::DeliveryError;
use crate::alerts::channels::notification::Notification;
use crate::alerts::labels::Labels;
use crate::alerts::state::AlertId;

/// The mail in ASCII, with headers and both parts.
pub(super) fn mail(
    notification: &Notification,
    from: &Mailbox,
    to: &[Mailbox],
) -> Result<Vec<u8>, DeliveryError> {
    let content = Content::of(notification);
    let domain = from.email.domain();
    let thread = thread(&notification.group_key, domain);
    let recipients: Mailboxes = to.iter().cloned().collect();
    let message = Message::builder()
        .from(from.clone())
        .mailbox(header::To::from(recipients))
        .subject(&*content.subject)
        .date(date(notification.at))
        .message_id(Some(format!("<{}@{domain}>", notification.id)))
        .in_reply_to(thread.clone())
        .references(thread)
        .raw_header(automatic("Auto-Submitted", "auto-generated"))
        .raw_header(automatic("X-Auto-Response-Suppress", "All"))
        .multipart(MultiPart::alternative_plain_html(
            content.to_text(),
            html(&content),
        ));
    let message = message
        .map_err(|error| DeliveryError::rejected(format!("the mail cannot be written: {error}")))?;
    Ok(message.formatted())
}

/// The message that all mails about a group answer. It is never sent, but makes them one thread.
fn thread(group_key: &str, domain: &str) -> String {
    let key = AlertId::of(group_key, &Labels::new());
    format!("<group-{key}@{domain}>")
}

/// Prevents replies of absent people (RFC 3834 and Exchange).
fn automatic(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// A date of a mail lies in the years 1970 to 9999: lettre panics at others.
fn date(at: SystemTime) -> SystemTime {
    const MAX: Duration = Duration::from_secs(253_402_300_799);
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    UNIX_EPOCH + since.min(MAX)
}
