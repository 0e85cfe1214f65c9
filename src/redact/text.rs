//! Redaction of text.

use std::borrow::Cow;
use std::fmt::Write;

use super::word::starts_word;
use super::{char_boundary, named, token, url};

/// The replacement of a secret.
pub(crate) const MASK: &str = "[redacted]";

/// The bytes of a text that are searched. Longer texts are cut here first.
const MAX_TEXT: usize = 64 * 1024;

/// Masks
///
/// - credentials in URLs and connection strings (`scheme://user:password@host`, `user:password@tcp(host)`),
/// - values with the name of a secret (`password=..`, `"api_key": ".."`, `Authorization: Bearer ..`) in query strings,
///   JSON, headers, command lines and Rust's Debug output,
/// - values in the format of a token (JSON Web Tokens, keys of well-known services, private keys in PEM).
pub(crate) fn redact(text: &str) -> Cow<'_, str> {
    let mut redacted = String::new();
    // Everything before `copied` is in `redacted` already.
    let mut copied = 0;
    let mut at = 0;
    while at < text.len() {
        let secret = match text.as_bytes()[at] {
            b':' => url::credentials(text, at),
            b'@' => url::credentials_without_scheme(text, copied, at),
            b'-' if token::is_private_key(text, at) => {
                Some((at, token::end_of_private_key(text, at)))
            }
            _ if starts_word(text, at) => {
                named::secret_value(text, at).or_else(|| token::token(text, at))
            }
            _ => None,
        };
        match secret {
            Some((start, end)) if start < end => {
                redacted.push_str(&text[copied..start]);
                redacted.push_str(MASK);
                (copied, at) = (end, end);
            }
            _ => at += text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    redacted.push_str(&text[copied..]);
    Cow::Owned(redacted)
}

/// Redacts the text, joins its lines, and cuts it to `max` bytes with a note of the number of bytes that were cut.
pub(crate) fn redact_line(text: &str, max: usize) -> String {
    let searched = &text[..char_boundary::floor(text, MAX_TEXT)];
    let redacted = redact(searched);
    let end = char_boundary::floor(&redacted, max);
    let mut line: String = redacted[..end]
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let cut = redacted.len() - end + text.len() - searched.len();
    if cut > 0 {
        // Writing to a string cannot fail.
        let _ = write!(line, " .. ({cut} bytes more)");
    }
    line
}
