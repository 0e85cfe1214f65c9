//! Passwords of command lines and SQL.

use super::bytes::{Span, at, is_one_of, is_quote, skip, skip_at_most, starts_with_ignoring_case};
use super::looks::{MAX_LOOK, is_prose, is_state};
use super::name::Kind;
use super::named::{Named, Sign};

/// Commands with an option whose value is a password, or `user:password`.
const COMMANDS: [(&str, u8); 14] = [
    ("curl", b'u'),
    ("wget", b'u'),
    ("http", b'a'),
    ("mysql", b'p'),
    ("mysqldump", b'p'),
    ("mysqladmin", b'p'),
    ("mariadb", b'p'),
    ("sshpass", b'p'),
    ("mongo", b'p'),
    ("mongosh", b'p'),
    ("login", b'p'),
    ("redis-cli", b'a'),
    ("ldapsearch", b'w'),
    ("sqlcmd", b'P'),
];

/// The bytes before an option that are searched for its command.
const MAX_BEFORE: usize = 256;

/// The password after the option that starts here: `curl -u user:password`, `mysql -ppassword`.
pub(super) fn option(text: &[u8], word: Span) -> Option<Span> {
    let (start, end) = word;
    let option = &text[start..end];
    let is_long = is_one_of(option, &["--user", "--proxy-user"]);
    let letter = *option.get(1)?;
    if !(is_long || letter.is_ascii_alphabetic()) {
        return None;
    }
    let command = command(text, start);
    let is_user = is_long
        || command == Some("curl") && letter == b'u'
        || command == Some("http") && letter == b'a';
    if !is_long
        && !COMMANDS
            .iter()
            .any(|(name, it)| Some(*name) == command && *it == letter)
    {
        return None;
    }
    let value = if !is_long && option.len() > 2 {
        start + 2
    } else {
        skip_at_most(text, end, 8, |byte| b"\"', =".contains(&byte))
    };
    // `mysql -p database` asks for the password.
    let asks = command.is_some_and(|name| name.starts_with("my") || name == "mariadb");
    if !is_user && asks && option.len() == 2 && !is_quote(at(text, end)) || value == end {
        return None;
    }
    let value = skip_at_most(text, value, 1, is_quote);
    let quote = value
        .checked_sub(1)
        .map(|before| text[before])
        .filter(|byte| is_quote(*byte));
    let is_in = |byte: u8| match quote {
        Some(quote) => byte != quote && byte != b'\n',
        None => !byte.is_ascii_whitespace(),
    };
    let end = skip(text, value, is_in);
    let secret = if is_user {
        value + 1 + text[value..end].iter().position(|byte| *byte == b':')?
    } else {
        value
    };
    (secret < end && !is_state(&text[secret..end])).then_some((secret, end))
}

/// The command of the line, as far as it is known.
fn command(text: &[u8], option: usize) -> Option<&'static str> {
    let before = &text[option.saturating_sub(MAX_BEFORE)..option];
    let line = before
        .rsplit(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let mut words = line.rsplit(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'-'));
    words.find_map(|word| {
        let command = COMMANDS.iter().find(|(name, _)| name.as_bytes() == word);
        command.map(|(name, _)| *name)
    })
}

/// The password of SQL's `IDENTIFIED BY '..'` and `IDENTIFIED WITH plugin AS '..'`.
pub(super) fn identified_by(text: &[u8], word: Span) -> Option<Span> {
    if !text[word.0..word.1].eq_ignore_ascii_case(b"identified") {
        return None;
    }
    let limit = text.len().min(word.1 + 80);
    let is_by = |position: &usize| {
        let rest = &text[*position..];
        starts_with_ignoring_case(rest, b" by ") || starts_with_ignoring_case(rest, b" as ")
    };
    let mut start = (word.1..limit).find(is_by)? + 4;
    if starts_with_ignoring_case(&text[start..], b"password ") {
        start += b"password ".len();
    }
    let is_quoted = is_quote(at(text, start));
    let look = &text[..text.len().min(start + MAX_LOOK)];
    if !is_quoted && (text[word.0].is_ascii_lowercase() || is_prose(look, start)) {
        return None;
    }
    let named = Named {
        kind: Kind::Password,
        name: word,
        sign: Sign::Structure,
        is_quoted: false,
    };
    named.value(text, start)
}
