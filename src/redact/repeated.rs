//! Redaction of texts that repeat, such as the names of clients.

use std::borrow::Cow;
use std::cell::RefCell;

use super::registered_names;
use super::target::redact_known;
use super::text::redact;

/// The texts that a thread remembers.
const TEXTS: usize = 16;

/// The longest text that is remembered.
const MAX_TEXT: usize = 256;

/// Texts in which nothing looks like a secret.
struct Harmless {
    /// The number of names of secrets when they were searched.
    names: usize,
    texts: [String; TEXTS],
}

thread_local! {
    static HARMLESS: RefCell<Harmless> = const {
        RefCell::new(Harmless { names: 0, texts: [const { String::new() }; TEXTS] })
    };
}

/// Masks secrets, like [`redact`]. A thread searches a text that repeats only for known values again.
pub(crate) fn redact_repeated(text: &str) -> Cow<'_, str> {
    let Some(last) = text.bytes().next_back() else {
        return Cow::Borrowed(text);
    };
    let place = (text.len() + usize::from(last)) % TEXTS;
    let names = registered_names::count();
    let is_harmless =
        HARMLESS.with_borrow(|known| known.names == names && known.texts[place] == text);
    if is_harmless {
        return redact_known(text);
    }
    let redacted = redact(text);
    // Encoded texts are searched for known values in another way.
    let is_plain = |byte: u8| byte != b'%' && byte != b'\\' && !byte.is_ascii_control();
    if matches!(redacted, Cow::Borrowed(_)) && text.len() <= MAX_TEXT && text.bytes().all(is_plain)
    {
        HARMLESS.with_borrow_mut(|known| {
            if known.names != names {
                known.names = names;
                known.texts.iter_mut().for_each(String::clear);
            }
            known.texts[place].clear();
            known.texts[place].push_str(text);
        });
    }
    redacted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::{register, register_name};

    #[test]
    fn a_text_is_redacted_whenever_it_comes() {
        for _ in 0..2 {
            assert_eq!(redact_repeated("curl/8.9.1"), "curl/8.9.1");
            assert_eq!(redact_repeated(""), "");
            let secret = "client token=hunter2-long";
            assert_eq!(redact_repeated(secret), redact(secret));
            assert_ne!(redact_repeated(secret), secret);
        }
        let texts = ["repeated-plain", "repeated%2Dplain", "repeated\tplain"];
        assert_eq!(texts.map(redact_repeated), texts);
        let named = "client repeatedname=a1b2";
        assert_eq!(redact_repeated(named), named);
        register_name("repeatedname");
        assert_ne!(redact_repeated(named), named);
        for value in ["repeated-plain", "repeated plain"] {
            register(value);
        }
        for _ in 0..2 {
            for text in texts {
                assert_eq!(redact_repeated(text), redact(text), "{text}");
                assert!(redact_repeated(text).contains("[redacted]"), "{text}");
            }
        }
    }
}
