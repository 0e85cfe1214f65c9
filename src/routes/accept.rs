//! What a client says it takes.

use http::HeaderMap;
use http::header::ACCEPT;

/// Whether `Accept` names this media type, with a weight above zero and not below that of the default, if it names that
/// too (RFC 9110, section 12.5.1). Ranges name neither: whoever takes anything gets the default.
pub(super) fn prefers(headers: &HeaderMap, media_type: &str, default: &str) -> bool {
    let weight_of = |media_type: &str| {
        headers
            .get_all(ACCEPT)
            .iter()
            .flat_map(|value| value.to_str().unwrap_or_default().split(','))
            .map(|range| range.split_once(';').unwrap_or((range, "")))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case(media_type))
            .map_or(0.0, |(_, parameters)| weight(parameters))
    };
    let own = weight_of(media_type);
    own > 0.0 && own >= weight_of(default)
}

/// The `q` among the parameters; 1 without one, 0 for one that is no number.
pub(super) fn weight(parameters: &str) -> f32 {
    parameters
        .split(';')
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .map_or(1.0, |(_, value)| value.trim().parse().unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_preferred_by_its_own_name_and_weight() {
        let named = |accept: &str| {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            prefers(&headers, "application/health+json", "application/json")
        };
        assert!(named("application/health+json"));
        assert!(named("text/html, Application/Health+JSON; q=0.5"));
        assert!(!named("*/*"));
        assert!(!named("application/*"));
        assert!(!named("application/health+json;q=0"));
        assert!(!named("application/json"));
        assert!(!named("application/json, application/health+json;q=0.1"));
        assert!(named("application/json;q=0.9, application/health+json"));
        assert!(named("application/json, application/health+json"));
    }
}
