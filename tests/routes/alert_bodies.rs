//! The bodies of acts: mistakes name the field, the problem and what is allowed, in JSON's terms.

use http::Method;
use serde_json::{Value as Json, json};

use crate::alert_shop::Shop;

const SUPPRESSION: &str = "matchers, by, note, until, for_seconds and recurrence are allowed.";

/// The act, the body, and what is said of it.
const WRONG: [(&str, &str, &str); 33] = [
    (
        "acknowledge",
        "",
        "The body is empty: a JSON object is needed.",
    ),
    (
        "acknowledge",
        " \n",
        "The body is empty: a JSON object is needed.",
    ),
    (
        "acknowledge",
        "by=ann",
        "The body is not JSON: expected value at line 1 column 1.",
    ),
    (
        "acknowledge",
        "{\"by\": \"ann\"",
        "The body is not JSON: EOF while parsing an object at line 1 column 12.",
    ),
    (
        "acknowledge",
        "{\"by\": \"ann\"} {}",
        "The body is not JSON: trailing characters at line 1 column 15.",
    ),
    (
        "acknowledge",
        "{\"by\": \"\u{1}\"}",
        "The body is not JSON: control character",
    ),
    (
        "acknowledge",
        "[\"ann\", null]",
        "The body is a list: an object is needed.",
    ),
    (
        "acknowledge",
        "null",
        "The body is null: an object is needed.",
    ),
    (
        "acknowledge",
        "true",
        "The body is true: an object is needed.",
    ),
    (
        "acknowledge",
        "7",
        "The body is a number: an object is needed.",
    ),
    (
        "acknowledge",
        "\"ann\"",
        "The body is a string: an object is needed.",
    ),
    (
        "acknowledge",
        "{}",
        "Field by is missing: a string is needed.",
    ),
    (
        "acknowledge",
        r#"{"by": null}"#,
        "Field by is missing: a string is needed.",
    ),
    (
        "acknowledge",
        r#"{"by": 7}"#,
        "Field by is a number: a string is needed.",
    ),
    (
        "acknowledge",
        r#"{"by": {"name": "ann"}}"#,
        "Field by is an object: a string is needed.",
    ),
    (
        "acknowledge",
        r#"{"by": "ann", "note": ["on it"]}"#,
        "Field note is a list: a string is needed.",
    ),
    (
        "acknowledge",
        r#"{"by": "ann", "by": "bob"}"#,
        "Field by is repeated: once is allowed.",
    ),
    (
        "acknowledge",
        r#"{"by": "ann", "notes": ""}"#,
        "Field \"notes\" is unknown: by and note are allowed.",
    ),
    (
        "acknowledge",
        r#"{"note": false, "who": "ann"}"#,
        "Field by is missing: a string is needed. Field note is false: a string is needed. Field \"who\" is unknown: by and note \
         are allowed.",
    ),
    (
        "resolve",
        r#"{"by": true}"#,
        "Field by is true: a string is needed.",
    ),
    (
        "resolve",
        r#"{"by": "ann", "note": "x"}"#,
        "Field \"note\" is unknown: by is allowed.",
    ),
    (
        "suppress",
        r#"{"by": "ann", "for_seconds": "600"}"#,
        "Field for_seconds is a string: a number is needed.",
    ),
    (
        "suppress",
        r#"{"by": "ann", "for_seconds": 1e999}"#,
        "The body is not JSON: number out of range at line 1 column 34.",
    ),
    (
        "suppress",
        r#"{"by": "ann", "until": 1795000000}"#,
        "Field until is a number: a string is needed.",
    ),
    (
        "suppress",
        r#"{"by": "ann", "for": 60}"#,
        "Field \"for\" is unknown: matchers, by,",
    ),
    (
        "suppress",
        r#"{"by": "ann", "recurrence": "daily"}"#,
        "Field recurrence is a string: an object is needed.",
    ),
    (
        "suppress",
        r#"{"by": "ann", "recurrence": {"cron": 5, "duration": "1h", "zone": "UTC"}}"#,
        "Field recurrence.cron is a number: a string is needed. Field recurrence.time_zone is missing: a string is needed. Field \
         recurrence.duration is a string: a number is needed. Field \"recurrence.zone\" is unknown: cron, time_zone and duration are \
         allowed.",
    ),
    (
        "suppress",
        r#"{"by": "ann", "recurrence": {"cron": "0 2 * * *", "time_zone": "UTC", "duration": -1}}"#,
        "recurrence.duration is wrong: a number of seconds above 0 is needed.",
    ),
    (
        "any",
        r#"{"by": "ann", "for_seconds": 60, "matchers": {"check": "db"}}"#,
        "Field matchers is an object: a list of objects is needed.",
    ),
    (
        "any",
        r#"{"by": "ann", "for_seconds": 60, "matchers": ["db"]}"#,
        "Field matchers[0] is a string: an object is needed.",
    ),
    (
        "any",
        r#"{"by": "ann", "for_seconds": 60, "matchers": [{"label": "a", "value": "b"}, {"label": "c", "value": 1, "is_equal": "no"}]}"#,
        "Field matchers[1].value is a number: a string is needed. Field matchers[1].is_equal is a string: true or false is needed.",
    ),
    (
        "any",
        r#"{"by": "ann", "for_seconds": 60, "matchers": [{"label": "a", "label": "b", "value": "c", "equal": true}]}"#,
        "Field matchers[0].label is repeated: once is allowed. Field \"matchers[0].equal\" is unknown: label, value and is_equal are allowed.",
    ),
    ("end", "{}", "Field by is missing: a string is needed."),
];

