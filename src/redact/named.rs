//! Secrets that are recognized by their name.

use super::word::{Span, leading_word, looks_secret};

/// The endings of secret names, in lower case and without `_` and `-`: `db_password`, `X-Api-Key` and `clientSecret`
/// each have one.
const ENDINGS: [&str; 25] = [
    "dbpass",
    "passcode",
    "webhook",
    "webhookurl",
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "accountkey",
    "sharedkey",
    "masterkey",
    "signingkey",
    "encryptionkey",
    "authkey",
    "authorization",
    "credential",
    "cookie",
    "signature",
    "sessionid",
];

/// Words that make a name secret if they are its last word. As endings they would be too common.
const WORDS: [&str; 7] = ["pass", "sig", "jwt", "pin", "otp", "auth", "bearer"];

/// Words that make a name secret at any position: `SECRET_KEY_BASE`, `password_hash`, `jwt_key`.
const ANYWHERE: [&str; 9] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "passcode",
    "secret",
    "token",
    "jwt",
    "hmac",
];

/// The last words of names that describe a secret but do not hold one.
const ABOUT: [&str; 46] = [
    "age",
    "at",
    "bucket",
    "bytes",
    "change",
    "changed",
    "check",
    "cost",
    "count",
    "dir",
    "enabled",
    "endpoint",
    "error",
    "exception",
    "expired",
    "expires",
    "expiry",
    "field",
    "file",
    "folder",
    "interval",
    "kind",
    "len",
    "length",
    "lifetime",
    "limit",
    "manager",
    "max",
    "min",
    "missing",
    "name",
    "path",
    "policy",
    "required",
    "reset",
    "rotation",
    "rules",
    "seconds",
    "size",
    "strength",
    "timeout",
    "total",
    "ttl",
    "type",
    "usage",
    "version",
];

/// Headers, whose value is the rest of the line.
const HEADERS: [&str; 2] = ["authorization", "cookie"];

/// Whether a value of this name is secret.
pub(crate) fn is_secret(name: &str) -> bool {
    let plain = plain(name);
    let singular = plain.strip_suffix('s').unwrap_or(&plain);
    let ends = |ending: &&str| plain.ends_with(*ending) || singular.ends_with(*ending);
    if ENDINGS.iter().any(ends) {
        return true;
    }
    let words = words(name);
    let Some(last) = words.last() else {
        return false;
    };
    let is_anywhere = |word: &String| ANYWHERE.contains(&&**word);
    WORDS.contains(&&**last) || words.iter().any(is_anywhere) && !ABOUT.contains(&&**last)
}

/// The words of a name, in lower case and without trailing digits. Words are separated by punctuation, white space and
/// capitals (`smtpPass`, `SMTPPass`).
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut previous = ' ';
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let is_last_of_capitals =
            previous.is_uppercase() && chars.peek().is_some_and(|next| next.is_lowercase());
        let starts_word = c.is_uppercase() && (!previous.is_uppercase() || is_last_of_capitals);
        if starts_word || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        previous = c;
    }
    for word in &mut words {
        let length = word.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        word.truncate(length);
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The name in lower case, without punctuation and trailing digits.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let name: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    let length = name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    name[..length].to_owned()
}

