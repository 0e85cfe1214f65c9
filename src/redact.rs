//! The crate's one redactor: what may hold a secret passes through here before it is shown, logged or sent.

use std::borrow::Cow;
use std::fmt::Write;

/// What stands where a secret stood.
const MASK: &str = "[redacted]";

/// Endings of the names whose values are secret, in lower case and without `_` and `-`: `db_password`, `X-Api-Key` and
/// `clientSecret` all end in one.
const SECRET_NAMES: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "authorization",
    "credentials",
];

/// Masks the credentials of URLs (`scheme://user:password@host`), the values of what is named like a secret
/// (`password=..`, `"api_key": ".."`, `Authorization: Bearer ..`) and bearer tokens.
///
/// It would rather mask too much than too little: in a URL everything up to the last `@` before white space or a quote
/// counts as credentials, for passwords come unescaped too. Takes time linear in the text.
pub(crate) fn redact(text: &str) -> Cow<'_, str> {
    let mut redacted = String::new();
    // Everything before `kept` is in `redacted` already.
    let mut kept = 0;
    let mut at = 0;
    // No `@` stands before this; searched once for each stretch without white space.
    let mut searched = 0;
    while at < text.len() {
        let rest = &text[at..];
        let secret = if let Some(after) = rest.strip_prefix("://") {
            let start = text.len() - after.len();
            let found = (start >= searched).then(|| url_credentials(text, start));
            searched = found.map_or(searched, |(end, _)| end);
            found.and_then(|(_, credentials)| credentials)
        } else if is_word_start(text, at) {
            let word = rest.len() - rest.trim_start_matches(is_word_char).len();
            secret_value(text, at, at + word).or_else(|| {
                at += word.saturating_sub(1);
                None
            })
        } else {
            None
        };
        match secret {
            Some((start, end)) => {
                redacted.push_str(&text[kept..start]);
                redacted.push_str(MASK);
                (kept, at) = (end, end);
            }
            None => at += text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    if kept == 0 && redacted.is_empty() {
        return Cow::Borrowed(text);
    }
    redacted.push_str(&text[kept..]);
    Cow::Owned(redacted)
}

/// The text redacted, on one line, and cut to `max` bytes with a note of how much was cut.
pub(crate) fn redact_line(text: &str, max: usize) -> String {
    let redacted = redact(text);
    let end = redacted.floor_char_boundary(max);
    let mut line: String = redacted[..end]
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if end < redacted.len() {
        let _ = write!(line, " .. ({} bytes more)", redacted.len() - end);
    }
    line
}

type Span = (usize, usize);

/// Where the URL that begins before `start` may end, and the span of its credentials.
fn url_credentials(text: &str, start: usize) -> (usize, Option<Span>) {
    let rest = &text[start..];
    let length = rest
        .find(|c: char| c.is_whitespace() || "\"'`<>".contains(c))
        .unwrap_or(rest.len());
    let credentials = rest[..length].rfind('@').map(|at| {
        // The name of the user stays readable; a lone name may be a token.
        let user = rest[..at].find(':').map_or(0, |colon| colon + 1);
        (start + user, start + at)
    });
    (start + length, credentials)
}

fn is_word_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn is_word_start(text: &str, at: usize) -> bool {
    text[at..].starts_with(is_word_char) && !text[..at].ends_with(is_word_char)
}

/// The span of the value after the word at `from..to`, if the word says that it is secret.
fn secret_value(text: &str, from: usize, to: usize) -> Option<Span> {
    let name: String = text[from..to]
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let rest = &text[to..];
    if name == "bearer" {
        let value = rest.trim_start_matches(' ');
        let is_token = value.len() < rest.len() && !value.is_empty();
        return is_token.then(|| span(text, value));
    }
    if !SECRET_NAMES.iter().any(|secret| name.ends_with(secret)) {
        return None;
    }
    let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
    let value = rest.trim_start().strip_prefix(['=', ':'])?.trim_start();
    // The scheme of an Authorization header is no secret, and what follows it is.
    let value = ["Bearer ", "Basic ", "bearer ", "basic "]
        .iter()
        .find_map(|scheme| value.strip_prefix(scheme))
        .unwrap_or(value);
    (!value.is_empty()).then(|| span(text, value))
}

/// From the start of `value`, a tail of `text`, to the end of the value: at white space or a delimiter outside quotes.
fn span(text: &str, value: &str) -> Span {
    let start = text.len() - value.len();
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in value.char_indices() {
        match quote {
            _ if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c.is_whitespace() || ",;&}".contains(c) => return (start, start + at),
            _ => {}
        }
    }
    (start, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn credentials_of_urls_are_masked_and_the_rest_stays() {
        for (text, expected) in [
            (
                "cannot reach postgres://app:s3cret@db:5432/shop?sslmode=require",
                "cannot reach postgres://app:[redacted]@db:5432/shop?sslmode=require",
            ),
            ("redis://:p@ss/w:rd@host/0", "redis://:[redacted]@host/0"),
            ("https://ghp_abc@host/x", "https://[redacted]@host/x"),
            (
                "a \"amqp://kit:pw@one\" b amqp://kit:pw@two",
                "a \"amqp://kit:[redacted]@one\" b amqp://kit:[redacted]@two",
            ),
            (
                "http://host:8080/path is down",
                "http://host:8080/path is down",
            ),
            ("at noon @ home", "at noon @ home"),
        ] {
            assert_eq!(redact(text), expected);
        }
    }

    #[test]
    fn values_named_like_secrets_are_masked() {
        for (text, expected) in [
            (
                "host=db password=s3cret user=app",
                "host=db password=[redacted] user=app",
            ),
            ("password='two words' x", "password=[redacted] x"),
            (
                r#"{"api_key": "ab\"cd", "n": 1}"#,
                r#"{"api_key": [redacted], "n": 1}"#,
            ),
            (
                "Config { password: Some(\"a b\"), port: 1 }",
                "Config { password: [redacted], port: 1 }",
            ),
            ("?access_token=abc&x=1", "?access_token=[redacted]&x=1"),
            (
                "Authorization: Bearer abc.def",
                "Authorization: Bearer [redacted]",
            ),
            ("sent Bearer abc.def to it", "sent Bearer [redacted] to it"),
            ("clientSecret=x", "clientSecret=[redacted]"),
            (
                "password authentication failed for user \"app\"",
                "password authentication failed for user \"app\"",
            ),
            ("passwords are long", "passwords are long"),
        ] {
            assert_eq!(redact(text), expected);
        }
    }

    #[test]
    fn a_line_is_cut_and_says_so() {
        assert_eq!(redact_line("ab\ncd", 10), "ab cd");
        assert_eq!(redact_line("aé", 2), "a .. (2 bytes more)");
        let long = format!("{}://u:secret@h", "x".repeat(5));
        assert!(!redact_line(&long, 14).contains("secr"));
    }

    #[test]
    fn a_megabyte_of_what_looks_like_urls_takes_no_megasecond() {
        // Quadratic, this would be 10^11 steps.
        let hostile = "://".repeat(350_000);
        assert_eq!(redact(&hostile), hostile);
        let words = "token".repeat(200_000);
        assert_eq!(redact(&words), words);
    }

    proptest! {
        #[test]
        fn no_password_of_a_url_gets_through(
            before in "[a-z :=\"']{0,12}",
            password in "[A-Z0-9@:/?#=&;,!$%^*()+._~-]{1,24}",
            after in "[a-z /?:]{0,12}",
        ) {
            let text = format!("{before} postgres://app:{password}XYZZY@db{after}");
            prop_assert!(!redact(&text).contains("XYZZY"), "{}", redact(&text));
        }

        #[test]
        fn any_text_is_taken(text in any::<String>()) {
            let _ = redact(&text);
            prop_assert!(redact_line(&text, 16).len() <= 16 + " .. (18446744073709551615 bytes more)".len());
        }
    }
}
