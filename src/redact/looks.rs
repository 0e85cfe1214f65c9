//! Whether a value looks like a secret, a state or prose.

use super::bytes::{is_one_of, is_word, run_end, skip};

/// The bytes of a value that are looked at. Longer values are judged by their start, so that the time is bounded.
pub(super) const MAX_LOOK: usize = 256;

/// Values that say that there is no secret, or describe one.
#[rustfmt::skip]
const STATES: &[&str] = &[
    "absent", "any", "array", "bool", "boolean", "bytes", "denied", "disabled", "empty", "enabled", "error",
    "expired", "failed", "false", "filtered", "forbidden", "hidden", "incorrect", "int", "integer", "invalid",
    "malformed", "masked", "mismatch", "missing", "n/a", "nil", "no", "none", "not-found", "not-set", "not_found",
    "not_set", "null", "nullptr", "number", "object", "ok", "optional", "present", "redacted", "rejected",
    "required", "revoked", "unavailable", "set", "str", "string", "true", "unauthorized", "undefined", "unknown", "unset",
    "unsupported", "valid", "wrong", "yes",
];

/// Words of sentences about a secret. Names and passwords of several words rarely have them.
#[rustfmt::skip]
const PROSE: &[&str] = &[
    "and", "application", "are", "as", "at", "be", "been", "by", "can", "can't", "cannot", "contains",
    "could", "did", "do", "does", "doesn't", "exist", "exists", "expected", "failed", "failure", "for", "found",
    "from", "had", "has", "have", "is", "isn't", "least", "line", "long", "may", "must", "needs", "no", "not", "of", "on", "only",
    "or", "should", "short", "than", "that", "the", "to", "too", "unable", "unexpected", "until", "use", "was",
    "weak", "were", "will", "with", "without", "would", "you", "your",
];

/// Whether the value is a state such as `None`, `missing` or `unset`, or stands for a secret (`${TOKEN}`, `****`).
pub(super) fn is_state(value: &[u8]) -> bool {
    let word = trimmed(value);
    is_one_of(word, STATES) || is_placeholder(value)
}

/// Names of variables of one word. Others after a `$` may be passwords.
const VARIABLES: &[&str] = &[
    "key", "pass", "passwd", "password", "pwd", "secret", "token",
];

/// `${VAR}`, `$DB_VAR`, `{{ var }}`, `<name>`, `%s`, `****`, `[redacted]`, `[FILTERED]`.
fn is_placeholder(value: &[u8]) -> bool {
    let value = trimmed_end(value);
    let is_name = |name: &[u8]| {
        let is_part = |byte: &u8| byte.is_ascii_alphabetic() || b"_- .".contains(byte);
        !name.is_empty() && name.iter().all(is_part)
    };
    let inner = |open: &[u8], close: &[u8]| value.strip_prefix(open)?.strip_suffix(close);
    let has_only = |bytes: &[u8]| value.len() > 2 && value.iter().all(|it| bytes.contains(it));
    let is_variable = |name: &[u8]| {
        let is_part = |byte: &u8| byte.is_ascii_uppercase() || *byte == b'_';
        let is_telling = name.contains(&b'_') || is_one_of(name, VARIABLES);
        is_telling && name.iter().all(is_part)
    };
    has_only(b"*.xX?-\xe2\x80\xa2\xa6")
        || matches!(value, b"{}" | b"%s" | b"[]" | b"()" | b"$1" | b"{:?}")
        || value.strip_prefix(b"$").is_some_and(is_variable)
        || inner(b"${", b"}").is_some()
        || inner(b"{{", b"}}").is_some()
        || inner(b"$(", b")").is_some_and(is_name)
        || inner(b"<", b">").is_some_and(is_name)
        || inner(b"[", b"]").is_some_and(|inner| is_one_of(inner, STATES))
}

/// Whether this is a part of a syntax, such as `[user][:password` of `redis://[user][:password@]host`.
pub(super) fn is_syntax(text: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_lowercase() || b"[]:_".contains(byte);
    text.starts_with(b"[") && text.iter().all(is_part)
}

