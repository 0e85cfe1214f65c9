//! Redaction of the path and the query of a request, most of which consist of short words.

use std::borrow::Cow;

use super::name::is_secret;
use super::registry;
use super::text::redact;

/// The longest word of small letters, digits and `-` that begins no token.
const MAX_WORD: usize = 12;

/// Masks secrets in the path of a URL, like [`redact`]. A path of short words is searched for known values only.
pub(crate) fn redact_path(path: &str) -> Cow<'_, str> {
    if path.split('/').all(is_short_word) {
        redact_known(path)
    } else {
        redact(path)
    }
}

/// Masks secrets in the query of a URL, like [`redact`].
pub(crate) fn redact_query(query: &str) -> Cow<'_, str> {
    let is_harmless = |pair: &str| match pair.split_once('=') {
        Some((name, value)) => is_short_word(name) && is_short_word(value) && !is_secret(name),
        None => is_short_word(pair),
    };
    if query.split('&').all(is_harmless) {
        redact_known(query)
    } else {
        redact(query)
    }
}

fn is_short_word(word: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    word.len() <= MAX_WORD && word.bytes().all(is_plain)
}

pub(super) fn redact_known(text: &str) -> Cow<'_, str> {
    registry::read_environment();
    if registry::has_values() {
        let mut spans = Vec::new();
        registry::find(text.as_bytes(), &mut spans);
        if !spans.is_empty() {
            return redact(text);
        }
    }
    Cow::Borrowed(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::formats::FORMATS;

    /// Words around which secrets stand, and the begins of tokens.
    fn words() -> Vec<String> {
        let names = [
            "password",
            "token",
            "secret",
            "key",
            "auth",
            "bearer",
            "Basic",
            "api_key",
            "sid",
            "pin",
            "users",
            "v1",
            "page",
            "2",
            "a1b2c3d4e5f6",
            "hunter2",
            "s3cret",
            "-p",
            "--token",
            "sk",
            "eyJhbGciOiJI",
            "None",
            "",
        ];
        let prefixes = FORMATS.iter().flat_map(|format| format.prefixes);
        let tokens = prefixes.map(|prefix| {
            let token = format!("{prefix}a1b2c3d4e5f6");
            token.chars().take(MAX_WORD).collect()
        });
        names.map(str::to_owned).into_iter().chain(tokens).collect()
    }

    #[test]
    fn short_words_are_redacted_as_all_text_is() {
        let words = words();
        let (mut short, mut seed) = (0, 1_u64);
        let mut word = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            &words[(seed >> 33) as usize % words.len()]
        };
        for _ in 0..20_000 {
            let path = format!("/{}/{}/{}", word(), word(), word());
            let query = format!("{}={}&{}={}&{}", word(), word(), word(), word(), word());
            assert_eq!(redact_path(&path), redact(&path));
            assert_eq!(redact_query(&query), redact(&query));
            short += usize::from(path.split('/').all(is_short_word));
        }
        assert!(short > 500, "{short}");
        assert_eq!(
            redact_query("page=2&password=hunter2"),
            "page=2&password=[redacted]"
        );
        assert_eq!(redact_path("/users/7"), "/users/7");
    }
}
