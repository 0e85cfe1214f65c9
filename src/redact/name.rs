//! Names, and the kind of secret that they stand for.

use super::registered_names::{is_registered, may_be_registered};

/// How much a name says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Its value is secret, whatever it looks like.
    Password,
    /// A header, whose value is the rest of the line.
    Header,
    /// Its value is secret, except in prose.
    Secret,
    /// Words like `token` and `session`, which texts use for other things as well.
    Token,
    /// Any name that ends in `_key`.
    Key,
}

/// The endings of secret names, in lower case and without punctuation: `db_password`, `X-Api-Key` and `clientSecret`
/// each have one.
const ENDINGS: [(Kind, &[&str]); 4] = [
    (Kind::Header, &["authorization", "cookie"]),
    (
        Kind::Password,
        &[
            "dbpass",
            "passcode",
            "password",
            "passwd",
            "passphrase",
            "pwd",
        ],
    ),
    (
        Kind::Secret,
        &[
            "accesskey",
            "accountkey",
            "apikey",
            "authkey",
            "clientassertion",
            "cred",
            "encryptionkey",
            "masterkey",
            "privatekey",
            "secret",
            "secretkey",
            "sharedkey",
            "signingkey",
        ],
    ),
    (
        Kind::Token,
        &[
            "awsaccesskeyid",
            "credential",
            "samlresponse",
            "sessid",
            "sessionid",
            "signature",
            "token",
            "webhook",
            "webhookurl",
        ],
    ),
];

/// Words that make a name secret if they are its last word. As endings they would be too common.
const LAST: [(Kind, &[&str]); 2] = [
    (Kind::Password, &["pass", "psk", "pw"]),
    (
        Kind::Token,
        &[
            "auth", "bearer", "dsn", "jwt", "otp", "pin", "session", "sid", "sig",
        ],
    ),
];

/// Words that make a name secret at any position: `SECRET_KEY_BASE`, `password_hash`, `jwt_key`.
const ANYWHERE: [(Kind, &[&str]); 3] = [
    (
        Kind::Password,
        &["passcode", "passphrase", "passwd", "password", "pwd"],
    ),
    (Kind::Secret, &["secret"]),
    (Kind::Token, &["hmac", "jwt", "token"]),
];

/// Parts that make a name secret unless its last word is about them, or `id`: `private_key_pem`, `API_KEY_OLD`.
const PARTS: &[&str] = &["apikey", "privatekey", "secretkey"];

/// The last words of names that describe a secret but do not hold one.
const ABOUT: &[&str] = &[
    "age",
    "algorithm",
    "at",
    "attempts",
    "backend",
    "bucket",
    "budget",
    "bytes",
    "change",
    "changed",
    "check",
    "class",
    "cost",
    "count",
    "dir",
    "enabled",
    "endpoint",
    "engine",
    "error",
    "exception",
    "expired",
    "expires",
    "expiry",
    "field",
    "file",
    "folder",
    "format",
    "host",
    "interval",
    "issuer",
    "kind",
    "len",
    "length",
    "lifetime",
    "limit",
    "manager",
    "max",
    "method",
    "min",
    "missing",
    "mode",
    "name",
    "namespace",
    "path",
    "policy",
    "port",
    "prefix",
    "provider",
    "ref",
    "region",
    "required",
    "reset",
    "rotation",
    "rules",
    "scope",
    "scopes",
    "seconds",
    "service",
    "size",
    "status",
    "store",
    "strength",
    "timeout",
    "total",
    "ttl",
    "type",
    "uri",
    "url",
    "usage",
    "used",
    "version",
];

