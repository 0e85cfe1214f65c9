//! Secrets that are recognized by their format.

use std::sync::LazyLock;

use super::bytes::{Span, at, find, is_one_of, is_quote, is_word, skip, skip_at_most, word_end};
use super::formats::{Body, FORMATS};
use super::looks::{looks_like_a_key, looks_secret, trimmed};
use super::value::ends_value;

type Prefix = (&'static [u8], Body, usize);

/// The prefixes by their first byte, and a bit for the first two bytes of each, because few words start with any.
struct Prefixes {
    starts: [u64; 1024],
    by_first: [Vec<Prefix>; 128],
}

static PREFIXES: LazyLock<Prefixes> = LazyLock::new(|| {
    let mut prefixes = Prefixes {
        starts: [0; 1024],
        by_first: [const { Vec::new() }; 128],
    };
    for format in FORMATS {
        for prefix in format.prefixes {
            let prefix = prefix.as_bytes();
            let (word, bit) = start_bit([prefix[0], prefix[1]]);
            prefixes.starts[word] |= bit;
            let forms = &mut prefixes.by_first[usize::from(prefix[0] & 127)];
            forms.push((prefix, format.body, format.min));
        }
    }
    prefixes
});

fn start_bit(start: [u8; 2]) -> (usize, u64) {
    let start = u16::from_be_bytes(start);
    (usize::from(start >> 6), 1 << (start & 63))
}

/// Whether a byte belongs to a token that has begun.
fn is_token(byte: u8) -> bool {
    is_word(byte) || b"+/=~".contains(&byte)
}

impl Body {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Letters => byte.is_ascii_alphabetic(),
            Self::Url => is_word(byte),
            Self::Dotted => is_word(byte) || byte == b'.',
            Self::Base64 => is_word(byte) || b"+/=".contains(&byte),
        }
    }

    /// Whether the whole word must consist of the bytes of the body.
    fn is_whole(self) -> bool {
        !matches!(self, Self::Url | Self::Dotted | Self::Base64)
    }
}

/// The token of a well-known service that starts here.
fn known(text: &[u8], start: usize) -> Option<Span> {
    let rest = &text[start..];
    let first = *rest.first()?;
    let (word, bit) = start_bit([first, at(rest, 1)]);
    let prefixes = &*PREFIXES;
    if prefixes.starts[word] & bit == 0 {
        return None;
    }
    let forms = &prefixes.by_first[usize::from(first & 127)];
    forms.iter().find_map(|&(prefix, body, min)| {
        let after = rest.strip_prefix(prefix)?;
        let length = skip(after, 0, |byte| body.has(byte));
        let is_end = !body.is_whole() || !is_word(at(after, length));
        let has_digit = || after[..length].iter().any(u8::is_ascii_digit);
        let is_token_body =
            length >= min && is_end && (!matches!(body, Body::Alnum) || has_digit());
        is_token_body.then(|| (start, token_end(text, start + prefix.len() + length)))
    })
}

/// The end of a token, of which at least the text up to `end` is a part.
fn token_end(text: &[u8], end: usize) -> usize {
    let end = text[..end]
        .iter()
        .rposition(|byte| *byte != b'.')
        .map_or(end, |last| last + 1);
    let mut end = skip(text, end, |byte| is_word(byte) || b"+=~".contains(&byte));
    while at(text, end) == b'.' && is_word(at(text, end + 1)) {
        end = skip(text, end + 1, |byte| {
            is_word(byte) || b"+=~".contains(&byte)
        });
    }
    end
}

/// The token that starts at this word, if any: one of a well-known service, a JSON Web Token (RFC 7519), a token of
/// Telegram or Discord, or the word after the scheme of an `Authorization` header (RFC 9110, section 11.6.2).
pub(super) fn token(text: &[u8], word: Span) -> Option<Span> {
    let (start, end) = word;
    known(text, start)
        .or_else(|| json_web_token(text, word))
        .or_else(|| telegram(text, word))
        .or_else(|| scheme(text, word))
        .or_else(|| webhook(text, word))
        .or_else(|| azure(text, start, end))
}

