//! What a client says it takes.

use http::HeaderMap;
use http::header::ACCEPT;

/// The media type of these that `Accept` names with the highest weight, of equals the first (RFC 9110, section 12.5.1);
/// none if it names none. Ranges name nothing: whoever takes anything gets the default.
///
/// A media type may have a version after it (`application/openmetrics-text; version=1.0.0`): then it is not named by a
/// range that asks for another version.
pub(super) fn best<'a>(headers: &HeaderMap, offered: &[&'a str]) -> Option<&'a str> {
    let weight_of = |offer: &str| {
        let (offered, version) = offer.split_once("; version=").unwrap_or((offer, ""));
        headers
            .get_all(ACCEPT)
            .iter()
            .flat_map(|value| value.to_str().unwrap_or_default().split(','))
            .map(|range| range.split_once(';').unwrap_or((range, "")))
            .filter(|(name, _)| name.trim().eq_ignore_ascii_case(offered))
            .filter(|(_, parameters)| {
                let asked = parameter(parameters, "version");
                version.is_empty() || asked.is_none_or(|asked| asked.trim_matches('"') == version)
            })
            .map(|(_, parameters)| weight(parameters))
            .fold(0.0, f32::max)
    };
    let mut best = None;
    let mut highest = 0.0;
    for offer in offered {
        let weight = weight_of(offer);
        if weight > highest {
            (best, highest) = (Some(*offer), weight);
        }
    }
    best
}

/// Whether `Accept` names this media type, with a weight above zero and not below that of the default.
pub(super) fn prefers(headers: &HeaderMap, media_type: &str, default: &str) -> bool {
    best(headers, &[media_type, default]) == Some(media_type)
}

/// The `q` among the parameters; 1 without one, 0 for one that is no number.
pub(super) fn weight(parameters: &str) -> f32 {
    parameter(parameters, "q").map_or(1.0, |value| value.parse().unwrap_or(0.0))
}

fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = parameters
        .split(';')
        .filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(own, _)| own.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_weight_wins_and_versions_count() {
        const OPEN: &str = "application/openmetrics-text; version=1.0.0";
        let best = |accept: &str| {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            best(&headers, &[OPEN, "application/json", "text/plain"])
        };
        let open = Some(OPEN);
        assert_eq!(best("*/*"), None);
        assert_eq!(best("text/html, application/*"), None);
        assert_eq!(best("application/openmetrics-text"), open);
        assert_eq!(best("application/openmetrics-text;version=1.0.0"), open);
        assert_eq!(
            best("application/openmetrics-text; version=\"1.0.0\"; q=0.1"),
            open
        );
        assert_eq!(best("application/openmetrics-text;version=0.0.1"), None);
        assert_eq!(
            best("application/openmetrics-text;version=0.0.1, text/plain;q=0.1"),
            Some("text/plain")
        );
        assert_eq!(
            best(
                "application/openmetrics-text;version=2.0.0, application/openmetrics-text;version=1.0.0;q=0.2"
            ),
            open
        );
        assert_eq!(
            best("application/openmetrics-text;q=0.5, text/plain;q=0.6"),
            Some("text/plain")
        );
        assert_eq!(
            best("text/plain, application/json"),
            Some("application/json")
        );
        assert_eq!(best("application/json;q=0"), None);
    }

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