/// Words before `key` in names that hold no secret.
const KEYS: &[&str] = &[
    "aggregate",
    "binding",
    "cache",
    "candidate",
    "composite",
    "config",
    "dedup",
    "foreign",
    "group",
    "grouping",
    "hash",
    "host",
    "idempotency",
    "index",
    "label",
    "last",
    "lock",
    "lookup",
    "map",
    "message",
    "metric",
    "missing",
    "next",
    "object",
    "partition",
    "primary",
    "public",
    "range",
    "record",
    "registry",
    "row",
    "routing",
    "s3",
    "shard",
    "sort",
    "start",
    "tag",
    "translation",
    "unique",
];

/// Whether a value of this name is secret.
#[cfg_attr(
    not(any(feature = "health", feature = "logging", feature = "otel", test)),
    allow(dead_code)
)]
pub(crate) fn is_secret(name: &str) -> bool {
    kind(name.as_bytes()).is_some()
}

/// Whether a number of this name is a count: of `tokens`, but not of `pass` or `credentials`.
#[cfg_attr(
    not(any(feature = "health", feature = "logging", feature = "otel")),
    allow(dead_code)
)]
pub(crate) fn is_count(name: &str) -> bool {
    let name = name.as_bytes();
    ["tokens", "keys", "sessions", "cookies"]
        .iter()
        .filter_map(|counted| Some((counted, name.len().checked_sub(counted.len())?)))
        .any(|(counted, start)| name[start..].eq_ignore_ascii_case(counted.as_bytes()))
}

/// The kind of secret that a value of this name is, if any.
pub(super) fn kind(name: &[u8]) -> Option<Kind> {
    let known = may_be_secret(name).then(|| known_kind(name)).flatten();
    let is_registered = || may_be_registered(name) && is_registered(Words::of(name).plain());
    known.or_else(|| is_registered().then_some(Kind::Password))
}

fn known_kind(name: &[u8]) -> Option<Kind> {
    let words = Words::of(name);
    let plain = words.plain();
    let singular = plain.strip_suffix(b"s").unwrap_or(plain);
    let (last_byte, singular_byte) = (plain.last(), singular.last());
    let ends = |ending: &str| {
        // One byte decides most comparisons.
        let byte = ending.as_bytes().last();
        byte == last_byte && plain.ends_with(ending.as_bytes())
            || byte == singular_byte && singular.ends_with(ending.as_bytes())
    };
    let last = words.last(0);
    let is_last = |word: &str| last == word.as_bytes();
    find(&ENDINGS, ends)
        .or_else(|| find(&LAST, is_last))
        .or_else(|| {
            find(&ANYWHERE, |word| words.contains(word))
                .filter(|_| !ABOUT.iter().any(|about| is_last(about)))
        })
        .or_else(|| {
            let is_part = |part: &&str| {
                let part = part.as_bytes();
                plain.windows(part.len()).any(|window| window == part)
            };
            let is_about = last == b"id" || ABOUT.iter().any(|about| is_last(about));
            (PARTS.iter().any(is_part) && !is_about).then_some(Kind::Secret)
        })
        .or_else(|| {
            let before = words.last(1);
            let is_benign = KEYS.iter().any(|word| before == word.as_bytes());
            (last == b"key" && !before.is_empty() && !is_benign).then_some(Kind::Key)
        })
}

/// The beginnings of all words in the lists above.
#[rustfmt::skip]
const BEGINNINGS: [&[u8; 3]; 20] = [
    b"ass", b"aut", b"bea", b"coo", b"cre", b"dsn", b"hma", b"jwt", b"key", b"otp", b"pas", b"pin", b"psk", b"pwd",
    b"sam", b"sec", b"ses", b"sid", b"sig", b"tok",
];

/// A bit for each of them, and for `pw` and `we` with any letter, of which the last five bits count.
static MAY_BE_SECRET: [u64; 512] = {
    let mut bits = [0; 512];
    let mut beginning = 0;
    while beginning < BEGINNINGS.len() {
        let [first, second, third] = *BEGINNINGS[beginning];
        let at = letters(letters(letters(0, first), second), third);
        bits[at >> 6] |= 1 << (at & 63);
        beginning += 1;
    }
    let mut last = 0;
    while last < 32 {
        let pw = letters(letters(letters(0, b'p'), b'w'), last);
        let we = letters(letters(letters(0, b'w'), b'e'), last);
        bits[pw >> 6] |= 1 << (pw & 63);
        bits[we >> 6] |= 1 << (we & 63);
        last += 1;
    }
    bits
};

