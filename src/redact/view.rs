//! A view of a text in which percent-encoding and backslash escapes are decoded.

use super::bytes::{Span, at, is_quote, skip};

/// What is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// RFC 3986, section 2.1.
    Percent,
    /// Escapes of strings in JSON, Rust, C and SQL.
    Backslash,
    Both,
}

/// A decoded text, and where it differs from the original.
pub(super) struct View {
    pub(super) text: Vec<u8>,
    /// Positions after an escape: in the decoded text, and in the original.
    after_escapes: Vec<(usize, usize)>,
}

impl View {
    /// The decoded text, if there is anything to decode.
    pub(super) fn of(text: &[u8], encoding: Encoding) -> Option<Self> {
        let is_plain = |byte: u8| match byte {
            b'%' => encoding == Encoding::Backslash,
            b'\\' => encoding == Encoding::Percent,
            _ => true,
        };
        let mut view = Self {
            text: Vec::new(),
            after_escapes: Vec::new(),
        };
        let mut copied = 0;
        let mut position = skip(text, 0, is_plain);
        while position < text.len() {
            let escape = match text[position] {
                b'%' => percent_encoded(text, position),
                _ => escaped(text, position),
            };
            if let Some((decoded, length)) = escape {
                view.text.extend_from_slice(&text[copied..position]);
                match decoded {
                    Decoded::Byte(byte) => view.text.push(byte),
                    Decoded::Char(c) => {
                        view.text
                            .extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                }
                position += length;
                copied = position;
                view.after_escapes.push((view.text.len(), position));
            } else {
                position += 1;
            }
            position = skip(text, position, is_plain);
        }
        view.text.extend_from_slice(&text[copied..]);
        (copied > 0).then_some(view)
    }

    /// The span in the original text. A value that ends at decoded white space goes on to the end of its run.
    pub(super) fn original(&self, text: &[u8], (start, end): Span) -> Span {
        let (start, original_end) = (self.position(start), self.position(end));
        let is_encoded = at(text, original_end) == b'%' && end < self.text.len();
        let is_part = |byte: u8| !(byte.is_ascii_whitespace() || is_quote(byte) || byte == b'&');
        let end = if is_encoded && self.text[end].is_ascii_whitespace() {
            skip(text, original_end, is_part)
        } else {
            original_end
        };
        (start, end)
    }

    fn position(&self, decoded: usize) -> usize {
        let escapes = self
            .after_escapes
            .partition_point(|(after, _)| *after <= decoded);
        match escapes.checked_sub(1).map(|last| self.after_escapes[last]) {
            Some((after, original)) => original + decoded - after,
            None => decoded,
        }
    }
}

enum Decoded {
    Byte(u8),
    Char(char),
}

/// The byte of the percent-encoding that starts here, and the length of the encoding.
fn percent_encoded(text: &[u8], start: usize) -> Option<(Decoded, usize)> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let byte = digit(at(text, start + 1))? * 16 + digit(at(text, start + 2))?;
    Some((Decoded::Byte(byte), 3))
}

/// The character of the escape that starts here, and the length of the escape.
fn escaped(text: &[u8], start: usize) -> Option<(Decoded, usize)> {
    let next = at(text, start + 1);
    let byte = match next {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'"' | b'\'' | b'`' | b'\\' | b'/' => next,
        b'x' => return hexadecimal(text, start, 2, 2),
        b'u' if at(text, start + 2) == b'{' => {
            let (decoded, length) = hexadecimal(text, start, 3, 6)?;
            return (at(text, start + length) == b'}').then_some((decoded, length + 1));
        }
        b'u' => return hexadecimal(text, start, 2, 4),
        _ => return None,
    };
    Some((Decoded::Byte(byte), 2))
}

/// The character of the `max` digits (or at least one of six) after `prefix` bytes.
fn hexadecimal(text: &[u8], start: usize, prefix: usize, max: usize) -> Option<(Decoded, usize)> {
    let digits = text.get(start + prefix..)?.iter().take(max);
    let digits = digits.map_while(|byte| char::from(*byte).to_digit(16));
    let (length, number) = digits.fold((0, 0), |(length, number), digit| {
        (length + 1, number * 16 + digit)
    });
    let is_complete = length == max || max == 6 && length > 0;
    is_complete.then_some((Decoded::Char(char::from_u32(number)?), prefix + length))
}