/// Whether this is a sentence about a secret: its first word is a state, or one of its first words is a word of prose.
pub(super) fn is_prose(text: &[u8], start: usize) -> bool {
    let text = &text[..text.len().min(start + MAX_LOOK)];
    let mut position = start;
    for word in 0..6 {
        position = skip(text, position, |byte| byte == b' ' || byte == b'\t');
        let end = run_end(text, position);
        let bare = trimmed(&text[position..end]);
        if word == 0 && (looks_random(bare) || bare.is_empty()) {
            return false;
        }
        if word == 0 && (is_state(bare) || is_constant(bare)) || is_one_of(bare, PROSE) {
            return true;
        }
        position = end;
        if end > 0 && b",;".contains(&text[end - 1]) {
            break;
        }
        if matches!(text.get(position), None | Some(b'\n' | b'\r')) {
            break;
        }
    }
    false
}

/// Whether the word stands for a secret: `<token>`, `$TOKEN`, `YOUR_TOKEN`.
pub(super) fn is_stand_in(word: &[u8]) -> bool {
    let word = word.strip_suffix(b")").unwrap_or(word);
    is_state(word) || is_constant(trimmed(word))
}

/// `SQLITE_BUSY`.
fn is_constant(word: &[u8]) -> bool {
    word.contains(&b'_') && word.iter().all(|it| it.is_ascii_uppercase() || *it == b'_')
}

/// Whether a single value may be a secret: it has digits, capitals inside or rare punctuation, or is long. Not so
/// measures, paths and names of several words.
pub(super) fn looks_secret(value: &[u8]) -> bool {
    let word = trimmed(value);
    let word = &word[..word.len().min(MAX_LOOK)];
    if is_state(value) || is_measure(word) || is_path(word) || is_numbered(word) {
        return false;
    }
    word.len() > 2 && looks_random(word) || word.len() >= 20 && !is_words(word)
}

/// Digits, capitals inside, or rare punctuation.
fn looks_random(word: &[u8]) -> bool {
    let has = |is: fn(&u8) -> bool| word.iter().any(is);
    let is_mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    has(u8::is_ascii_digit)
        || is_mixed && !is_camel_case(word)
        || has(|byte| b"+=$!#%&*^~@".contains(byte) || *byte >= 0x80)
}

/// Whether a word without digits may be a secret all the same: `XYZZY`, but not `SIGTERM` and `SQLITE_BUSY`.
pub(super) fn is_in_capitals(value: &[u8]) -> bool {
    let word = trimmed(value);
    let is_capitals = word
        .iter()
        .all(|it| it.is_ascii_uppercase() || b"-_".contains(it));
    word.len() > 4
        && is_capitals
        && !is_constant(word)
        && !word.starts_with(b"SIG")
        && !is_state(word)
}

/// Whether a value after `=` may be a secret: not a short word in lower case, a measure or a path.
pub(super) fn looks_assigned(value: &[u8]) -> bool {
    let word = trimmed(value);
    let is_letters = word.iter().all(u8::is_ascii_alphabetic);
    let has_capital = word.iter().any(u8::is_ascii_uppercase);
    let is_long = is_letters && (word.len() > 10 || word.len() > 4 && has_capital);
    !is_state(value)
        && (looks_secret(value) || is_in_capitals(value) || is_long && !word.starts_with(b"SIG"))
}

/// Whether a value is surely random: long, with letters and digits in turn.
pub(super) fn looks_like_a_key(value: &[u8]) -> bool {
    let word = trimmed(value);
    let word = &word[..word.len().min(MAX_LOOK)];
    let class = |byte: u8| match byte {
        b'0'..=b'9' => 1,
        b'a'..=b'z' => 2,
        b'A'..=b'Z' => 3,
        _ => 0,
    };
    let classes = word.iter().map(|byte| class(*byte));
    let changes = classes.clone().zip(classes.skip(1));
    let changes = changes.filter(|(a, b)| a != b && *a > 0 && *b > 0).count();
    word.len() >= 12
        && changes >= 3
        && !is_camel_case(word)
        && !is_measure(word)
        && !is_path(word)
        && !is_numbered(word)
}