fn json_web_token(text: &[u8], (start, end): Span) -> Option<Span> {
    let is_header =
        text[start..end].starts_with(b"eyJ") && end - start >= 8 && at(text, end) == b'.';
    let payload = word_end(text, end + 1);
    (is_header && payload - end > 4).then(|| (start, token_end(text, payload)))
}

/// `bot123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11` (<https://core.telegram.org/bots/api#authorizing-your-bot>). Discord's
/// `MTIz.Gx.abc` has dots in its place (<https://docs.discord.com/developers/reference#authentication>).
fn telegram(text: &[u8], (start, end): Span) -> Option<Span> {
    let word = &text[start..end];
    if at(text, end) == b'.'
        && matches!(word[0], b'M' | b'N' | b'O')
        && (20..=32).contains(&word.len())
    {
        let middle = word_end(text, end + 1);
        let last = word_end(text, middle + 1);
        let is_discord =
            (5..=8).contains(&(middle - end - 1)) && at(text, middle) == b'.' && last - middle > 24;
        return is_discord.then_some((start, last));
    }
    if at(text, end) != b':' {
        return None;
    }
    let digits = word.strip_prefix(b"bot").unwrap_or(word);
    let secret = word_end(text, end + 1);
    let length = secret - end - 1;
    let is_bot = digits.len() < word.len();
    let is_number = digits.len() >= 3 && digits.iter().all(u8::is_ascii_digit);
    let body = &text[end + 1..secret];
    let has = |is: fn(&u8) -> bool| body.iter().any(is);
    let is_mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    let is_long = if is_bot {
        length >= 20
    } else {
        digits.len() >= 6 && (30..=40).contains(&length)
    };
    (is_number && is_long && is_mixed).then_some((end + 1, secret))
}

/// Whether the word is a scheme of an `Authorization` header, and whether it is no word of prose.
fn is_scheme(word: &[u8]) -> Option<bool> {
    let schemes: &[&str] = match word.len() {
        4 => &["hawk", "ntlm", "ssws"],
        5 => &["basic"],
        6 => &["bearer"],
        9 => &["negotiate"],
        16 => &["aws4-hmac-sha256"],
        _ => return None,
    };
    let in_prose: &[&str] = match word.len() {
        5 => &["oauth", "token"],
        6 => &["apikey", "digest"],
        _ => &[],
    };
    let is_scheme = is_one_of(word, schemes);
    (is_scheme || is_one_of(word, in_prose)).then_some(is_scheme)
}

/// The credentials after the scheme of an `Authorization` header.
fn scheme(text: &[u8], (start, end): Span) -> Option<Span> {
    if at(text, end) != b' ' {
        return None;
    }
    let word = &text[start..end];
    let is_scheme = is_scheme(word)?;
    let value = skip(text, end, |byte| byte == b' ');
    let is_part = |byte: u8| is_token(byte) || b".:@%!$&*".contains(&byte) || byte >= 0x80;
    let last = skip(text, value, is_part);
    let next = &text[value..last];
    let is_digest = word.eq_ignore_ascii_case(b"digest") && next.contains(&b'=')
        || next.starts_with(b"Credential=");
    if is_digest {
        return Some((value, super::bytes::line_end(text, value)));
    }
    // `Bearer realm="shop"`, but not `"Basic c2hvcA=="`.
    let opens = is_quote(at(text, last)) && {
        let after = at(text, last + 1);
        is_quote(after) || !ends_value(after)
    };
    let is_parameter = opens && next.ends_with(b"=")
        || next
            .iter()
            .rposition(|byte| *byte == b'=')
            .is_some_and(|sign| {
                sign + 1 < next.len() && !next[sign..].iter().all(|byte| *byte == b'=')
            });
    let has_point = trimmed(next).contains(&b'.') && !next.contains(&b'/');
    let is_secret = if is_scheme {
        next.len() >= 6 && (looks_secret(next) || has_point) && !is_parameter
    } else {
        next.len() >= 16 && looks_like_a_key(next) && !is_parameter
    };
    is_secret.then(|| (value, token_end(text, last)))
}

