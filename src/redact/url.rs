//! Credentials in URLs and connection strings.

use super::bytes::{Span, at, is_one_of, is_quote, skip};
use super::looks::{is_state, is_syntax};

/// Names before a colon whose value is an address of a person: `mailto:a@b.c`.
const ADDRESSES: &[&str] = &[
    "acct", "author", "bcc", "cc", "email", "from", "mail", "mailto", "sip", "sips", "to", "xmpp",
];

/// Searches a text for credentials. Remembers ends that were found, so that all searches together take linear time.
#[derive(Default)]
pub(super) struct Urls {
    run: Found,
    line: Found,
    word: Found,
}

/// The text without white space, quotes and `<>` that is being read.
#[derive(Default)]
pub(super) struct Run {
    pub(super) start: usize,
    pub(super) colon: Option<usize>,
}

#[derive(Default)]
struct Found {
    end: usize,
    last_at: Option<usize>,
}

impl Found {
    /// The last `@` from `start` to the next byte that ends the text.
    fn last_at(&mut self, text: &[u8], start: usize, is_end: impl Fn(u8) -> bool) -> Option<usize> {
        if start >= self.end {
            self.end = skip(text, start, |byte| !is_end(byte));
            let found = text[start..self.end].iter().rposition(|byte| *byte == b'@');
            self.last_at = found.map(|found| start + found);
        }
        self.last_at.filter(|last| *last >= start)
    }
}

impl Urls {
    /// The credentials of the URL whose `://` is at `colon`.
    ///
    /// Passwords may be unescaped and contain slashes, `@`, quotes and even white space. Unless the text before the
    /// first slash is a valid host, the credentials end at the last `@` before white space or, if there is none, at the
    /// last of the line.
    pub(super) fn credentials(&mut self, text: &[u8], colon: usize) -> Option<Span> {
        let start = colon + 3;
        let before = text[..colon].iter().rev();
        let scheme = before
            .take(16)
            .take_while(|it| it.is_ascii_alphanumeric())
            .count();
        let scheme = &text[colon - scheme..colon];
        let is_web = is_one_of(scheme, &["http", "https", "ws", "wss"]);
        let is_authority = |byte: u8| {
            !(byte.is_ascii_whitespace() || is_quote(byte) || b"<>/?#\\".contains(&byte))
        };
        let authority = &text[start..skip(text, start, is_authority)];
        let in_run = self
            .run
            .last_at(text, start, |byte| byte.is_ascii_whitespace());
        let end = if !is_host(authority) {
            let may_have_credentials = authority.contains(&b':') || authority.contains(&b'@');
            let in_line = || self.line.last_at(text, start, |byte| byte == b'\n');
            in_run.or_else(|| may_have_credentials.then(in_line).flatten())
        } else if !is_web && authority.contains(&b':') {
            // A password may start like a port.
            in_run
        } else {
            // A later `@` belongs to the path.
            None
        }?;
        let colon = text[start..end].iter().position(|byte| *byte == b':');
        let user = match colon {
            // The user name stays readable, unless it is the secret itself.
            Some(colon) if !is_web && colon > 0 && start + colon + 1 < end => colon + 1,
            _ => 0,
        };
        let is_harmless = is_state(&text[start + user..end]) || is_syntax(&text[start..end]);
        (!is_harmless).then_some((start + user, end))
    }

    /// The password before the `@` at `sign` of a connection string without a scheme: `root:secret@tcp(db)`. It ends
    /// at the last `@` before white space.
    pub(super) fn credentials_without_scheme(
        &mut self,
        text: &[u8],
        run: &Run,
        sign: usize,
    ) -> Option<Span> {
        let colon = run.colon?;
        let end = self.word.last_at(text, sign, ends_run)?;
        // A URL with a scheme is handled by `credentials`.
        if text[colon..].starts_with(b"://") {
            return None;
        }
        let (user, password) = (&text[run.start..colon], &text[colon + 1..end]);
        let host = &text[end + 1..];
        let has_host = host
            .first()
            .is_some_and(|it| it.is_ascii_alphanumeric() || *it == b'[');
        let word = user
            .rsplit(|it| !it.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default();
        let is_time = user
            .iter()
            .all(|it| it.is_ascii_digit() || b"-T:[".contains(it));
        let port = skip(password, 0, |byte| byte.is_ascii_digit());
        // `registry:5000/image@sha256:..`.
        let is_image = host.starts_with(b"sha256:") || port > 0 && at(password, port) == b'/';
        let is_secret = password.len() > 1
            && !is_state(password)
            && !is_time
            && !is_image
            && !is_one_of(word, ADDRESSES);
        (has_host && is_secret).then_some((colon + 1, end))
    }
}

pub(super) fn ends_run(byte: u8) -> bool {
    byte.is_ascii_whitespace() || is_quote(byte) || b"<>".contains(&byte)
}

/// Whether this is `host`, `host:port` or `[address]:port`, or a comma-separated list of them.
fn is_host(authority: &[u8]) -> bool {
    authority.split(|byte| *byte == b',').all(|server| {
        let colon = server.iter().rposition(|byte| *byte == b':');
        let (host, port) = match colon {
            Some(colon) if !server.ends_with(b"]") => (&server[..colon], &server[colon + 1..]),
            _ => (server, &b"0"[..]),
        };
        let is_address = host.starts_with(b"[") && host.ends_with(b"]");
        let is_name = |it: &u8| it.is_ascii_alphanumeric() || b".-_".contains(it) || *it >= 0x80;
        !port.is_empty()
            && port.iter().all(u8::is_ascii_digit)
            && (is_address || host.iter().all(is_name))
    })
}
