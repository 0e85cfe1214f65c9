//! The texts of alerts.

use std::collections::BTreeMap;

use tower_vitals::alerts::render;

fn rendered(template: &str, value: f64) -> String {
    let labels = BTreeMap::from([("job".to_owned(), "mail".to_owned())]);
    render(template, value, &labels)
}

#[test]
fn values_and_labels_are_filled_in() {
    assert_eq!(rendered("{{ labels.job }}: {{value}}!", 3.0), "mail: 3!");
    assert_eq!(rendered("{{labels.job}}{{ labels.none }}.", 3.0), "mail.");
    assert_eq!(rendered("plain } { text", 3.0), "plain } { text");
}

#[test]
fn a_value_has_four_significant_digits_and_all_digits_before_the_point() {
    for (value, expected) in [
        (0.1 + 0.2, "0.3"),
        (1_234_567.8, "1234568"),
        (-12.3456, "-12.35"),
        (0.000_123_456, "0.0001235"),
        (0.0, "0"),
        (f64::NAN, "NaN"),
        (f64::INFINITY, "+Inf"),
        (f64::NEG_INFINITY, "-Inf"),
    ] {
        assert_eq!(rendered("{{ value }}", value), expected);
    }
}

#[test]
fn formats_are_those_that_people_read() {
    for (format, value, expected) in [
        ("percent", 0.05, "5%"),
        ("percent", 0.998_76, "99.88%"),
        ("bytes", 512.0, "512B"),
        ("bytes", -2048.0, "-2KiB"),
        ("bytes", 1.5 * 1024.0 * 1024.0, "1.5MiB"),
        ("bytes", f64::NAN, "NaN"),
        ("seconds", 0.0, "0s"),
        ("seconds", 0.000_25, "250µs"),
        ("seconds", 0.25, "250ms"),
        ("seconds", 59.5, "59.5s"),
        ("seconds", -90.0, "-1m 30s"),
        ("seconds", 3600.0, "1h 0m 0s"),
        ("seconds", f64::INFINITY, "+Inf"),
    ] {
        let template = format!("{{{{ value | {format} }}}}");
        assert_eq!(rendered(&template, value), expected, "{format} {value}");
    }
}

#[test]
fn a_placeholder_with_a_mistake_stays_as_it_is() {
    for template in ["{{ vlaue }}", "{{ value | hex }}", "{{ value", "{{}}"] {
        assert_eq!(rendered(template, 3.0), template);
    }
}
