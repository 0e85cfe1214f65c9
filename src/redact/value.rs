//! The end of a value that follows the name of a secret. If it is unclear, it is late.

use super::bytes::{at, is_quote, is_word, line_end, skip, skip_at_most, word_end};

/// The bytes before a name that are searched for an open quote or bracket.
const MAX_BEFORE: usize = 128;

/// An opening quote, with the prefix of a literal (`b"..`, `r#"..`) before it.
#[derive(Clone, Copy)]
pub(super) struct Opening {
    /// The position after the quote.
    pub(super) content: usize,
    quote: u8,
    hashes: usize,
}

pub(super) fn opening_quote(text: &[u8], start: usize) -> Option<Opening> {
    let letters = skip_at_most(text, start, 2, |byte| b"brufnexlBRUFNEXL".contains(&byte));
    let quote = match at(text, letters) {
        b'#' if letters > start => skip_at_most(text, letters, 8, |byte| byte == b'#'),
        _ => letters,
    };
    is_quote(at(text, quote)).then(|| Opening {
        content: quote + 1,
        quote: at(text, quote),
        hashes: quote - letters,
    })
}

/// The end of the content, and the position after the closing quote. A quote is closing unless it is escaped, doubled,
/// or within a word.
pub(super) fn closing_quote(text: &[u8], opening: Opening) -> (usize, usize) {
    let Opening {
        content,
        quote,
        hashes,
    } = opening;
    let mut position = content;
    while position < text.len() {
        let byte = text[position];
        if byte == b'\\' && hashes == 0 {
            position += 2;
            continue;
        }
        let after = skip_at_most(text, position + 1, hashes, |byte| byte == b'#');
        if byte == quote && after == position + 1 + hashes {
            let next = at(text, after);
            if next == quote && position > content {
                position += 2;
                continue;
            }
            if ends_value(next) {
                return (position, after);
            }
        }
        position += 1;
    }
    (text.len(), text.len())
}

/// Whether a value can end before this byte.
pub(super) fn ends_value(byte: u8) -> bool {
    byte.is_ascii_whitespace() || is_quote(byte) || b",;:)]}>&.!?/<|+\\".contains(&byte)
}

/// The position of the bracket that opens a value: `[..]`, `{..}`, `Some(..)`, `Secret { .. }`, `Secret<str>(..)`.
pub(super) fn opening_bracket(text: &[u8], start: usize) -> Option<usize> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_:&".contains(&byte);
    let is_type = |byte: u8| is_name(byte) || b"<>'".contains(&byte);
    let mut open = skip_at_most(text, start, 64, is_name);
    if open > start && at(text, open) == b'<' {
        open = skip_at_most(text, open, 64, is_type);
    }
    let has_name = open > start && text[start].is_ascii_alphabetic();
    match at(text, open) {
        b'[' | b'{' if open == start => Some(open),
        b'(' if open == start || has_name => Some(open),
        b' ' if has_name && at(text, open + 1) == b'{' => Some(open + 1),
        _ => None,
    }
}

/// The position after the bracket that closes the first one. Brackets inside quotes do not count.
pub(super) fn closing_bracket(text: &[u8], open: usize) -> usize {
    let (mut depth, mut position) = (0_usize, open);
    while position < text.len() {
        match text[position] {
            b'"' | b'\'' => {
                // An apostrophe within a word opens nothing.
                let is_apostrophe = text[position] == b'\'' && is_word(text[position - 1]);
                if !is_apostrophe && let Some(opening) = opening_quote(text, position) {
                    position = closing_quote(text, opening).1;
                    continue;
                }
            }
            b'\\' => position += 1,
            b'[' | b'{' | b'(' => depth += 1,
            b']' | b'}' | b')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return position + 1;
                }
            }
            _ => {}
        }
        position += 1;
    }
    text.len()
}

/// The quotes and brackets that are open where a name starts.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    before: &'a [u8],
    pub(super) is_query: bool,
}

impl<'a> Context<'a> {
    pub(super) fn of(text: &'a [u8], name: usize) -> Self {
        let before = &text[name.saturating_sub(MAX_BEFORE)..name];
        let line = before.iter().rposition(|byte| *byte == b'\n');
        Self {
            before: &before[line.map_or(0, |line| line + 1)..],
            is_query: before.last().is_some_and(|byte| b"?&#".contains(byte)),
        }
    }

