//! Credentials in URLs and connection strings.

use super::char_boundary;
use super::word::Span;

/// The maximum distance between a scheme and its `@`, in bytes.
const WINDOW: usize = 1024;

/// The credentials of the URL whose `://` is at `at`.
///
/// Passwords may be unescaped and contain slashes, `@`, quotes and even white space. Unless the text before the first
/// slash is a valid host, the credentials end at the last `@` before white space or, if there is none, at the last of
/// the line.
pub(super) fn credentials(text: &str, at: usize) -> Option<Span> {
    let rest = text[at..].strip_prefix("://")?;
    let start = text.len() - rest.len();
    let rest = &rest[..char_boundary::floor(rest, WINDOW)];
    let scheme = text[..at]
        .rsplit(|c: char| !c.is_ascii_alphanumeric())
        .next()?;
    let is_web = ["http", "https", "ws", "wss"].contains(&&*scheme.to_ascii_lowercase());
    let until = |is_end: fn(char) -> bool| &rest[..rest.find(is_end).unwrap_or(rest.len())];
    let authority = until(|c| c.is_whitespace() || "\"'`<>/?#".contains(c));
    let run = until(char::is_whitespace);
    let end = if !is_host(authority) {
        let may_have_credentials = authority.contains(':') || authority.contains('@');
        let line = until(|c| c == '\n');
        run.rfind('@')
            .or_else(|| may_have_credentials.then(|| line.rfind('@')).flatten())
    } else if !is_web && authority.contains(':') {
        // A password may start like a port.
        run.rfind('@')
    } else {
        // A later `@` belongs to the path.
        None
    }?;
    let user = match rest[..end].split_once(':') {
        // The user name stays readable, unless it is the secret itself.
        Some((user, password)) if !is_web && !user.is_empty() && !password.is_empty() => {
            user.len() + 1
        }
        _ => 0,
    };
    Some((start + user, start + end))
}

/// Whether this is `host`, `host:port` or `[address]:port`, or a comma-separated list of them.
fn is_host(authority: &str) -> bool {
    authority.split(',').all(|server| {
        let (host, port) = match server.rsplit_once(':') {
            Some((host, port)) if !server.ends_with(']') => (host, port),
            _ => (server, "0"),
        };
        let is_address = host.starts_with('[') && host.ends_with(']');
        let is_name = |c: char| c.is_alphanumeric() || c == '.' || c == '-' || c == '_';
        !port.is_empty()
            && port.chars().all(|c| c.is_ascii_digit())
            && (is_address || host.chars().all(is_name))
    })
}

/// The password before the `@` at `at` of a connection string without a scheme: `root:secret@tcp(db)`. It ends at the
/// last `@` before white space.
pub(super) fn credentials_without_scheme(text: &str, copied: usize, at: usize) -> Option<Span> {
    let from = char_boundary::ceil(text, copied.max(at.saturating_sub(WINDOW)));
    let delimiter = text[from..at].rfind(|c: char| c.is_whitespace() || "\"'`<>".contains(c));
    let start = delimiter.map_or(from, |delimiter| {
        let c = text[from + delimiter..].chars().next();
        from + delimiter + c.map_or(1, char::len_utf8)
    });
    let colon = text[start..at].find(':')?;
    // A URL with a scheme is handled by `credentials`.
    if text[start..at].contains("://") {
        return None;
    }
    let rest = &text[at..char_boundary::floor(text, at + WINDOW)];
    let run = &rest[..rest
        .find(|c: char| c.is_whitespace() || "\"'`<>".contains(c))
        .unwrap_or(rest.len())];
    let end = at + run.rfind('@')?;
    let has_host = text[end + 1..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
    has_host.then_some((start + colon + 1, end))
}
