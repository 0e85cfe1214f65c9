//! Links in messages.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::alerts::channels::notification::Notification;
use crate::alerts::channels::notification_reason::NotificationReason;
use crate::alerts::channels::notified_alert::NotifiedAlert;

/// All but the unreserved characters (RFC 3986, section 2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The page of the service that explains the alert, if the service has an external URL. Alertmanager calls it `generatorURL`. The alert
/// of a test has none, so it links to the list of alerts.
pub(super) fn explain_url(notification: &Notification, alert: &NotifiedAlert) -> Option<String> {
    let base = notification.external_url.as_deref()?;
    if notification.reason == NotificationReason::Test {
        return Some(format!("{base}/alerts"));
    }
    let name = utf8_percent_encode(&alert.name, SEGMENT);
    Some(format!("{base}/alerts/rules/{name}/explain"))
}

/// Whether a text is a URL that every markup takes as a link: `http` or `https`, and no character that is part of a markup.
pub(super) fn is_link(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or(text.strip_prefix("http://"));
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'*+,;=%".contains(&byte);
    rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_plain))
}

#[cfg(test)]
mod tests {
    use super::is_link;

    #[test]
    fn only_urls_without_markup_are_links() {
        assert!(is_link(
            "https://wiki.example.com/run_book?page=5%&x=a+b#top"
        ));
        for text in [
            "",
            "https://",
            "wiki.example.com",
            "javascript:alert(1)",
            "https://a/ b",
            "https://a|b",
            "https://a>b",
            "https://a)b",
            "https://a\\b",
            "https://a`b",
            "https://ä",
            "https://a\n",
        ] {
            assert!(!is_link(text), "{text}");
        }
    }
}