/// The paths of webhooks of Slack, Discord, Microsoft Teams and Zapier, which are their secrets
/// (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>,
/// <https://docs.discord.com/developers/resources/webhook>).
fn webhook(text: &[u8], (start, end): Span) -> Option<Span> {
    const PATHS: [&[u8]; 6] = [
        b"hooks.slack.com/services/",
        b"hooks.slack.com/workflows/",
        b"hooks.slack.com/triggers/",
        b"discord.com/api/webhooks/",
        b"discordapp.com/api/webhooks/",
        b"hooks.zapier.com/hooks/catch/",
    ];
    let path = match &text[start..end] {
        b"hooks" | b"discord" | b"discordapp" => {
            let path = PATHS.iter().find(|path| text[start..].starts_with(path))?;
            start + path.len()
        }
        b"webhook" => {
            let path = b"webhook.office.com/webhookb2/";
            text[start..]
                .starts_with(path)
                .then_some(start + path.len())?
        }
        _ => return None,
    };
    let end = skip(text, path, |byte| is_token(byte) || b".@%".contains(&byte));
    (end > path).then_some((path, end))
}

/// A client secret of Microsoft Entra: three characters, a digit and `Q~`
/// (<https://github.com/gitleaks/gitleaks/blob/master/cmd/generate/config/rules/azure.go>).
fn azure(text: &[u8], start: usize, end: usize) -> Option<Span> {
    let is_part = |byte: u8| is_word(byte) || b".~".contains(&byte);
    if at(text, end) != b'~' || end - start > 5 {
        return None;
    }
    let secret = skip(text, end, is_part);
    let mark = find(&text[..secret.min(start + 8)], start, b"Q~")?;
    (mark > start && text[mark - 1].is_ascii_digit() && secret - mark >= 24)
        .then_some((start, secret))
}

const BEGIN: &[u8] = b"-----BEGIN ";

/// A private key in PEM (RFC 7468), PGP's armor (RFC 9580, section 6.2) or `PuTTY`'s format that starts here, up to its
/// end or that of the text.
pub(super) fn private_key(text: &[u8], start: usize) -> Option<Span> {
    let rest = &text[start..];
    if rest.starts_with(b"PuTTY-User-Key-File-") {
        let lines = find(text, start, b"Private-MAC:").map(|mac| super::bytes::line_end(text, mac));
        return Some((start, lines.unwrap_or(text.len())));
    }
    let label = rest.strip_prefix(BEGIN)?;
    let label = &label[..skip_at_most(label, 0, 64, |byte| byte != b'-')];
    if !(label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PRIVATE KEY BLOCK")) {
        return None;
    }
    let end = find(text, start + BEGIN.len(), b"-----END ").and_then(|end| {
        let label = end + b"-----END ".len();
        Some(find(text, label, b"-----")? + b"-----".len())
    });
    Some((start, end.unwrap_or(text.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_has_a_source_and_masks_its_whole_token() {
        for format in FORMATS {
            assert!(format.source.starts_with("https://"), "{}", format.source);
            let body = match format.body {
                Body::Letters => "EXAMPLE",
                Body::Upper => "EXAMPLE0",
                Body::Hex => "0123456789abcdef",
                _ => "Example0",
            };
            let body = &body.repeat(format.min)[..format.min];
            for prefix in format.prefixes {
                let text = format!("a {prefix}{body} b");
                let span = (2, text.len() - 2);
                assert_eq!(known(text.as_bytes(), 2), Some(span), "{text}");
            }
        }
    }

    #[test]
    fn words_that_start_like_a_token_are_none() {
        for text in [
            "npm_lifecycle_event",
            "hf_transfer_enabled",
            "ASIA_PACIFIC_REGION",
            "sk-learn",
            "key-value",
            "s.rs",
        ] {
            assert_eq!(known(text.as_bytes(), 0), None, "{text}");
        }
    }
}
