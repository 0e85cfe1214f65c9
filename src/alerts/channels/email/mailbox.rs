//! Mail addresses, and their mistakes.

use lettre::message::Mailbox;

/// Reads `user@host` or `Name <user@host>`.
///
/// An address that is not ASCII is a mistake, because it would fail only when a mail is sent, by most servers.
pub(super) fn mailbox(text: &str) -> Result<Mailbox, &'static str> {
    const ALLOWED: &str = "user@example.com and Name <user@example.com> are allowed";
    if text.chars().any(char::is_control) {
        return Err("it holds a control character");
    }
    let text = text.trim();
    let mailbox: Mailbox = text.parse().map_err(|_| ALLOWED)?;
    // The parser ignores the text behind an address.
    let address: &str = mailbox.email.as_ref();
    if text != address && !text.ends_with(&format!("<{address}>")) {
        return Err(ALLOWED);
    }
    if !mailbox.email.user().is_ascii() {
        return Err("the part before the @ must be ASCII");
    }
    if !mailbox.email.domain().is_ascii() {
        return Err("the domain must be ASCII, such as xn--mnchen-3ya.example");
    }
    Ok(mailbox)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_and_without_a_name_are_read() {
        for (text, name, address) in [
            ("ops@example.com", None, "ops@example.com"),
            (" ops@example.com ", None, "ops@example.com"),
            ("Ops <ops@example.com>", Some("Ops"), "ops@example.com"),
            (
                "\"Ops, night\" <ops@example.com>",
                Some("Ops, night"),
                "ops@example.com",
            ),
            ("Zoë <ops@example.com>", Some("Zoë"), "ops@example.com"),
            ("ops+a@example.com", None, "ops+a@example.com"),
        ] {
            let mailbox = mailbox(text).unwrap_or_else(|mistake| panic!("{text}: {mistake}"));
            assert_eq!(mailbox.name.as_deref(), name, "{text}");
            assert_eq!(mailbox.email.as_ref() as &str, address, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_a_mistake() {
        for text in [
            "",
            "ops",
            "@example.com",
            "ops@",
            "a@example.com, b@example.com",
            "a@example.com b@example.com",
            "a@example.com>",
            "Ops <a@example.com> b@example.com",
            "<a@example.com",
            "zoë@example.com",
            "ops@münchen.example",
            "a@example.com\r\nBcc: b@example.com",
            "Ops\r\nBcc: b@example.com <a@example.com>",
            "a b@example.com",
            "a@exam ple.com",
        ] {
            assert!(mailbox(text).is_err(), "{text:?}: {:?}", mailbox(text));
        }
    }
}
