use super::*;
use metrics::Unit;
use std::collections::HashSet;

#[test]
fn names_and_labels_are_ones_prometheus_accepts() {
    let word = |text: &str| {
        !text.is_empty()
            && !text.starts_with(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    for family in FAMILIES {
        assert!(word(family.name), "{}", family.name);
        for label in family.labels {
            assert!(
                word(label) && !label.starts_with("__") && *label != "le",
                "{label}"
            );
        }
    }
}

#[test]
fn every_name_stands_once() {
    let names: HashSet<_> = FAMILIES.iter().map(|family| family.name).collect();
    assert_eq!(names.len(), FAMILIES.len());
}

#[test]
fn names_end_in_their_unit_and_counters_in_total() {
    for family in FAMILIES {
        let ending = match (family.kind, family.unit) {
            (Kind::Counter, _) => "_total",
            (_, Unit::Seconds) => "_seconds",
            (_, Unit::Bytes) => "_bytes",
            _ => "",
        };
        assert!(family.name.ends_with(ending), "{}", family.name);
        assert!(family.help.ends_with('.'), "{}", family.help);
    }
}

#[test]
fn histograms_and_only_they_have_ascending_buckets() {
    for family in FAMILIES {
        assert_eq!(
            family.kind == Kind::Histogram,
            !family.buckets.is_empty(),
            "{}",
            family.name
        );
        assert!(family.buckets.is_sorted_by(|a, b| a < b), "{}", family.name);
    }
}

#[test]
fn each_could_be_registered_beside_the_others() {
    for (at, family) in FAMILIES.iter().enumerate() {
        assert!(register::check(family).is_ok(), "{}", family.name);
        for other in &FAMILIES[..at] {
            assert_eq!(register::clash(family, other), None);
        }
    }
}