/// `InvalidSignature`, `Authorization`.
fn is_camel_case(word: &[u8]) -> bool {
    let is_letters = word.iter().all(u8::is_ascii_alphabetic);
    let lone = |pair: &[u8]| pair[0].is_ascii_uppercase() && pair[1].is_ascii_uppercase();
    let is_short = |part: &[u8]| part.len() < 2;
    let parts = word.split(u8::is_ascii_uppercase).skip(1);
    is_letters && !word.windows(2).any(lone) && !parts.clone().any(is_short)
}

/// Numbers, dates, times, durations, versions and addresses: `42`, `2026-11-28T10:00:00Z`, `v2.1`, `300ms`, `10.0.0.1:80`.
fn is_measure(word: &[u8]) -> bool {
    let word = word.strip_prefix(b"v").unwrap_or(word);
    let is_part = |byte: u8| byte.is_ascii_digit() || b".:-+/TZ%".contains(&byte);
    let unit = skip(word, 0, is_part);
    let is_unit = word[unit..].iter().all(u8::is_ascii_alphabetic) && word.len() - unit <= 3;
    let has_point = word[..unit].iter().any(|byte| !byte.is_ascii_digit());
    let is_digits = unit == word.len() && !has_point;
    unit > 0 && word[0].is_ascii_digit() && is_unit && (has_point || !is_digits || unit < 6)
}

/// Lower-case words with slashes (`vault/data/shop`), or a path from the root.
fn is_path(word: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_lowercase() || b"/._-:".contains(byte);
    let is_rooted = |byte: &u8| is_part(byte) || byte.is_ascii_digit();
    let starts = word.starts_with(b"/") || word.starts_with(b"./") || word.starts_with(b"~/");
    let url = word.starts_with(b"https://") || word.starts_with(b"http://");
    let has_long_part = word.split(|byte| *byte == b'/').any(|part| part.len() > 24);
    word.contains(&b'/')
        && !has_long_part
        && (word.iter().all(is_part) || (starts || url) && word.iter().all(is_rooted))
}

/// A lower-case name with a number: `user-42`, `kv-v2`, `orders_2026`. Not `hunter2`.
fn is_numbered(word: &[u8]) -> bool {
    let is_part = |part: &[u8]| {
        let letters = skip(part, 0, |byte| byte.is_ascii_lowercase());
        let digits = skip(part, letters, |byte| byte.is_ascii_digit());
        digits == part.len() && (letters <= 1 || digits == letters) && digits - letters <= 4
    };
    let mut parts = word.split(|byte| b"-_:.".contains(byte));
    let starts_with_word = parts
        .next()
        .is_some_and(|part| part.len() > 1 && part.iter().all(u8::is_ascii_lowercase));
    let mut rest = parts.peekable();
    starts_with_word && rest.peek().is_some() && rest.all(is_part)
}

/// Words of one case, with punctuation between them.
fn is_words(word: &[u8]) -> bool {
    let is_lower = word
        .iter()
        .all(|it| it.is_ascii_lowercase() || b"-_./:,".contains(it));
    is_lower && word.iter().any(|byte| !byte.is_ascii_alphabetic()) || is_camel_case(word)
}

/// The value without punctuation around it.
pub(super) fn trimmed(value: &[u8]) -> &[u8] {
    let is_kept = |byte: &u8| is_word(*byte) || *byte >= 0x80;
    let start = value.iter().position(is_kept).unwrap_or(value.len());
    trimmed_end(&value[start..])
}

fn trimmed_end(value: &[u8]) -> &[u8] {
    let is_dropped = |byte: &&u8| b".,:;!?\"'`".contains(*byte);
    let dropped = value.iter().rev().take_while(is_dropped).count();
    &value[..value.len() - dropped]
}
