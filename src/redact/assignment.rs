//! Secrets that are recognized by the name before them.

use super::bytes::{Span, at, is_one_of, is_quote, skip, skip_at_most};
use super::name::{Kind, kind};
use super::named::{Named, Sign};
use super::pair;
use super::value::{Context, opening_quote};

/// The span of the value that follows the name at `name`, if the name is secret.
pub(super) fn secret_value(text: &[u8], name: Span) -> Option<Span> {
    let end = name.1;
    // `config["password"]`, `user[password]`, `"password"`.
    let closed = skip_at_most(text, end, 4, |byte| is_quote(byte) || byte == b']');
    let sign = skip(text, closed, |byte| byte == b' ' || byte == b'\t');
    if !may_have_value(text, name, closed, sign) {
        return None;
    }
    let named = Named {
        kind: kind_of(text, name)?,
        name,
        sign: Sign::Structure,
        is_quoted: text[end..closed].iter().any(|byte| is_quote(*byte)),
    };
    named
        .value_after(text, closed, sign)
        .or_else(|| pair::value_after(text, &named, closed))
}

/// Whether a value may follow. Most words of a text are followed by another one, and cost little here.
fn may_have_value(text: &[u8], (start, end): Span, closed: usize, sign: usize) -> bool {
    let name = &text[start..end];
    let before = if start > 0 { text[start - 1] } else { b'\n' };
    // The value of a name, as in `name: DB_PASSWORD, value: ..`.
    let is_value = || {
        closed > end
            || b"=:".contains(&before)
            || before == b' ' && b"=:".contains(&text[start.saturating_sub(2)])
    };
    match at(text, sign) {
        b'=' | b':' | b'%' | b'(' | b'{' | b'!' | b'+' | b'?' => true,
        b'-' => at(text, sign + 1) == b'>',
        b'\n' | b'\r' => is_value() || before.is_ascii_whitespace(),
        b',' | b';' | b')' | b'>' => is_value() || b"<:".contains(&before),
        next if is_quote(next) => sign > closed,
        next => {
            let has_mark = name[0] == b'-' || closed > end || b"<:=".contains(&before);
            has_mark
                || sign > closed && text[sign - 1] == b'\t'
                || is_option_of_netrc(name)
                || next.is_ascii_alphanumeric() && name.iter().any(|byte| b"_-".contains(byte))
                || matches!(next, b'v' | b'V' | b'c' | b'd') && is_value()
                || next.is_ascii_alphabetic()
                    && is_quote(at(text, sign + 1))
                    && opening_quote(text, sign).is_some()
        }
    }
}

/// Names that are followed by their value without a sign: `machine h login u password p`.
fn is_option_of_netrc(name: &[u8]) -> bool {
    match name.len() {
        5 => name.eq_ignore_ascii_case(b"token"),
        6 => name.eq_ignore_ascii_case(b"passwd") || name.eq_ignore_ascii_case(b"secret"),
        8 => name.eq_ignore_ascii_case(b"password"),
        _ => false,
    }
}

/// The kind of a name: of its word, of two words (`API key`), or of a parameter of a query.
fn kind_of(text: &[u8], (start, end): Span) -> Option<Kind> {
    const BEFORE_KEY: &[&str] = &[
        "access",
        "account",
        "api",
        "encryption",
        "license",
        "master",
        "private",
        "secret",
        "shared",
        "signing",
    ];
    const BEFORE_CODE: &[&str] = &["mfa", "otp", "security", "totp", "verification"];
    let name = &text[start..end];
    kind(name).or_else(|| {
        let is_key = is_one_of(name, &["key", "keys"]);
        let is_code = is_one_of(name, &["code"]);
        if (is_key || is_code) && start > 0 && text[start - 1] == b' ' {
            let before = text[..start - 1].iter().rev().take(16);
            let length = before.take_while(|byte| byte.is_ascii_alphabetic()).count();
            let word = &text[start - 1 - length..start - 1];
            let is_secret = is_one_of(word, if is_key { BEFORE_KEY } else { BEFORE_CODE });
            return is_secret.then_some(if is_key { Kind::Secret } else { Kind::Token });
        }
        let is_query_name = is_one_of(name, &["key", "code"]) && Context::of(text, start).is_query;
        is_query_name.then_some(Kind::Token)
    })
}
