//! Proposes the name that a mistyped one probably stands for.

use super::{FAMILIES, Family, Kind};

/// The suffixes of a histogram's series.
const SUFFIXES: [&str; 3] = ["_bucket", "_count", "_sum"];

/// Returns the histogram that `name` is a series of, differs from by a few letters, or shares the beginning with. Only
/// the crate's own names are compared by their beginning, because services name their metrics alike.
pub(crate) fn suggest_histogram(families: &[Family], name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let stem = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix));
    let name = stem.unwrap_or(&name);
    let most = (name.len() / 5).min(2);
    let is_histogram = |family: &&Family| family.kind == Kind::Histogram;
    let similar = families.iter().filter(is_histogram);
    let similar = similar.filter(|family| distance(family.name, name) <= most);
    let kindred = FAMILIES.iter().filter(is_histogram);
    let kindred = kindred.filter(|family| first_words(family.name) == first_words(name));
    let nearest = similar
        .chain(kindred)
        .min_by_key(|family| distance(family.name, name));
    nearest.map(|family| family.name)
}

/// Returns the one of `names` that differs least from `name`, if only by a few letters.
#[cfg(feature = "alerts")]
pub(crate) fn nearest<'a>(names: impl IntoIterator<Item = &'a str>, name: &str) -> Option<&'a str> {
    let most = (name.len() / 3).min(2);
    let names = names.into_iter();
    let near = names.filter(|near| distance(near, name) <= most);
    near.min_by_key(|near| distance(near, name))
}

/// `http_request` of `http_request_duration_seconds`: a single word, like `http`, is no name of the crate's own.
fn first_words(name: &str) -> Option<&str> {
    let (end, _) = name.match_indices('_').nth(1)?;
    Some(&name[..end])
}

/// The letters to insert, remove or replace between the two (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, byte) in one.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, own) in other.bytes().enumerate() {
            let replaced = diagonal + usize::from(own != byte);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_is_the_number_of_letters_to_change() {
        for (one, other, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("abc", "abd", 1),
            ("abc", "ac", 1),
            ("abc", "xabc", 1),
            ("abc", "acb", 2),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn a_family_with_fewer_than_three_words_has_no_kindred() {
        for family in FAMILIES
            .iter()
            .filter(|family| family.kind == Kind::Histogram)
        {
            assert!(first_words(family.name).is_some(), "{}", family.name);
        }
        assert_eq!(first_words("wait_seconds"), None);
        assert_eq!(suggest_histogram(FAMILIES, "wait_seconds"), None);
    }
}
