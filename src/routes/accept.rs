//! Content negotiation by `Accept`.

use http::HeaderMap;
use http::header::ACCEPT;

/// Returns the offered media type that `Accept` gives the highest weight (RFC 9110, section 12.5.1), by the most specific
/// range: the type itself, then `type/*`, then `*/*`. Ties go to the first type that is named itself, else to the default.
/// The default is the last offer, and is also returned if no offer is acceptable.
///
/// A media type can have parameters (`application/openmetrics-text; version=1.0.0`): ranges with another value of one of them do
/// not match it.
pub(super) fn best<'a>(headers: &HeaderMap, offered: &[&'a str]) -> &'a str {
    let default = offered.last().copied().unwrap_or_default();
    let mut best = (default, 0.0, 0);
    for offer in offered {
        let Preference { weight, is_named } = preference(headers, offer);
        let rank = if is_named {
            2
        } else {
            u8::from(*offer == default)
        };
        if weight > best.1 || (weight > 0.0 && weight >= best.1 && rank > best.2) {
            best = (offer, weight, rank);
        }
    }
    best.0
}

#[derive(Clone, Copy)]
struct Preference {
    weight: f32,
    /// By its own name, not by a wildcard.
    is_named: bool,
}

fn preference(headers: &HeaderMap, offer: &str) -> Preference {
    let (offered, _) = split(offer);
    let (kind, _) = offered.split_once('/').unwrap_or((offered, ""));
    let any_of_kind = [kind, "/*"].concat();
    let weight_of = |range: &str| {
        let matching = matching(headers, range, offer);
        matching.map(weight).reduce(f32::max)
    };
    let named = weight_of(offered);
    Preference {
        weight: named
            .or_else(|| weight_of(&any_of_kind))
            .or_else(|| weight_of("*/*"))
            .unwrap_or(0.0),
        is_named: named.is_some(),
    }
}

/// The parameters of each range that is called so and contradicts no parameter of the offer.
fn matching<'h>(headers: &'h HeaderMap, range: &str, offer: &str) -> impl Iterator<Item = &'h str> {
    let (_, own) = split(offer);
    ranges(headers)
        .filter(move |(name, _)| name.eq_ignore_ascii_case(range))
        .filter(move |(_, parameters)| {
            own.split(';')
                .filter_map(|pair| pair.split_once('='))
                .all(|(name, value)| {
                    let wanted = parameter(parameters, name.trim());
                    wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(value.trim()))
                })
        })
        .map(|(_, parameters)| parameters)
}

/// All ranges, each with its parameters.
fn ranges(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let values = headers.get_all(ACCEPT).iter();
    let ranges = values.flat_map(|value| value.to_str().unwrap_or_default().split(','));
    ranges.map(split)
}

/// A media type or range, and its parameters.
fn split(range: &str) -> (&str, &str) {
    let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
    (name.trim(), parameters)
}

/// Returns the parameters of the range with the highest weight that names this offer. The first of several.
pub(super) fn parameters<'h>(headers: &'h HeaderMap, offer: &str) -> Option<&'h str> {
    let acceptable = matching(headers, split(offer).0, offer).filter(|range| weight(range) > 0.0);
    acceptable.reduce(|a, b| if weight(b) > weight(a) { b } else { a })
}

/// Whether `Accept` names this media type with at least the weight of the default.
pub(super) fn prefers(headers: &HeaderMap, media_type: &str, default: &str) -> bool {
    best(headers, &[media_type, default]) == media_type
}

/// Returns the parameter `q`. Defaults to 1; an invalid one is 0.
pub(super) fn weight(parameters: &str) -> f32 {
    parameter(parameters, "q").map_or(1.0, |value| value.parse().unwrap_or(0.0))
}

/// Returns the value of a parameter, without quotes.
pub(super) fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = parameters
        .split(';')
        .filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(own, _)| own.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_weight_wins_and_versions_count() {
        const OPEN: &str = "application/openmetrics-text; version=1.0.0";
        const JSON: &str = "application/json";
        const TEXT: &str = "text/plain";
        for (accept, expected) in [
            ("*/*", TEXT),
            ("text/html, image/*", TEXT),
            ("nonsense", TEXT),
            ("application/openmetrics-text", OPEN),
            ("application/openmetrics-text;version=1.0.0", OPEN),
            (
                "application/openmetrics-text; version=\"1.0.0\"; q=0.1",
                OPEN,
            ),
            ("application/openmetrics-text;version=0.0.1", TEXT),
            (
                "application/openmetrics-text;version=0.0.1, text/plain;q=0.1",
                TEXT,
            ),
            (
                "application/openmetrics-text;version=2.0.0, application/openmetrics-text;version=1.0.0;q=0.2",
                OPEN,
            ),
            ("application/openmetrics-text;q=0.5, text/plain;q=0.6", TEXT),
            ("text/plain, application/json", JSON),
            ("application/json, */*", JSON),
            ("application/json;q=0", TEXT),
            // A range has its weight too.
            ("application/json;q=0.1, */*", TEXT),
            ("text/*, application/json;q=0.5", TEXT),
            ("application/openmetrics-text;q=0.1, */*;q=0.2", TEXT),
            ("application/json;q=0.5, */*;q=0.1", JSON),
            ("application/json, text/*;q=0.9", JSON),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            assert_eq!(best(&headers, &[OPEN, JSON, TEXT]), expected, "{accept}");
        }
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
