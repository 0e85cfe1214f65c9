//! The query of a request.

use percent_encoding::percent_decode_str;

/// Returns the names and values. Parsed by hand, because a parameter can be repeated and because a broken escape is an
/// error here.
pub(super) fn parameters(query: &str) -> impl Iterator<Item = Result<(String, String), String>> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((decode(name)?, decode(value)?))
    })
}

pub(super) fn unknown(name: &str, allowed: &str) -> String {
    format!("Parameter {name:?} is unknown: {allowed} are allowed.")
}

/// Decodes percent escapes, and a plus as a space. A broken escape is an error.
fn decode(text: &str) -> Result<String, String> {
    let mut escapes = text.split('%').skip(1);
    let is_escape = |part: &str| part.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if !escapes.all(is_escape) {
        return Err(format!(
            "The query has {text:?}: a percent sign is followed by two hexadecimal digits, and itself written %25."
        ));
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    let decoded = decoded.map_err(|_| format!("The query has {text:?}, which is not UTF-8."))?;
    Ok(decoded.into_owned())
}