/// The last three letters.
const fn letters(letters: usize, next: u8) -> usize {
    (letters << 5 | (next & 31) as usize) & 0x7fff
}

/// Whether any word of the lists may be in the name. Most names have none, and are decided here.
fn may_be_secret(name: &[u8]) -> bool {
    let mut last = 0;
    let name = &name[name.len().saturating_sub(MAX_NAME)..];
    name.iter().chain(b" ").any(|byte| {
        last = letters(last, *byte);
        MAY_BE_SECRET[last >> 6] & 1 << (last & 63) != 0
    })
}

fn find(lists: &[(Kind, &[&str])], matches: impl Fn(&str) -> bool) -> Option<Kind> {
    let list = lists
        .iter()
        .find(|(_, list)| list.iter().any(|entry| matches(entry)));
    list.map(|(kind, _)| *kind)
}

/// The bytes of a name that are read: its last ones.
pub(super) const MAX_NAME: usize = 64;

/// The words of a name, in lower case and without trailing digits. Words are separated by punctuation, white space and
/// capitals (`smtpPass`, `SMTPPass`).
pub(super) struct Words {
    letters: [u8; MAX_NAME],
    length: usize,
    starts: [usize; MAX_NAME],
    count: usize,
}

impl Words {
    pub(super) fn of(name: &[u8]) -> Self {
        let name = &name[name.len().saturating_sub(MAX_NAME)..];
        let mut words = Self {
            letters: [0; MAX_NAME],
            length: 0,
            starts: [0; MAX_NAME],
            count: 0,
        };
        let mut previous = b' ';
        for (at, &byte) in name.iter().enumerate() {
            if byte.is_ascii_alphanumeric() {
                let is_last_of_capitals = previous.is_ascii_uppercase()
                    && name.get(at + 1).is_some_and(u8::is_ascii_lowercase);
                let starts_word = byte.is_ascii_uppercase()
                    && (!previous.is_ascii_uppercase() || is_last_of_capitals);
                if starts_word || !previous.is_ascii_alphanumeric() {
                    words.starts[words.count] = words.length;
                    words.count += 1;
                }
                words.letters[words.length] = byte.to_ascii_lowercase();
                words.length += 1;
            }
            previous = byte;
        }
        words
    }

    /// The name without punctuation and trailing digits.
    pub(super) fn plain(&self) -> &[u8] {
        without_digits(&self.letters[..self.length])
    }

    /// The word at this position from the end, or nothing.
    fn last(&self, from_end: usize) -> &[u8] {
        // Words of digits only do not count: `password_2`.
        let mut words = (0..self.count).rev().map(|word| self.word(word));
        let mut words = words.by_ref().filter(|word| !word.is_empty());
        words.nth(from_end).unwrap_or_default()
    }

    fn word(&self, word: usize) -> &[u8] {
        let end = if word + 1 < self.count {
            self.starts[word + 1]
        } else {
            self.length
        };
        without_digits(&self.letters[self.starts[word]..end])
    }

    fn contains(&self, word: &str) -> bool {
        (0..self.count).any(|at| self.word(at) == word.as_bytes())
    }
}

fn without_digits(word: &[u8]) -> &[u8] {
    let digits = word.iter().rev().take_while(|byte| byte.is_ascii_digit());
    &word[..word.len() - digits.count()]
}

#[cfg(test)]
pub(super) fn words_of_lists() -> impl Iterator<Item = &'static str> {
    let lists = ENDINGS.iter().chain(&LAST).chain(&ANYWHERE);
    lists.flat_map(|(_, list)| list.iter().copied())
}
