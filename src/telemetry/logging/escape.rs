//! Escapes text, so that a line stays one line and a terminal shows it as it is.

/// The longest escape: `\u2028`.
const LONGEST: usize = 6;

/// What is escaped beside control characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `"` and `\`, for a JSON string (RFC 8259, section 7).
    Json,
    /// Nothing, for people.
    Plain,
}

/// Bytes that are not copied unseen: those that JSON escapes, and the first bytes of characters that may be escaped.
static STOPS: [bool; 256] = {
    let mut stops = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        stops[byte] = true;
        byte += 1;
    }
    stops[b'"' as usize] = true;
    stops[b'\\' as usize] = true;
    stops[0x7f] = true;
    stops[0xc2] = true;
    stops[0xd8] = true;
    stops[0xe2] = true;
    stops
};

/// Appends at most `max` bytes of escaped text. Returns the number of bytes of the text that they stand for.
pub(super) fn push(line: &mut Vec<u8>, text: &str, style: Style, max: usize) -> usize {
    let bytes = text.as_bytes();
    let end = line.len() + max;
    let mut at = 0;
    loop {
        let rest = &bytes[at..];
        let plain = rest.iter().position(|byte| STOPS[usize::from(*byte)]);
        let plain = plain.unwrap_or(rest.len());
        let left = end - line.len();
        if plain > left {
            let mut cut = at + left;
            while !text.is_char_boundary(cut) {
                cut -= 1;
            }
            line.extend_from_slice(&bytes[at..cut]);
            return cut;
        }
        line.extend_from_slice(&rest[..plain]);
        at += plain;
        let Some(c) = text[at..].chars().next() else {
            return at;
        };
        if end - line.len() < LONGEST {
            return at;
        }
        push_char(line, c, style);
        at += c.len_utf8();
    }
}

fn push_char(line: &mut Vec<u8>, c: char, style: Style) {
    let short = match c {
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        '"' | '\\' if style == Style::Json => c as u8,
        _ if is_harmful(c) => return push_code(line, c),
        _ => {
            line.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            return;
        }
    };
    line.extend_from_slice(&[b'\\', short]);
}

/// `\u001b`. Characters above U+FFFF are not harmful.
fn push_code(line: &mut Vec<u8>, c: char) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let code = u32::from(c);
    line.extend_from_slice(b"\\u");
    line.extend([12, 8, 4, 0].map(|shift| DIGITS[(code >> shift & 0xf) as usize]));
}

/// Control characters, line and paragraph separators, and the controls of the bidirectional algorithm (UAX #9).
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str, style: Style, max: usize) -> (String, usize) {
        let mut line = Vec::new();
        let read = push(&mut line, text, style, max);
        (String::from_utf8(line).unwrap(), read)
    }

    #[test]
    fn control_characters_and_separators_are_escaped() {
        let text = "a\"b\\c\n\r\t\u{1b}[31m\u{7f}\u{85}\u{2028}\u{202e}\u{2066}\u{61c}é€\u{600}😀";
        let (json, read) = escaped(text, Style::Json, 1000);
        assert_eq!(read, text.len());
        assert_eq!(
            serde_json::from_str::<String>(&format!("\"{json}\"")).unwrap(),
            text
        );
        assert_eq!(
            json,
            "a\\\"b\\\\c\\n\\r\\t\\u001b[31m\\u007f\\u0085\\u2028\\u202e\\u2066\\u061cé€\u{600}😀"
        );
        let (plain, _) = escaped("\"a\\b\"\n\u{9b}", Style::Plain, 1000);
        assert_eq!(plain, "\"a\\b\"\\n\\u009b");
    }

    #[test]
    fn a_cut_is_between_characters_and_never_within_an_escape() {
        for max in 0..40 {
            let text = "ab\n\u{1b}é€😀\u{2028}\"end of it";
            let (json, read) = escaped(text, Style::Json, max);
            assert!(json.len() <= max, "{json}");
            let decoded: String = serde_json::from_str(&format!("\"{json}\"")).unwrap();
            assert_eq!(decoded, text[..read], "{max}");
        }
    }
}
