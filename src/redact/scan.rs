//! One pass over a text that finds secrets by their names and formats.

use super::bytes::{Span, is_word, word_end};
use super::url::{Run, Urls, ends_run};
use super::{assignment, command, pair, token};

/// Adds the secrets of the text in their order.
pub(super) fn scan(text: &[u8], spans: &mut Vec<Span>) {
    let mut urls = Urls::default();
    let mut run = Run::default();
    let mut at = 0;
    while at < text.len() {
        let byte = text[at];
        let mut next = at + 1;
        let secret = if is_word(byte) {
            next = word_end(text, at);
            in_word(text, (at, next))
        } else if byte == b':' {
            run.colon.get_or_insert(at);
            let is_url = text[at..].starts_with(b"://");
            is_url.then(|| urls.credentials(text, at)).flatten()
        } else if byte == b'@' {
            urls.credentials_without_scheme(text, &run, at)
        } else {
            if ends_run(byte) {
                run = Run {
                    start: next,
                    colon: None,
                };
            }
            None
        };
        if let Some((start, end)) = secret.filter(|(start, end)| start < end) {
            spans.push((start, end));
            // A value may seem to end within the credentials of a URL.
            let urls_inside = (start..end).filter(|at| text[*at..].starts_with(b"://"));
            spans.extend(urls_inside.filter_map(|at| urls.credentials(text, at)));
            next = end;
            run = Run {
                start: next,
                colon: None,
            };
        }
        at = next;
    }
}

/// The secret that this word is or names.
fn in_word(text: &[u8], word: Span) -> Option<Span> {
    let first = text[word.0];
    let key = matches!(first, b'-' | b'P').then(|| token::private_key(text, word.0));
    key.flatten()
        .or_else(|| token::token(text, word))
        .or_else(|| assignment::secret_value(text, word))
        .or_else(|| match first {
            b'-' => command::option(text, word),
            b'i' | b'I' => command::identified_by(text, word),
            _ => pair::value_before(text, word),
        })
}
