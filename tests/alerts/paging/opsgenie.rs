//! `Opsgenie`.

use std::time::Duration;

use serde_json::{Value, json};
use tower_vitals::ErrorKind;
use tower_vitals::alerts::Level;
use tower_vitals::alerts::channels::NotificationReason::{
    Acknowledged, First, SilenceBegan, SomeResolved, Test,
};
use tower_vitals::alerts::channels::{Channel, Opsgenie};

use super::notifications::{acknowledged, firing, notification, resolved};
use super::sink::{Received, Reply, Sink, assert_common, kind, says};

const KEY: &str = "planted0-89ab-cdef-0123-456789abcdef";

fn opsgenie(url: &str) -> Opsgenie {
    Opsgenie::new(KEY).unwrap().base_url(url).unwrap()
}

/// Enforces the documented limits.
fn enforce(request: &Received) -> Reply {
    if request.header("authorization") != Some(&format!("GenieKey {KEY}")) {
        return says(401, r#"{"message":"Could not authenticate"}"#);
    }
    let body = request.json();
    let length = |value: &Value| value.as_str().unwrap_or_default().encode_utf16().count();
    let mut holds = request.method == "POST" && length(&body["source"]) <= 100;
    if request.target == "/v2/alerts" {
        let tags = body["tags"].as_array().unwrap();
        let details = body["details"].as_object().unwrap();
        let size = details
            .iter()
            .map(|(name, value)| name.encode_utf16().count() + length(value));
        holds &= (1..=130).contains(&length(&body["message"]))
            && length(&body["alias"]) <= 512
            && length(&body["description"]) <= 15_000
            && length(&body["entity"]) <= 512
            && tags.len() <= 20
            && tags.iter().all(|tag| (1..=50).contains(&length(tag)))
            && details.values().all(Value::is_string)
            && size.sum::<usize>() <= 8_000
            && ["P1", "P2", "P3", "P4", "P5"].contains(&body["priority"].as_str().unwrap());
    } else {
        let path = request.target.strip_prefix("/v2/alerts/");
        let path = path.and_then(|path| path.strip_suffix("?identifierType=alias"));
        let parts = path.and_then(|path| path.split_once('/'));
        holds &= parts.is_some_and(|(_, action)| ["close", "acknowledge"].contains(&action))
            && length(&body["user"]) <= 100
            && length(&body["note"]) <= 25_000;
    }
    if holds {
        return says(
            202,
            r#"{"result":"Request will be processed","took":0.3,"requestId":"r"}"#,
        );
    }
    says(
        422,
        r#"{"message":"Request body is not processable","took":0.0,"requestId":"r"}"#,
    )
}

async fn server() -> Sink {
    Sink::new(|_, request| enforce(request)).await
}

#[tokio::test]
async fn alerts_are_created_acknowledged_and_closed_by_alias() {
    let sink = server().await;
    let mut alert = firing("ErrorRatio", &[("component", "payments")]);
    alert
        .annotations
        .insert("description".to_owned(), "More than usual.".to_owned());
    alert.annotations.insert(
        "runbook_url".to_owned(),
        "https://wiki.example.org".to_owned(),
    );
    let alias = format!("shop-{}", alert.id);
    let channel = opsgenie(&sink.url()).tag("eu");
    let both = notification(
        SomeResolved,
        [alert, resolved("ErrorRatio", &[("component", "payments")])],
    );
    assert_eq!(channel.send(&both).await, Ok(()));
    let known = acknowledged("ErrorRatio", &[("component", "payments")]);
    assert_eq!(
        channel.send(&notification(Acknowledged, [known])).await,
        Ok(())
    );
    let by_alias = alias.replace('-', "%2D");
    let targets: Vec<_> = sink
        .received()
        .into_iter()
        .map(|request| request.target)
        .collect();
    let expected = [
        "/v2/alerts".to_owned(),
        format!("/v2/alerts/{by_alias}/close?identifierType=alias"),
        format!("/v2/alerts/{by_alias}/acknowledge?identifierType=alias"),
    ];
    assert_eq!(targets, expected);
    let expected = [
        json!({
            "message": "ErrorRatio: 12 % of requests fail",
            "alias": alias,
            "description": "12 % of requests fail\n\nMore than usual.\n\nRunbook: https://wiki.example.org",
            "priority": "P2",
            "tags": ["error", "ErrorRatio", "shop", "eu"],
            "details": {
                "alertname": "ErrorRatio",
                "component": "payments",
                "instance": "shop-0",
                "runbook_url": "https://wiki.example.org",
                "value": "0.12",
            },
            "entity": "payments",
            "source": "shop-0",
        }),
        json!({ "source": "shop-0" }),
        json!({ "user": "Ada", "source": "shop-0", "note": "on it" }),
    ];
    assert_eq!(sink.bodies(), expected);
    assert!(channel.deduplicates() && channel.takes_acknowledgements());
}

#[tokio::test]
async fn long_texts_are_cut_to_the_limits() {
    let sink = server().await;
    let mut alert = firing(
        &"N".repeat(600),
        &[("a", &"🔥".repeat(3_000)), ("b", "short")],
    );
    for name in ["summary", "description"] {
        alert
            .annotations
            .insert(name.to_owned(), name.repeat(3_000));
    }
    for number in 0..900 {
        alert
            .labels
            .insert(format!("label_{number:03}"), "0123456789".to_owned());
    }
    alert.acknowledged = acknowledged("x", &[]).acknowledged;
    let act = alert.acknowledged.as_mut().unwrap();
    act.by = "A".repeat(300);
    act.note = Some("ä".repeat(30_000));
    let mut all = notification(First, [alert.clone()]);
    all.service = Some("ß/ ".repeat(400));
    all.instance = Some("i".repeat(200));
    let tags = (0..30).map(|number| format!("{number} {}", "tag".repeat(30)));
    let channel = tags.fold(opsgenie(&sink.url()), Opsgenie::tag);
    assert_eq!(channel.send(&all).await, Ok(()));
    all.reason = Acknowledged;
    all.id = serde_json::from_str("\"01890a5d-ac96-774b-bcce-b302099a8057\"").unwrap();
    assert_eq!(channel.send(&all).await, Ok(()));
    let body = &sink.bodies()[0];
    assert_eq!(body["tags"].as_array().unwrap().len(), 20);
    assert_eq!(body["message"], format!("{}…", "N".repeat(129)));
    // A detail that does not fit is left out. Those after it that fit are kept.
    assert_eq!(
        (&body["details"]["a"], &body["details"]["b"]),
        (&json!("🔥".repeat(3_000)), &json!("short"))
    );
    assert_eq!(body["details"].as_object().unwrap().len(), 66);
}

#[tokio::test]
async fn each_level_has_its_priority() {
    let sink = server().await;
    let levels = [Level::Info, Level::Warning, Level::Error, Level::Critical];
    let alerts = levels.map(|level| {
        let mut alert = firing(level.as_str(), &[]);
        alert.level = level;
        alert
    });
    opsgenie(&sink.url())
        .send(&notification(First, alerts))
        .await
        .unwrap();
    let priorities: Vec<_> = sink
        .bodies()
        .iter()
        .map(|body| body["priority"].clone())
        .collect();
    assert_eq!(priorities, ["P5", "P3", "P2", "P1"]);
}

#[tokio::test]
async fn errors_are_treated_as_documented() {
    let alert = notification(First, [firing("ErrorRatio", &[])]);
    assert_common(opsgenie, &alert).await;
    for (status, expected) in [(202, "ok"), (400, "rejected"), (422, "rejected")] {
        let sink = Sink::always(says(status, "{}")).await;
        let result = opsgenie(&sink.url()).send(&alert).await;
        assert_eq!(kind(&result), (expected, None), "{status}");
    }
    let headers = vec![
        ("X-RateLimit-State", "THROTTLED".to_owned()),
        ("X-RateLimit-Period-In-Sec", "60".to_owned()),
    ];
    let sink = Sink::always(Reply::Says(429, headers, String::new())).await;
    let result = opsgenie(&sink.url()).send(&alert).await;
    assert_eq!(kind(&result), ("retry", Some(Duration::from_secs(60))));
    // An alert that somebody deleted there does not stop the channel.
    let gone = notification(SomeResolved, [resolved("Deleted", &[])]);
    for (status, expected) in [(404, "rejected"), (401, "stopped"), (403, "stopped")] {
        let sink = Sink::always(says(status, "{}")).await;
        let result = opsgenie(&sink.url()).send(&gone).await;
        assert_eq!(kind(&result), (expected, None), "{status}");
    }
}

#[tokio::test]
async fn a_retry_goes_on_with_the_alerts_that_are_left() {
    let sink = Sink::new(|earlier, _| match earlier {
        1 => says(422, "{}"),
        3 => says(429, ""),
        _ => says(202, ""),
    })
    .await;
    let channel = opsgenie(&sink.url());
    let five = notification(
        First,
        ["A", "B", "C", "D", "E"].map(|name| firing(name, &[])),
    );
    assert_eq!(kind(&channel.send(&five).await), ("retry", None));
    let error = channel.send(&five).await.unwrap_err();
    assert!(
        error.message().starts_with("1 of 5 alerts are rejected"),
        "{error}"
    );
    let bodies = sink.bodies();
    let messages: Vec<_> = bodies
        .iter()
        .map(|body| &body["message"].as_str().unwrap()[..1])
        .collect();
    assert_eq!(messages, ["A", "B", "C", "D", "D", "E"]);
}

#[tokio::test]
async fn a_test_creates_an_alert_and_silences_send_nothing() {
    let sink = server().await;
    let channel = opsgenie(&sink.url());
    assert_eq!(
        channel
            .send(&notification(SilenceBegan, [firing("ErrorRatio", &[])]))
            .await,
        Ok(())
    );
    assert_eq!(sink.bodies().len(), 0);
    assert_eq!(channel.send(&notification(Test, [])).await, Ok(()));
    let [body] = &sink.bodies()[..] else { panic!() };
    assert_eq!(
        body["message"],
        "ChannelTest: This is a test of this channel. Nothing is wrong."
    );
    assert_eq!(body["priority"], "P5");
}

#[tokio::test]
async fn the_key_appears_nowhere() {
    let alert = notification(First, [firing("ErrorRatio", &[])]);
    let mut shown = String::new();
    for status in [401, 422, 429, 500] {
        let sink = Sink::always(says(status, &format!("no such key {KEY}"))).await;
        let channel = opsgenie(&sink.url());
        let error = channel.send(&alert).await.unwrap_err();
        assert!(error.message().contains("no such key"), "{error}");
        shown = format!("{shown} {error} {error:?} {channel:?}");
    }
    for key in ["", "planted0 key", "planted0\r\nx: y"] {
        let error = Opsgenie::new(key).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        shown = format!("{shown} {error} {error:?}");
    }
    assert!(!shown.contains("planted"), "{shown}");
}
