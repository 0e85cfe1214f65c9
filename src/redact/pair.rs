//! Names and values that stand beside each other: `{"name": "DB_PASSWORD", "value": ".."}`, XML and HTML.

use super::bytes::{
    Span, at, find, is_one_of, is_quote, is_word, line_end, skip_at_most, word_end,
};
use super::judge::is_secret_content;
use super::looks::MAX_LOOK;
use super::name::{Kind, kind};
use super::named::{Named, Sign};
use super::value::{closing_quote, opening_quote};

/// Names of a value whose own name stands beside it.
const VALUES: &[&str] = &["value", "val", "content", "data", "default"];

/// Names of a name.
const NAMES: &[&str] = &[
    "env",
    "field",
    "header",
    "id",
    "key",
    "name",
    "param",
    "parameter",
    "property",
    "type",
    "var",
    "variable",
];

/// The bytes of a value that stands before its name.
const MAX_VALUE: usize = 1024;

/// The value that follows a secret name with a name of its own, or within the XML element of the name.
pub(super) fn value_after(text: &[u8], named: &Named, closed: usize) -> Option<Span> {
    let (start, end) = named.name;
    if is_tag(text, start) || at(text, closed) == b'>' && closed > end {
        let open = skip_at_most(text, end, MAX_LOOK, |byte| byte != b'>' && byte != b'\n');
        return element(text, named.kind, open);
    }
    let is_value = text[..start].trim_ascii_end();
    let is_value = is_value
        .strip_suffix(b"\"")
        .or(is_value.strip_suffix(b"'"))
        .unwrap_or(is_value);
    let is_value = is_value.trim_ascii_end();
    if !is_value.last().is_some_and(|byte| b":=".contains(byte)) {
        return None;
    }
    let value = next_sign(text, closed, VALUES)?;
    Named {
        sign: Sign::Colon,
        is_quoted: true,
        ..*named
    }
    .value(text, value)
}

/// The value named here, if the name that follows it is secret.
pub(super) fn value_before(text: &[u8], word: Span) -> Option<Span> {
    let is_value = matches!(text[word.0] | 0x20, b'c' | b'd' | b'v');
    if !is_value || !is_one_of(&text[word.0..word.1], VALUES) {
        return None;
    }
    let look = &text[..text.len().min(word.1 + MAX_VALUE)];
    let start = sign(look, word.1)?;
    let opening = opening_quote(look, start)?;
    let (content_end, end) = closing_quote(look, opening);
    let name = next_sign(text, end, NAMES).filter(|_| content_end < look.len())?;
    let name = skip_at_most(text, name, 2, is_quote);
    let kind = kind(&text[name..word_end(text, name)])?;
    is_secret_content(kind, &text[opening.content..content_end]).then_some((start, end))
}

/// Whether the name is that of an XML element: `<password`, `<db:password`.
fn is_tag(text: &[u8], name: usize) -> bool {
    let before = &text[name.saturating_sub(16)..name];
    let prefix = before
        .iter()
        .rev()
        .take_while(|byte| is_word(**byte) || **byte == b':')
        .count();
    before.len() > prefix && before[before.len() - prefix - 1] == b'<'
}

/// The position after the sign of the next name that is one of these. At most three other attributes come before.
fn next_sign(text: &[u8], start: usize, names: &[&str]) -> Option<usize> {
    let is_between =
        |byte: u8| byte.is_ascii_whitespace() || b",;{(".contains(&byte) || is_quote(byte);
    let mut start = start;
    for _ in 0..4 {
        let name = skip_at_most(text, start, 64, is_between);
        let end = word_end(&text[..text.len().min(name + 32)], name);
        let value = sign(text, end)?;
        if is_one_of(&text[name..end], names) {
            return Some(value);
        }
        let opening = opening_quote(text, value)?;
        start = closing_quote(&text[..text.len().min(value + MAX_LOOK)], opening).1;
    }
    None
}

/// The position after quotes, white space and `=` or `:`.
fn sign(text: &[u8], start: usize) -> Option<usize> {
    let closed = skip_at_most(text, start, 8, |byte| is_quote(byte) || byte == b' ');
    let is_sign = matches!(at(text, closed), b'=' | b':');
    is_sign.then(|| skip_at_most(text, closed + 1, 8, |byte| byte == b' '))
}

/// The text of the XML element whose tag ends at `open`.
fn element(text: &[u8], kind: Kind, open: usize) -> Option<Span> {
    let start = open + 1;
    if at(text, open) != b'>' || at(text, open - 1) == b'/' || at(text, start).is_ascii_whitespace()
    {
        return None;
    }
    let end =
        find(&text[..text.len().min(start + MAX_VALUE)], start, b"</").unwrap_or_else(
            || match kind {
                Kind::Password | Kind::Secret => line_end(text, start),
                _ => start,
            },
        );
    let content = &text[start..end.min(start + MAX_LOOK)];
    is_secret_content(kind, content).then_some((start, end))
}
