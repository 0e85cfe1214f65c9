//! The search for values that are known to be secret.

use std::collections::HashMap;
use std::fmt;

use super::bytes::Span;
use super::view::{Encoding, View};

/// Bytes by which a value is found. Shorter values are exempt, because they would mask parts of other words.
pub(super) const MIN_VALUE: usize = 6;

/// The maximum number of bytes of a value.
pub(super) const MAX_VALUE: usize = 4096;

/// The bits of the filter: with 1,000 values in all their forms, 3 % of a text's positions pass it.
const FILTER_BITS: u32 = 18;

/// The values' forms, by their first six bytes.
pub(super) struct Known {
    /// A Bloom filter of the keys.
    filter: Vec<u64>,
    /// Sorted, so that the longest form that fits is found without trying each.
    forms: HashMap<u64, Vec<Form>>,
}

struct Form {
    text: Box<[u8]>,
    is_base64: bool,
}

impl Known {
    pub(super) fn new() -> Self {
        Self {
            filter: vec![0; 1 << (FILTER_BITS - 6)],
            forms: HashMap::new(),
        }
    }

    /// Adds a value of at least [`MIN_VALUE`] bytes: as it is and in base64. Its percent-encoded and escaped forms are
    /// found in the text's decoded views.
    pub(super) fn insert(&mut self, value: &str) {
        self.insert_form(value.as_bytes(), false);
        if value.contains(' ') {
            // A space in a form's body.
            self.insert_form(value.replace(' ', "+").as_bytes(), false);
        }
        // A decoded view decodes the value itself as well.
        for encoding in [Encoding::Percent, Encoding::Backslash, Encoding::Both] {
            if let Some(view) = View::of(value.as_bytes(), encoding) {
                self.insert_form(&view.text, false);
            }
        }
        for alphabet in [STANDARD, URL_SAFE] {
            for offset in 0..3 {
                self.insert_form(&base64(value.as_bytes(), offset, alphabet), true);
            }
        }
    }

    fn insert_form(&mut self, text: &[u8], is_base64: bool) {
        let Some(start) = text.get(..MIN_VALUE) else {
            return;
        };
        let key = start.iter().fold(0, |key, byte| shift(key, *byte));
        let (word, bit) = filter_bit(key);
        self.filter[word] |= bit;
        let forms = self.forms.entry(key).or_default();
        if let Err(place) = forms.binary_search_by(|form| (*form.text).cmp(text)) {
            let text = text.into();
            forms.insert(place, Form { text, is_base64 });
        }
    }

    /// Adds the spans of all values in the text.
    pub(super) fn find(&self, text: &[u8], spans: &mut Vec<Span>) {
        let (mut key, mut masked) = (0, 0);
        for (last, byte) in text.iter().enumerate() {
            key = shift(key, *byte);
            let (word, bit) = filter_bit(key);
            if self.filter[word] & bit == 0 || last + 1 < MIN_VALUE {
                continue;
            }
            let start = last + 1 - MIN_VALUE;
            let Some(form) = self
                .forms
                .get(&key)
                .and_then(|forms| longest(forms, &text[start..]))
            else {
                continue;
            };
            let mut span = (start, start + form.text.len());
            if form.is_base64 && span.1 > masked {
                // The first and the last digit hold bits of the value as well.
                let is_digit = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte);
                span.0 -= text[masked.min(start)..start]
                    .iter()
                    .rev()
                    .take_while(is_digit)
                    .count();
                span.1 += text[span.1..].iter().take_while(is_digit).count();
            }
            if span.1 > masked {
                masked = span.1;
                spans.push(span);
            }
        }
    }
}

/// The key of the last six bytes.
fn shift(key: u64, byte: u8) -> u64 {
    (key << 8 | u64::from(byte)) & 0xffff_ffff_ffff
}

#[allow(clippy::cast_possible_truncation, reason = "the hash has 18 bits")]
fn filter_bit(key: u64) -> (usize, u64) {
    let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - FILTER_BITS);
    ((hash >> 6) as usize, 1 << (hash & 63))
}

/// The longest form that the text starts with.
fn longest<'a>(forms: &'a [Form], mut text: &[u8]) -> Option<&'a Form> {
    loop {
        let after = forms.partition_point(|form| *form.text <= *text);
        let form = &forms[after.checked_sub(1)?];
        if text.starts_with(&form.text) {
            return Some(form);
        }
        // A shorter form must be a part of what both have in common.
        let common = form
            .text
            .iter()
            .zip(text)
            .take_while(|(a, b)| a == b)
            .count();
        text = &text[..common];
    }
}

const STANDARD: [u8; 2] = *b"+/";
const URL_SAFE: [u8; 2] = *b"-_";

/// The digits of base64 (RFC 4648) that depend on this value only, if `offset` other bytes precede it.
fn base64(value: &[u8], offset: usize, last_digits: [u8; 2]) -> Vec<u8> {
    let digit = |bits: u32| match (bits & 63).to_le_bytes()[0] {
        six @ 0..26 => b'A' + six,
        six @ 26..52 => b'a' + six - 26,
        six @ 52..62 => b'0' + six - 52,
        62 => last_digits[0],
        _ => last_digits[1],
    };
    let bytes: Vec<u8> = std::iter::repeat_n(0, offset)
        .chain(value.iter().copied())
        .collect();
    let mut digits = Vec::new();
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let all = [18, 12, 6, 0].map(|shift| digit(bits >> shift));
        // The last digit of an incomplete group holds bits of the next byte.
        digits.extend_from_slice(&all[..if group.len() == 3 { 4 } else { group.len() }]);
    }
    digits.drain(..[0, 2, 3][offset]);
    digits
}

/// Shows no value.
impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_of_base64_are_those_of_each_alignment() {
        // base64("correct"), base64("xcorrect"), base64("xxcorrect") without the digits that depend on other bytes.
        let all = [0, 1, 2].map(|offset| base64(b"correct", offset, STANDARD));
        assert_eq!(
            all,
            [&b"Y29ycmVjd"[..], b"NvcnJlY3", b"jb3JyZWN0"].map(<[u8]>::to_vec)
        );
        assert_eq!(base64(&[0xfb, 0xff, 0xfe], 0, URL_SAFE), b"-__-");
    }
}