fn path(act: &str, id: &str) -> String {
    match act {
        "any" => "/alerts/suppress".to_owned(),
        "end" => "/alerts/silences/local-1/end".to_owned(),
        act => format!("/alerts/{id}/{act}"),
    }
}

#[tokio::test]
async fn mistakes_name_the_field_the_problem_and_what_is_allowed() {
    let mut shop = Shop::new();
    let id = shop.fire().await;
    for (act, body, said) in WRONG {
        let (status, answer) = shop.ask(Method::POST, &path(act, &id), body).await;
        let detail = answer["detail"].as_str().unwrap();
        assert_eq!(status, 400, "{act} {body}: {detail}");
        if said.ends_with('.') {
            assert_eq!(detail, said, "{act} {body}");
        } else {
            assert!(detail.starts_with(said), "{act} {body}: {detail}");
        }
        // No words of Rust.
        for word in ["f64", "i64", "struct", "sequence", "boolean", "unit", "`"] {
            assert!(!detail.contains(word), "{act} {body}: {detail}");
        }
    }
    let list = shop.ok("/alerts?name=CheckFailing").await;
    assert_eq!(list["alerts"][0]["acknowledged"], Json::Null);
    assert_eq!(shop.ok("/alerts/silences").await, json!({"silences": []}));
}

#[tokio::test]
async fn what_may_be_left_out_may_be_null() {
    let mut shop = Shop::new();
    let id = shop.fire().await;
    let body = json!({"by": "ann", "note": null, "until": null, "for_seconds": 60, "recurrence": null, "matchers": null});
    let (status, made) = shop.post(&path("suppress", &id), &body).await;
    assert_eq!(status, 201, "{made}");
}

/// A rejection does not grow with its body.
#[tokio::test]
async fn many_mistakes_are_cut() {
    let mut shop = Shop::new();
    let id = shop.fire().await;
    let fields = (0..1000).map(|n| (format!("{n:03}{}", "x".repeat(50)), Json::Null));
    let body = Json::Object(fields.collect());
    let (status, answer) = shop.post(&path("suppress", &id), &body).await;
    let detail = answer["detail"].as_str().unwrap();
    assert_eq!(status, 400);
    assert!(detail.contains(SUPPRESSION), "{detail}");
    assert!(
        detail.ends_with(" There are 991 more mistakes."),
        "{detail}"
    );
    assert!(detail.len() < 4096, "{}", detail.len());
}
