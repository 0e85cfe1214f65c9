//! Words, and whether they may be secret.

/// The start and end of a secret.
pub(super) type Span = (usize, usize);

fn is_word_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// Whether a word starts here.
pub(super) fn starts_word(text: &str, at: usize) -> bool {
    text[at..].starts_with(is_word_char) && !text[..at].ends_with(is_word_char)
}

/// The word at the start of the text.
pub(super) fn leading_word(text: &str) -> &str {
    &text[..text.len() - text.trim_start_matches(is_word_char).len()]
}

/// Whether a word of prose may be a secret: it has digits, inner capitals or punctuation, or is very long.
pub(super) fn looks_secret(word: &str) -> bool {
    let has = |is: fn(char) -> bool| word.contains(is);
    let is_mixed = has(|c| c.is_ascii_uppercase()) && has(|c| c.is_ascii_lowercase());
    let has_inner_capital = word.chars().skip(1).any(|c| c.is_ascii_uppercase());
    let trimmed = word.trim_end_matches(['.', ',', ':', ';', '!', '?']);
    word.len() >= 20
        || has(|c| c.is_ascii_digit())
        || (is_mixed && has_inner_capital)
        || trimmed.contains([
            '.', '_', '+', '/', '=', '$', '!', '#', '%', '&', '*', '^', '~',
        ])
}