    fn count(&self, byte: u8) -> usize {
        self.before.split(|it| *it == byte).count() - 1
    }

    fn is_open_quote(&self, byte: u8) -> bool {
        is_quote(byte) && self.count(byte) % 2 == 1
    }

    /// Whether this byte at the end of a value closes something that was opened before the name.
    fn closes(&self, byte: u8) -> bool {
        match byte {
            b',' | b';' => true,
            b')' => self.count(b'(') > self.count(b')'),
            b']' => self.count(b'[') > self.count(b']'),
            b'}' => self.count(b'{') > self.count(b'}'),
            b'>' => self.count(b'<') > self.count(b'>'),
            _ => self.is_open_quote(byte),
        }
    }

    /// Whether the parameters around the name are separated by semicolons: `Server=db;Password=..;`.
    pub(super) fn has_semicolons(&self) -> bool {
        self.before.trim_ascii_end().last() == Some(&b';')
    }

    /// The end of a value without quotes: white space that is not escaped, or the quote around name and value.
    pub(super) fn run_end(&self, text: &[u8], start: usize) -> usize {
        self.trim(
            text,
            start,
            self.end(text, start, |text, position| {
                text[position].is_ascii_whitespace()
                    || self.is_query && b"&#".contains(&text[position])
            }),
        )
    }

    /// The end of a value that may hold spaces: the next parameter, or the end of the line.
    pub(super) fn line_end(&self, text: &[u8], start: usize) -> usize {
        let end = self.end(text, start, |text, position| {
            b"\r\n".contains(&text[position])
                || text[position].is_ascii_whitespace() && starts_parameter(text, position + 1)
        });
        self.trim(text, start, end)
    }

    /// The end of a value among parameters that are separated by semicolons.
    pub(super) fn semicolon_end(&self, text: &[u8], start: usize) -> usize {
        let end = self.end(text, start, |text, position| {
            let rest = skip_at_most(text, position + 1, 8, |byte| byte == b' ');
            let is_last = rest == text.len() || !is_word(text[rest]);
            b"\r\n".contains(&text[position])
                || text[position] == b';' && (is_last || starts_parameter(text, rest))
        });
        self.trim(text, start, end)
    }

    fn end(&self, text: &[u8], start: usize, is_end: impl Fn(&[u8], usize) -> bool) -> usize {
        let open = *b"\"'`";
        let open = open.map(|quote| self.is_open_quote(quote).then_some(quote));
        let mut position = start;
        while position < text.len() {
            let byte = text[position];
            let is_quoted = open.contains(&Some(byte)) && !is_word(at(text, position + 1));
            if is_quoted || is_end(text, position) {
                break;
            }
            // libpq escapes white space with a backslash.
            position += 1 + usize::from(byte == b'\\');
        }
        position.min(text.len())
    }

    fn trim(&self, text: &[u8], start: usize, end: usize) -> usize {
        let value = &text[start..end];
        let closing = value.iter().rev().take_while(|byte| self.closes(**byte));
        end - closing.count().min(value.len().saturating_sub(1))
    }
}

/// Whether a name and `=` or `:` are here.
pub(super) fn starts_parameter(text: &[u8], start: usize) -> bool {
    let end = word_end(&text[..text.len().min(start + 64)], start);
    let sign = skip_at_most(text, end, 1, |byte| byte == b' ');
    let next = at(text, sign + 1);
    end > start
        && match at(text, sign) {
            b'=' => true,
            b':' => sign == end && next.is_ascii_whitespace(),
            _ => false,
        }
}

/// The end of a header's value: the line's, or that of the quote around name and value.
pub(super) fn header_end(text: &[u8], name: usize, start: usize) -> usize {
    let end = line_end(text, start);
    let quote = name.checked_sub(1).map(|before| text[before]);
    let Some(quote) = quote.filter(|byte| is_quote(*byte)) else {
        return end;
    };
    // Quotes inside the value belong to it, so the last one of the line ends it.
    let is_end = |position: &usize| text[*position] == quote && !is_word(at(text, position + 1));
    let limit = skip(text, start, |byte| byte != quote);
    if limit < end && text[start..limit].contains(&b'=') {
        (start..end).rev().find(is_end).unwrap_or(end)
    } else {
        (start..end).find(is_end).unwrap_or(end)
    }
}
