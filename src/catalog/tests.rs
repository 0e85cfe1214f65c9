use super::*;
use metrics::Unit;
use std::collections::HashSet;

#[test]
fn prometheus_accepts_all_names_and_labels() {
    let is_identifier = |text: &str| {
        !text.is_empty()
            && !text.starts_with(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    for family in FAMILIES {
        assert!(is_identifier(family.name), "{}", family.name);
        for label in family.labels {
            assert!(
                is_identifier(label) && !label.starts_with("__") && *label != "le",
                "{label}"
            );
        }
    }
}

#[test]
fn every_name_is_unique() {
    let names: HashSet<_> = FAMILIES.iter().map(|family| family.name).collect();
    assert_eq!(names.len(), FAMILIES.len());
}

#[test]
fn names_end_in_their_unit_and_counters_in_total() {
    for family in FAMILIES {
        let suffix = match (family.kind, family.unit) {
            (Kind::Counter, _) => "_total",
            (_, Unit::Seconds) => "_seconds",
            (_, Unit::Bytes) => "_bytes",
            _ => "",
        };
        assert!(family.name.ends_with(suffix), "{}", family.name);
        assert!(family.help.ends_with('.'), "{}", family.help);
    }
}

#[test]
fn only_histograms_have_buckets_and_they_ascend() {
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
fn every_family_is_valid_and_clashes_with_no_other() {
    for (index, family) in FAMILIES.iter().enumerate() {
        assert!(validate::check(family).is_empty(), "{}", family.name);
        for other in &FAMILIES[..index] {
            assert_eq!(validate::clash(family, other), None);
        }
    }
}
