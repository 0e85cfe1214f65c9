//! Secrets that are recognized by their format.

use super::word::{Span, leading_word, looks_secret};

/// The prefixes of well-known services' tokens.
const PREFIXES: [&str; 22] = [
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "rk_test_",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "AKIA",
    "ASIA",
    "AIza",
    "sk-proj-",
    "sk-ant-",
    "hf_",
    "npm_",
    "xapp-",
    "whsec_",
];

/// The token that starts here, if any: one with a known prefix, a JSON Web Token (RFC 7519), a Telegram bot's token, or
/// the word after the scheme of an `Authorization` header (RFC 9110, section 11.6.2).
pub(super) fn token(text: &str, at: usize) -> Option<Span> {
    let rest = &text[at..];
    let word = leading_word(rest);
    let is_known = |prefix: &&str| word.starts_with(*prefix) && word.len() >= prefix.len() + 8;
    if PREFIXES.iter().any(is_known) {
        return Some((at, at + word.len()));
    }
    if word.starts_with("eyJ") && rest[word.len()..].starts_with('.') {
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_-.".contains(c)));
        return Some((at, at + end.unwrap_or(rest.len())));
    }
    let digits = word.strip_prefix("bot").unwrap_or(word);
    if digits.len() >= 3 && digits.chars().all(|c| c.is_ascii_digit()) {
        let after = rest[word.len()..].strip_prefix(':')?;
        let secret = leading_word(after).len();
        let start = at + word.len() + 1;
        return (secret >= 20).then_some((start, start + secret));
    }
    let schemes = ["bearer", "basic", "digest", "token", "apikey"];
    if schemes.contains(&&*word.to_ascii_lowercase()) {
        let after = rest[word.len()..].trim_start_matches(' ');
        let start = text.len() - after.len();
        let end = after.find(|c: char| c.is_whitespace() || "\"'`,;)]}".contains(c));
        let next = &after[..end.unwrap_or(after.len())];
        let is_next = start > at + word.len() && next.len() >= 6 && looks_secret(next);
        return is_next.then_some((start, start + next.len()));
    }
    None
}

const BEGIN: &str = "-----BEGIN ";

/// Whether a private key in PEM starts here (RFC 7468).
pub(super) fn is_private_key(text: &str, at: usize) -> bool {
    let label = text[at..].strip_prefix(BEGIN);
    let label = label.and_then(|label| label.split_once("-----"));
    label.is_some_and(|(label, _)| label.ends_with("PRIVATE KEY"))
}

pub(super) fn end_of_private_key(text: &str, at: usize) -> usize {
    let end = text[at..].find("-----END ").and_then(|end| {
        let label = at + end + "-----END ".len();
        Some(label + text[label..].find("-----")? + "-----".len())
    });
    end.unwrap_or(text.len())
}
