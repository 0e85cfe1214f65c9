//! The crate's one redactor: text that may hold a secret passes through it before it is shown, logged or sent.
//!
//! In doubt it masks, and it leaves the words around a secret readable.

#[cfg(feature = "health")]
mod json;
mod named;
mod token;
mod url;

use std::borrow::Cow;
use std::fmt::Write;

#[cfg(feature = "health")]
pub(crate) use self::json::{Budget, json};
#[cfg(feature = "health")]
use self::named::is_secret;

/// The replacement of a secret.
pub(crate) const MASK: &str = "[redacted]";

/// The bytes of a text that are searched. Longer texts are cut here first.
const MAX_TEXT: usize = 64 * 1024;

/// The start and end of a secret.
type Span = (usize, usize);

/// Masks
///
/// - credentials in URLs and connection strings (`scheme://user:password@host`, `user:password@tcp(host)`),
/// - values with the name of a secret (`password=..`, `"api_key": ".."`, `Authorization: Bearer ..`) in query strings,
///   JSON,
///   headers, command lines and Rust's Debug output,
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
    let searched = &text[..text.floor_char_boundary(MAX_TEXT)];
    let redacted = redact(searched);
    let end = redacted.floor_char_boundary(max);
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

fn is_word_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// Whether a word starts here.
fn starts_word(text: &str, at: usize) -> bool {
    text[at..].starts_with(is_word_char) && !text[..at].ends_with(is_word_char)
}

/// The word at the start of the text.
fn word(text: &str) -> &str {
    &text[..text.len() - text.trim_start_matches(is_word_char).len()]
}

/// Whether a word of prose may be a secret: it has digits, inner capitals or punctuation, or is very long.
fn looks_secret(word: &str) -> bool {
    let has = |is: fn(char) -> bool| word.contains(is);
    let is_mixed = has(|c| c.is_ascii_uppercase()) && has(|c| c.is_ascii_lowercase());
    let capitals = word.chars().skip(1).any(|c| c.is_ascii_uppercase());
    let signs = word.trim_end_matches(['.', ',', ':', ';', '!', '?']);
    word.len() >= 20
        || has(|c| c.is_ascii_digit())
        || (is_mixed && capitals)
        || signs.contains([
            '.', '_', '+', '/', '=', '$', '!', '#', '%', '&', '*', '^', '~',
        ])
}

#[cfg(test)]
mod tests;
