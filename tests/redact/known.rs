//! Values that are known to be secret.

use std::sync::{Mutex, MutexGuard, PoisonError};

use proptest::prelude::*;
use tower_vitals::redact::{redact, register};

/// Held while a test needs its values: others register enough for them to give way.
fn registry() -> MutexGuard<'static, ()> {
    static REGISTRY: Mutex<()> = Mutex::new(());
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn a_registered_value_is_masked_however_it_is_encoded() {
    let _registry = registry();
    assert!(register("k.n=wn v\"lue\\1"));
    for (text, expected) in [
        (r#"got k.n=wn v"lue\1 back"#, "got [redacted] back"),
        ("got k.n%3Dwn%20v%22lue%5C1 back", "got [redacted] back"),
        ("got k%2en%3dwn+v%22lue%5c1&x", "got [redacted]&x"),
        (r#"{"a":"k.n=wn v\"lue\\1"}"#, r#"{"a":"[redacted]"}"#),
        (
            r#"{"a":"k.n\u003dwn v\u0022lue\u005c1"}"#,
            r#"{"a":"[redacted]"}"#,
        ),
        (
            r#""{\"a\":\"k.n=wn v\\\"lue\\\\1\"}""#,
            r#""{\"a\":\"[redacted]\"}""#,
        ),
        // base64 of the value, of "x:" and the value, and of "u:" and the value and more.
        ("a ay5uPXduIHYibHVlXDE= b", "a [redacted] b"),
        ("a eDprLm49d24gdiJsdWVcMQ== b", "a [redacted] b"),
        ("a eHh4eDprLm49d24gdiJsdWVcMXk= b", "a [redacted] b"),
    ] {
        assert_eq!(redact(text), expected, "{text}");
    }
}

#[test]
fn values_that_would_mask_parts_of_words_are_refused() {
    let _registry = registry();
    assert!(!register("abcde"));
    assert!(!register("   abcde\n"));
    assert!(!register("[redacted]"));
    assert!(!register("redacted"));
    assert!(!register("a[redacted]b"));
    assert!(!register("x".repeat(4097)));
    assert!(register("gürtel"));
    assert_eq!(redact("abcde gürtel"), "abcde [redacted]");
}

#[test]
fn values_that_touch_the_mask_do_not_appear_beside_it() {
    let _registry = registry();
    assert!(register("edge-value["));
    assert!(register("]value-edge"));
    let shown = redact("edge-value password=hunter2 edge-value[x and x]value-edge");
    assert!(!shown.contains("edge-value["), "{shown}");
    assert!(!shown.contains("]value-edge"), "{shown}");
}

#[test]
fn values_that_overlap_are_masked_as_one() {
    let _registry = registry();
    assert!(register("first-second"));
    assert!(register("second-third"));
    assert!(register("first-second-third-fourth"));
    assert_eq!(redact("a first-second-third b"), "a [redacted] b");
    assert_eq!(redact("a first-second-third-fourth b"), "a [redacted] b");
    assert_eq!(
        redact("password=first-second-third b"),
        "password=[redacted] b"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn no_text_makes_a_registered_value_appear(
        value in "[ -~]{6,24}",
        pieces in prop::collection::vec((0..14_usize, "[ -~\\n]{0,12}"), 0..12),
    ) {
        let _registry = registry();
        let is_known = register(&value);
        let text: String = pieces.iter().map(|(kind, piece)| embed(*kind, value.trim(), piece)).collect();
        let shown = redact(&text);
        if is_known {
            prop_assert!(!shown.contains(value.trim()), "{text:?} {shown:?}");
        }
        // A second pass finds nothing that the first has left.
        if is_known {
            prop_assert!(!redact(&shown).contains(value.trim()));
        }
    }

    #[test]
    fn no_text_panics(text in any::<String>(), noise in "[%\\\\:@=\"'\\[\\]{}()<>,; \\n\\tuUxa-f0-9é-]{0,64}") {
        let _ = redact(&text);
        let _ = redact(&noise);
        let _ = redact(&format!("password={noise}"));
        let _ = redact(&format!("{noise}://{noise}@{text}"));
        let _ = redact(&format!("{{\"token\":\"{noise}\",{text}}}"));
    }
}

/// The value, parts of it and words that are masked, in a text of this kind.
fn embed(kind: usize, value: &str, piece: &str) -> String {
    let middle = value
        .char_indices()
        .nth(value.len() / 2)
        .map_or(0, |(at, _)| at);
    match kind {
        0 | 1 => value.to_owned(),
        2 => value[..middle].to_owned(),
        3 => value[middle..].to_owned(),
        4 => format!("password={value} "),
        5 => format!("{value:?}"),
        6 => format!("\"token\":\"{value}\","),
        7 => format!("a://u:{value}@h "),
        8 => format!("password={piece} "),
        9 => format!("Authorization: {piece}\n"),
        10 => format!("[redacted]{value}"),
        11 => format!("{value}[redacted]"),
        12 => value
            .bytes()
            .fold(String::new(), |text, byte| format!("{text}%{byte:02X}")),
        _ => piece.to_owned(),
    }
}
