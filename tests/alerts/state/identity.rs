//! The identity of alerts.

use tower_vitals::alerts::Labels;
use tower_vitals::alerts::Level;
use tower_vitals::alerts::state::AlertId;

fn labels<const N: usize>(list: [(&str, &str); N]) -> Labels {
    list.map(|(label, value)| (label.into(), value.into()))
        .into()
}

/// A running Alertmanager (0.25) gives these fingerprints to the same labels.
#[test]
fn the_fingerprint_is_the_same_in_every_process() {
    assert_eq!(
        AlertId::of("x", &Labels::new()).to_string(),
        "d240efc3896bf266"
    );
    let one = AlertId::of("x", &labels([("pod", "a")]));
    assert_eq!(one.to_string(), "5649c4c096a27d52");
    assert_eq!(one, "5649c4c096a27d52".parse().unwrap());
    assert_eq!(
        AlertId::of("x", &labels([("pod", "a"), ("alertname", "y")])),
        one
    );
    assert_eq!(
        AlertId::of("x", &labels([("Zone", "a"), ("pod", "a")])).to_string(),
        "d2d7c1eb650dd3bf"
    );
}

#[test]
fn names_and_values_do_not_run_together() {
    let ids = [
        AlertId::of("a", &labels([("b", "c")])),
        AlertId::of("ab", &labels([("c", "")])),
        AlertId::of("a", &labels([("bc", "")])),
        AlertId::of("a", &labels([("", "bc")])),
    ];
    let unique: std::collections::BTreeSet<_> = ids.into_iter().collect();
    assert_eq!(unique.len(), 4);
}

#[test]
fn an_id_that_is_none_is_an_error() {
    for text in [
        "",
        "+123456789abcdef",
        "0123456789abcde",
        "0123456789abcdefa",
        "xyz",
    ] {
        let error = text.parse::<AlertId>().unwrap_err().to_string();
        assert_eq!(
            error,
            format!("{text:?} is no alert id: allowed are 16 hexadecimal digits")
        );
    }
}

#[test]
fn levels_are_ordered_and_have_names() {
    let levels = [Level::Info, Level::Warning, Level::Error, Level::Critical];
    assert!(levels.is_sorted());
    assert_eq!(
        levels.map(|level| level.to_string()),
        ["info", "warning", "error", "critical"]
    );
    let json = serde_json::to_string(&levels).unwrap();
    assert_eq!(json, r#"["info","warning","error","critical"]"#);
    assert_eq!(serde_json::from_str::<[Level; 4]>(&json).unwrap(), levels);
    assert_eq!(format!("{:>8}", Level::Info), "    info");
}
