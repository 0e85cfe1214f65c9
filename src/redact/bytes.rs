//! Small searches in bytes. A position is always the start of a character.

/// The start and end of a secret.
pub(super) type Span = (usize, usize);

/// Letters, digits, `_` and `-`.
pub(super) fn is_word(byte: u8) -> bool {
    WORD[usize::from(byte)]
}

static WORD: [bool; 256] = {
    let mut word = [false; 256];
    let mut byte = 0;
    while byte < 128_u8 {
        word[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        byte += 1;
    }
    word
};

pub(super) const fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// The byte at this position, or a line feed after the end.
pub(super) fn at(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(b'\n')
}

/// The first position from `start` on whose byte does not match.
pub(super) fn skip(text: &[u8], start: usize, matches: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let length = rest.iter().position(|byte| !matches(*byte));
    start + length.unwrap_or(rest.len())
}

/// Like [`skip`], over at most `max` bytes.
pub(super) fn skip_at_most(
    text: &[u8],
    start: usize,
    max: usize,
    matches: impl Fn(u8) -> bool,
) -> usize {
    skip(&text[..text.len().min(start + max)], start, matches)
}

/// The end of the word that starts here.
pub(super) fn word_end(text: &[u8], start: usize) -> usize {
    skip(text, start, is_word)
}

/// The end of the text without white space that starts here.
pub(super) fn run_end(text: &[u8], start: usize) -> usize {
    skip(text, start, |byte| !byte.is_ascii_whitespace())
}

pub(super) fn line_end(text: &[u8], start: usize) -> usize {
    skip(text, start, |byte| byte != b'\n' && byte != b'\r')
}

pub(super) fn find(text: &[u8], start: usize, needle: &[u8]) -> Option<usize> {
    let rest = text.get(start..)?;
    let found = rest
        .windows(needle.len())
        .position(|window| window == needle)?;
    Some(start + found)
}

pub(super) fn starts_with_ignoring_case(text: &[u8], prefix: &[u8]) -> bool {
    text.len() >= prefix.len() && text[..prefix.len()].eq_ignore_ascii_case(prefix)
}

/// Whether the list holds the word, whose case is ignored.
pub(super) fn is_one_of(word: &[u8], list: &[&str]) -> bool {
    list.iter()
        .any(|entry| word.eq_ignore_ascii_case(entry.as_bytes()))
}
