//! The query of a URL, read strictly: what cannot be understood is an error, and no other query.

use percent_encoding::percent_decode_str;

/// Names and values in their order, decoded.
pub(super) fn pairs(query: &str) -> Result<Vec<(String, String)>, String> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let decoded = pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((decoded(name)?, decoded(value)?))
    });
    decoded.collect()
}

/// Percent-decoded, a plus being a space; an escape that is none is not let through as it stands.
fn decoded(text: &str) -> Result<String, String> {
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