/// The span of the value that follows the name at `at`, if the name is secret.
pub(super) fn secret_value(text: &str, at: usize) -> Option<Span> {
    let name = leading_word(&text[at..]);
    let is_query = text[..at].ends_with(['?', '&']);
    if !(is_secret(name) || is_query && name == "key") {
        return None;
    }
    let after = &text[at + name.len()..];
    let quoted = after
        .trim_start_matches('\\')
        .strip_prefix(['"', '\'', '`']);
    let after_name = quoted.unwrap_or(after);
    let rest = after_name.trim_start_matches(' ');
    let has_space = rest.len() < after_name.len();
    let (value, is_prose) =
        if let Some(value) = rest.strip_prefix("=>").or_else(|| rest.strip_prefix('=')) {
            (value, false)
        } else if let Some(value) = strip_encoded(rest) {
            (value, false)
        } else if let Some(value) = rest.strip_prefix(':') {
            // A path in Rust (`token::Kind`) has no value. A colon and a space may also be prose.
            let is_prose = quoted.is_none() && value.starts_with(' ');
            (value.strip_prefix(':').map_or(value, |_| ""), is_prose)
        } else if let Some(value) = rest.strip_prefix(',').filter(|_| quoted.is_some()) {
            // A pair in Rust's Debug output: ("authorization", "Basic ..").
            (value, false)
        } else if let Some(value) = rest.strip_prefix('(').filter(|value| starts_quoted(value)) {
            (value, false)
        } else if has_space && (name.starts_with("--") || starts_quoted(rest)) {
            // A command line, or SQL's PASSWORD '..'.
            (rest, false)
        } else {
            return None;
        };
    let value = value.trim_start_matches([' ', '\t']);
    let start = text.len() - value.len();
    let plain = plain(name);
    let is_header = HEADERS.iter().any(|header| plain.ends_with(header));
    let is_password = plain.contains("pass") || plain.ends_with("pwd");
    let end = if is_header && !starts_quoted(value) {
        value.find(['\n', '\r', '"', '\'']).unwrap_or(value.len())
    } else if is_password && rest.starts_with('=') && !is_enclosed(value) && !is_query {
        // It may contain any punctuation; libpq escapes white space.
        end_of_word(value)
    } else {
        end_of_value(value, is_query)
    };
    if is_prose && !is_header && !is_password && !is_enclosed(value) && !looks_secret(&value[..end])
    {
        return None;
    }
    (end > 0).then_some((start, start + end))
}

/// Strips a percent-encoded `=` or `:`.
fn strip_encoded(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('%')?;
    ["3D", "3d", "3A", "3a"]
        .iter()
        .find_map(|code| rest.strip_prefix(code))
}

fn starts_quoted(text: &str) -> bool {
    text.trim_start_matches('\\').starts_with(['"', '\'', '`'])
}

fn is_enclosed(text: &str) -> bool {
    starts_quoted(text) || text.starts_with(['[', '{', '('])
}

fn end_of_word(value: &str) -> usize {
    let mut is_escaped = false;
    let end = value.find(|c: char| {
        let is_end = c.is_whitespace() && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    });
    end.unwrap_or(value.len())
}

/// The end of a value: its closing quote or bracket, or else white space or a delimiter.
fn end_of_value(value: &str, is_query: bool) -> usize {
    if starts_quoted(value) {
        return end_of_quoted(value);
    }
    let mut chars = value.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            // An escaped space of libpq.
            '\\' => drop(chars.next()),
            '[' | '{' | '(' => return at + end_of_brackets(&value[at..]),
            // Secret { inner: ".." }
            ' ' if value[at..].starts_with(" {") => {
                return at + 1 + end_of_brackets(&value[at + 1..]);
            }
            '&' | '#' if is_query => return at,
            ',' if chars
                .peek()
                .is_none_or(|(_, next)| next.is_whitespace() || "\"'".contains(*next)) =>
            {
                return at;
            }
            c if c.is_whitespace() || ";\"'`<>)]}".contains(c) => return at,
            _ => {}
        }
    }
    value.len()
}

/// The position after the closing quote, which is escaped if the opening one is.
fn end_of_quoted(value: &str) -> usize {
    let escapes = value.len() - value.trim_start_matches('\\').len();
    let Some(quote) = value[escapes..].chars().next() else {
        return value.len();
    };
    let mut is_escaped = false;
    for (at, c) in value[escapes + 1..].char_indices() {
        match c {
            // SQL doubles a quote inside quotes.
            '\'' if quote == '\''
                && value[escapes + 1 + at + 1..].starts_with('\'')
                && !is_escaped =>
            {
                is_escaped = true;
            }
            c if c == quote && (!is_escaped || escapes > 0) => return escapes + 1 + at + 1,
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    value.len()
}

/// The position after the bracket that closes the first one. Brackets inside quotes do not count.
fn end_of_brackets(value: &str) -> usize {
    let (mut depth, mut quote, mut is_escaped) = (0_usize, None, false);
    for (at, c) in value.char_indices() {
        match (c, quote) {
            _ if is_escaped => is_escaped = false,
            ('\\', _) => is_escaped = true,
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            ('[' | '{' | '(', None) => depth += 1,
            (']' | '}' | ')', None) => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    value.len()
}
