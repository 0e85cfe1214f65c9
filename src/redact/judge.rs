//! Whether a value of a given kind is secret.

use super::bytes::{is_word, run_end, skip};
use super::looks::{
    MAX_LOOK, is_in_capitals, is_prose, is_stand_in, is_state, looks_assigned, looks_like_a_key,
    looks_secret, trimmed,
};
use super::name::Kind;
use super::value::{closing_quote, opening_quote};

/// Whether the content of a quoted value is secret.
pub(super) fn is_secret_content(kind: Kind, content: &[u8]) -> bool {
    let word = content.trim_ascii();
    let has_letters = word
        .iter()
        .any(|it| it.is_ascii_alphanumeric() || *it >= 0x80);
    if word.is_empty() || is_state(word) || kind != Kind::Password && !has_letters {
        return false;
    }
    if word.iter().any(u8::is_ascii_whitespace) {
        let words = word.split(u8::is_ascii_whitespace).count();
        return kind == Kind::Password && words < 3 || !is_prose(word, 0);
    }
    match kind {
        Kind::Password | Kind::Header | Kind::Secret => true,
        Kind::Token => !is_small_number(word),
        Kind::Key => looks_assigned(word),
    }
}

/// Whether a value after `=`, which extends to white space, is secret. In query strings, all but states are.
pub(super) fn is_secret_run(kind: Kind, run: &[u8], is_query: bool) -> bool {
    let has_letters = run
        .iter()
        .any(|it| it.is_ascii_alphanumeric() || *it >= 0x80);
    if run.is_empty() || is_state(run) || kind != Kind::Password && !has_letters {
        return false;
    }
    match kind {
        Kind::Password | Kind::Header => true,
        Kind::Secret => !is_path(run),
        Kind::Token if is_query => !is_small_number(trimmed(run)),
        Kind::Token | Kind::Key => looks_assigned(run),
    }
}

/// Whether the text after a name, a colon and a space is a secret rather than prose.
pub(super) fn is_secret_sentence(
    kind: Kind,
    name: &[u8],
    text: &[u8],
    start: usize,
    run: &[u8],
) -> bool {
    if run.is_empty() || is_state(run) {
        return false;
    }
    // `pass: 37`, and names of Kubernetes' secrets.
    let is_loose = name.eq_ignore_ascii_case(b"pass")
        || kind == Kind::Secret && !trimmed(name).to_ascii_lowercase().ends_with(b"key");
    match kind {
        Kind::Header => !is_prose(text, start) && !has_stand_in(text, start + run.len()),
        Kind::Password if !is_loose => !is_prose(text, start),
        Kind::Secret if !is_loose => {
            looks_secret(run) || is_alone(text, start, run) && !is_path(run)
        }
        Kind::Key if !is_alone(text, start, run) => looks_like_a_key(run),
        _ => {
            let has_code = run.iter().any(|byte| b"(<[".contains(byte));
            let is_compound = trimmed(name).windows(2).any(|pair| {
                b"_-".contains(&pair[0])
                    || pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase()
            });
            let is_chosen = is_in_capitals(run) || is_compound && looks_assigned(run);
            let is_chosen = is_chosen && is_alone(text, start, run);
            (looks_secret(run) || is_chosen) && !has_code
        }
    }
}

/// Whether what follows a scheme stands for credentials: `Bearer <token>`, `Bearer YOUR_KEY`.
fn has_stand_in(text: &[u8], scheme_end: usize) -> bool {
    let start = skip(text, scheme_end, |byte| byte == b' ');
    let look = &text[..text.len().min(start + MAX_LOOK)];
    start > scheme_end && is_stand_in(&text[start..run_end(look, start)])
}

/// Whether the value is the last of its line and no sentence.
fn is_alone(text: &[u8], start: usize, run: &[u8]) -> bool {
    let after = text.get(start + run.len());
    after.is_none_or(|byte| b"\r\n,\"'`)]}".contains(byte)) && !is_prose(text, start)
}

/// Whether what is between brackets holds a secret: a text in quotes, a value that looks like one, or many numbers.
pub(super) fn is_secret_structure(kind: Kind, open: u8, content: &[u8]) -> bool {
    let content = &content[..content.len().min(MAX_LOOK)];
    let mut position = 0;
    let mut commas = 0;
    while position < content.len() {
        if let Some(opening) = opening_quote(content, position) {
            let (end, after) = closing_quote(content, opening);
            let quoted = &content[opening.content.min(end)..end];
            // `"auth": {"method": "oidc"}`.
            let is_loose = kind == Kind::Token && open == b'{' && quoted.len() < 16;
            if is_secret_content(kind, quoted) && (!is_loose || looks_assigned(quoted)) {
                return true;
            }
            position = after.max(position + 1);
            continue;
        }
        commas += usize::from(content[position] == b',');
        let is_part =
            |byte: &u8| is_word(*byte) || b".+/=~$!#%&*^@".contains(byte) || *byte >= 0x80;
        let length = content[position..]
            .iter()
            .take_while(|byte| is_part(byte))
            .count();
        let run = &content[position..position + length];
        let after = content.get(position + length);
        let is_name = after.is_some_and(|byte| b":({<[".contains(byte));
        if length > 0 && !is_name && !is_state(run) {
            let is_secret = match kind {
                Kind::Password | Kind::Header => {
                    run.iter().any(u8::is_ascii_alphanumeric) && !is_type(run)
                }
                Kind::Secret | Kind::Token => run.len() > 3 && looks_secret(run),
                Kind::Key => looks_like_a_key(run),
            };
            if is_secret {
                return true;
            }
        }
        position += length.max(1);
    }
    commas >= 5
}

/// `SecretBox<str>([REDACTED String])`.
fn is_type(run: &[u8]) -> bool {
    [
        &b"String"[..],
        b"Vec",
        b"REDACTED",
        b"redacted",
        b"alloc",
        b"..",
    ]
    .contains(&run)
}

/// Lower-case words with slashes.
fn is_path(run: &[u8]) -> bool {
    run.contains(&b'/') && !looks_secret(run)
}

fn is_small_number(word: &[u8]) -> bool {
    word.len() < 6 && word.iter().all(u8::is_ascii_digit)
}
