//! Views of a text in which its percent-encoding or its backslash escapes are decoded.

use super::bytes::{Span, at, is_quote, skip};

/// A decoded text, and where it differs from the original.
pub(super) struct View {
    pub(super) text: Vec<u8>,
    /// Positions after an escape: in the decoded text, and in the original.
    after_escapes: Vec<(usize, usize)>,
}

impl View {
    /// The text with percent-encoding (RFC 3986, section 2.1) decoded, if it has any.
    pub(super) fn percent_decoded(text: &[u8]) -> Option<Self> {
        Self::new(text, b'%', |text, start| {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let byte = digit(at(text, start + 1))? * 16 + digit(at(text, start + 2))?;
            Some((char::from_u32(byte)?, 3))
        })
    }

    /// The text with escapes of JSON, Rust, C and SQL strings replaced, if it has any.
    pub(super) fn unescaped(text: &[u8]) -> Option<Self> {
        Self::new(text, b'\\', |text, start| {
            let next = at(text, start + 1);
            Some((
                match next {
                    b'n' => '\n',
                    b'r' => '\r',
                    b't' => '\t',
                    b'"' | b'\'' | b'`' | b'\\' | b'/' => char::from(next),
                    b'x' => {
                        return hexadecimal(text, start + 2, 2).map(|(c, end)| (c, end - start));
                    }
                    b'u' if at(text, start + 2) == b'{' => {
                        let (c, end) = hexadecimal(text, start + 3, 6)?;
                        return (at(text, end) == b'}').then_some((c, end + 1 - start));
                    }
                    b'u' => {
                        return hexadecimal(text, start + 2, 4).map(|(c, end)| (c, end - start));
                    }
                    _ => return None,
                },
                2,
            ))
        })
    }

    /// Decodes with a function that returns the character of an escape, and the escape's length.
    fn new(
        text: &[u8],
        sign: u8,
        decode: impl Fn(&[u8], usize) -> Option<(char, usize)>,
    ) -> Option<Self> {
        let mut view = Self {
            text: Vec::new(),
            after_escapes: Vec::new(),
        };
        let mut copied = 0;
        let mut position = skip(text, 0, |byte| byte != sign);
        while position < text.len() {
            if let Some((c, length)) = decode(text, position) {
                if view.text.capacity() == 0 {
                    view.text.reserve(text.len());
                }
                view.text.extend_from_slice(&text[copied..position]);
                match (sign, u8::try_from(u32::from(c))) {
                    // Percent-encoding is one of bytes.
                    (b'%', Ok(byte)) => view.text.push(byte),
                    _ => view
                        .text
                        .extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                }
                position += length;
                copied = position;
                view.after_escapes.push((view.text.len(), position));
            } else {
                position += 1;
            }
            position = skip(text, position, |byte| byte != sign);
        }
        view.text.extend_from_slice(&text[copied..]);
        (copied > 0).then_some(view)
    }

    /// The span in the original text. A value that ends at decoded white space goes on to the end of its run.
    pub(super) fn original(&self, text: &[u8], (start, end): Span) -> Span {
        let (start, original_end) = (self.position(start), self.position(end));
        let is_encoded = at(text, original_end) == b'%' && end < self.text.len();
        let is_part = |byte: u8| !(byte.is_ascii_whitespace() || is_quote(byte) || byte == b'&');
        let end = match is_encoded && self.text[end].is_ascii_whitespace() {
            true => skip(text, original_end, is_part),
            false => original_end,
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

fn hexadecimal(text: &[u8], start: usize, max: usize) -> Option<(char, usize)> {
    let digits = text.get(start..)?.iter().take(max);
    let digits = digits.map_while(|byte| char::from(*byte).to_digit(16));
    let (length, number) = digits.fold((0, 0), |(length, number), digit| {
        (length + 1, number * 16 + digit)
    });
    let is_complete = length == max || max == 6 && length > 0;
    is_complete.then_some((char::from_u32(number)?, start + length))
}
