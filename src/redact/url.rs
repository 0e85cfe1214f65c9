//! Credentials in URLs and connection strings.

use super::Span;

/// How far from its scheme an `@` is looked for.
const WINDOW: usize = 1024;

/// The credentials of the URL whose `://` may stand here.
///
/// Passwords come unescaped, with slashes, `@`, quotes and even white space in them. So unless what comes before the first
/// slash is a host as it should be, they end at the last `@` before white space, or, if there is none, of the line.
pub(super) fn credentials(text: &str, at: usize) -> Option<Span> {
    let rest = text[at..].strip_prefix("://")?;
    let start = text.len() - rest.len();
    let rest = &rest[..rest.floor_char_boundary(WINDOW)];
    let scheme = text[..at]
        .rsplit(|c: char| !c.is_ascii_alphanumeric())
        .next()?;
    let is_web = ["http", "https", "ws", "wss"].contains(&&*scheme.to_ascii_lowercase());
    let until = |ends: fn(char) -> bool| &rest[..rest.find(ends).unwrap_or(rest.len())];
    let authority = until(|c| c.is_whitespace() || "\"'`<>/?#".contains(c));
    let run = until(char::is_whitespace);
    let end = if !is_host(authority) {
        let is_odd = authority.contains(':') || authority.contains('@');
        let line = until(|c| c == '\n');
        run.rfind('@')
            .or_else(|| is_odd.then(|| line.rfind('@')).flatten())
    } else if !is_web && authority.contains(':') {
        // A password may begin like a port.
        run.rfind('@')
    } else {
        // An `@` further on is the path's.
        None
    }?;
    let user = match rest[..end].split_once(':') {
        // The name of the user stays readable, where it is not the secret itself.
        Some((user, password)) if !is_web && !user.is_empty() && !password.is_empty() => {
            user.len() + 1
        }
        _ => 0,
    };
    Some((start + user, start + end))
}

/// `host`, `host:port`, `[address]:port`, and several of them with commas.
fn is_host(authority: &str) -> bool {
    authority.split(',').all(|one| {
        let (host, port) = match one.rsplit_once(':') {
            Some((host, port)) if !one.ends_with(']') => (host, port),
            _ => (one, "0"),
        };
        let is_address = host.starts_with('[') && host.ends_with(']');
        let is_name = |c: char| c.is_alphanumeric() || c == '.' || c == '-' || c == '_';
        !port.is_empty()
            && port.chars().all(|c| c.is_ascii_digit())
            && (is_address || host.chars().all(is_name))
    })
}

/// The password before the `@` that stands here, where no scheme tells that it is one: `root:secret@tcp(db)`. It goes to the
/// last `@` before white space.
pub(super) fn credentials_without_scheme(text: &str, kept: usize, at: usize) -> Option<Span> {
    let from = text.ceil_char_boundary(kept.max(at.saturating_sub(WINDOW)));
    let begins = text[from..at].rfind(|c: char| c.is_whitespace() || "\"'`<>".contains(c));
    let start = begins.map_or(from, |begins| {
        let sign = text[from + begins..].chars().next();
        from + begins + sign.map_or(1, char::len_utf8)
    });
    let colon = text[start..at].find(':')?;
    // With a scheme, the scheme has told already.
    if text[start..at].contains("://") {
        return None;
    }
    let rest = &text[at..text.floor_char_boundary(at + WINDOW)];
    let run = &rest[..rest
        .find(|c: char| c.is_whitespace() || "\"'`<>".contains(c))
        .unwrap_or(rest.len())];
    let end = at + run.rfind('@')?;
    let goes_on = text[end + 1..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
    goes_on.then_some((start + colon + 1, end))
}
