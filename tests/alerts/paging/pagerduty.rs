//! `PagerDuty`.

use serde_json::json;
use tower_vitals::ErrorKind;
use tower_vitals::alerts::channels::NotificationReason::{
    Acknowledged, First, SilenceBegan, SilenceEnded, SomeResolved, Test,
};
use tower_vitals::alerts::channels::{Channel, Mode, PagerDuty};

use super::notifications::{acknowledged, firing, notification, resolved};
use super::sink::{Received, Reply, Sink, assert_common, kind, says};

const KEY: &str = "R0PLANTED0123456789SECRET0abcdef";

fn pager(url: &str) -> PagerDuty {
    PagerDuty::new(KEY).unwrap().base_url(url).unwrap()
}

/// Enforces the documented limits. The second reply is that of the documentation.
fn enforce(request: &Received) -> Reply {
    let mut errors = Vec::new();
    let mut check = |holds: bool, error: &str| {
        if !holds {
            errors.push(error.to_owned());
        }
    };
    check(
        request.method == "POST" && request.target == "/v2/enqueue",
        "route",
    );
    check(
        request.header("content-type") == Some("application/json"),
        "content type",
    );
    check(request.body.len() <= 512 * 1024, "size");
    let event = request.json();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let length = |value: &serde_json::Value| text(value).encode_utf16().count();
    check(
        length(&event["routing_key"]) == 32,
        "Length of 'routing_key' is incorrect",
    );
    check(
        (1..=255).contains(&length(&event["dedup_key"])),
        "dedup_key",
    );
    match text(&event["event_action"]).as_str() {
        "trigger" => {
            let payload = &event["payload"];
            check((1..=1024).contains(&length(&payload["summary"])), "summary");
            check(length(&payload["source"]) > 0, "source");
            let severity = text(&payload["severity"]);
            let severities = ["critical", "error", "warning", "info"];
            check(severities.contains(&severity.as_str()), "severity");
        }
        "acknowledge" | "resolve" => {}
        _ => check(false, "event_action"),
    }
    if errors.is_empty() {
        return says(
            202,
            r#"{"status":"success","message":"Event processed","dedup_key":"k"}"#,
        );
    }
    let body = json!({ "status": "invalid event", "message": "Event object is invalid", "errors": errors });
    says(400, &body.to_string())
}

async fn pagerduty() -> Sink {
    Sink::new(|_, request| enforce(request)).await
}

#[tokio::test]
async fn each_alert_is_an_event() {
    let sink = pagerduty().await;
    let mut alert = firing(
        "ErrorRatio",
        &[("endpoint", "/pay"), ("component", "payments")],
    );
    let runbook = "https://wiki.example.org/errors";
    alert
        .annotations
        .insert("runbook_url".to_owned(), runbook.to_owned());
    let key = format!("shop-{}", alert.id);
    let gone = resolved("Latency", &[]);
    let gone_key = format!("shop-{}", gone.id);
    let channel = pager(&sink.url());
    let sent = channel
        .send(&notification(SomeResolved, [alert.clone(), gone]))
        .await;
    assert_eq!(sent, Ok(()));
    let known = acknowledged(
        "ErrorRatio",
        &[("endpoint", "/pay"), ("component", "payments")],
    );
    // Others of the group are not acknowledged.
    let both = [known, firing("Other", &[])];
    channel
        .send(&notification(Acknowledged, both))
        .await
        .unwrap();
    let expected = [
        json!({
            "routing_key": KEY,
            "event_action": "trigger",
            "dedup_key": key,
            "client": "shop",
            "client_url": "https://shop.example.org/vitals",
            "links": [{ "href": runbook, "text": "Runbook" }],
            "payload": {
                "summary": "ErrorRatio: 12 % of requests fail",
                "source": "shop-0",
                "severity": "error",
                "timestamp": "2026-08-01T11:55:00Z",
                "component": "payments",
                "group": "shop",
                "class": "ErrorRatio",
                "custom_details": {
                    "labels": { "alertname": "ErrorRatio", "component": "payments", "endpoint": "/pay" },
                    "annotations": { "runbook_url": runbook, "summary": "12 % of requests fail" },
                    "value": 0.12,
                },
            },
        }),
        json!({ "routing_key": KEY, "event_action": "resolve", "dedup_key": gone_key }),
        json!({ "routing_key": KEY, "event_action": "acknowledge", "dedup_key": key }),
    ];
    assert_eq!(sink.bodies(), expected);
    assert_eq!(channel.mode(), Mode::Notifications);
    assert!(channel.deduplicates() && channel.takes_acknowledgements());
}

#[tokio::test]
async fn the_same_alert_of_two_instances_is_two_incidents() {
    let sink = pagerduty().await;
    let channel = pager(&sink.url());
    let mut one = notification(First, [firing("HighCpu", &[])]);
    one.owner = Some("shop-1".to_owned());
    let mut other = one.clone();
    other.owner = Some("shop-2".to_owned());
    channel.send(&one).await.unwrap();
    channel.send(&other).await.unwrap();
    let id = one.alerts[0].id;
    let keys: Vec<_> = sink
        .bodies()
        .iter()
        .map(|it| it["dedup_key"].clone())
        .collect();
    assert_eq!(
        keys,
        [format!("shop-shop-1-{id}"), format!("shop-shop-2-{id}")]
    );
}

#[tokio::test]
async fn long_texts_are_cut_to_the_limits() {
    let sink = pagerduty().await;
    let mut long = firing("Löng", &[("endpoint", &"🔥".repeat(5_000))]);
    long.annotations
        .insert("summary".to_owned(), "🔥".repeat(5_000));
    let mut many = firing("Many", &[]);
    for number in 0..1_000 {
        many.labels
            .insert(format!("label_{number}"), "x".repeat(5_000));
    }
    many.value = Some(f64::NAN);
    let mut all = notification(First, [long, many]);
    all.service = Some("ß".repeat(400));
    assert_eq!(pager(&sink.url()).send(&all).await, Ok(()));
    let [long, many] = &sink.bodies()[..] else {
        panic!()
    };
    // `Löng: ` and 508 flames of two code units, then the ellipsis.
    assert_eq!(
        long["payload"]["summary"],
        format!("Löng: {}…", "🔥".repeat(508))
    );
    assert!(
        long["payload"]["custom_details"]["labels"]["endpoint"]
            .as_str()
            .unwrap()
            .ends_with("🔥…")
    );
    assert!(
        long["dedup_key"]
            .as_str()
            .unwrap()
            .ends_with(&format!("ß…-{}", all.alerts[0].id))
    );
    let left_out = "The labels and annotations are larger than PagerDuty allows.";
    assert_eq!(
        many["payload"]["custom_details"],
        json!({ "left_out": left_out })
    );
}

#[tokio::test]
async fn errors_are_treated_as_documented() {
    let alert = notification(First, [firing("ErrorRatio", &[])]);
    assert_common(pager, &alert).await;
    let documented = r#"{"status":"invalid event","message":"Event object is invalid","errors":["Length of 'routing_key' is incorrect (should be 32 characters)"]}"#;
    for (status, body, expected) in [
        (202, "", "ok"),
        (
            400,
            r#"{"status":"invalid event","errors":["summary is missing"]}"#,
            "rejected",
        ),
        // No event with this key can succeed.
        (400, documented, "stopped"),
        (413, "", "rejected"),
    ] {
        let sink = Sink::always(says(status, body)).await;
        let result = pager(&sink.url()).send(&alert).await;
        assert_eq!(kind(&result), (expected, None), "{status} {body}");
    }
}

#[tokio::test]
async fn a_rejected_event_does_not_stop_the_others() {
    let sink = Sink::new(|earlier, _| match earlier {
        1 => says(400, r#"{"errors":["summary is missing"]}"#),
        _ => says(202, ""),
    })
    .await;
    let channel = pager(&sink.url());
    let three = notification(First, ["A", "B", "C"].map(|name| firing(name, &[])));
    let error = channel.send(&three).await.unwrap_err();
    assert_eq!(kind(&Err(error.clone())), ("rejected", None));
    assert!(
        error
            .message()
            .starts_with("1 of 3 alerts are rejected: the response is 400"),
        "{error}"
    );
    assert_eq!(sink.received().len(), 3);
}

#[tokio::test]
async fn a_retry_goes_on_with_the_events_that_are_left() {
    // Of 200 events, 60 are taken before each 429, one is rejected, and the last 429 is the sixth request of the fourth attempt.
    let sink = Sink::new(|earlier, _| match earlier {
        30 => says(400, "{}"),
        60 | 121 | 182 => says(429, ""),
        _ => says(202, ""),
    })
    .await;
    let channel = pager(&sink.url());
    let names = (0..200).map(|number| format!("Alert{number}"));
    let many = notification(First, names.map(|name| firing(&name, &[])));
    let mut other = many.clone();
    other.id = uuid();
    for attempt in 0..3 {
        let result = channel.send(&many).await;
        assert_eq!(kind(&result), ("retry", None), "{attempt}");
    }
    let error = channel.send(&many).await.unwrap_err();
    assert!(
        error.message().starts_with("1 of 200 alerts are rejected"),
        "{error}"
    );
    // Each alert was judged once, and three were tried again.
    assert_eq!(sink.received().len(), 203);
    // Another notification of the same alerts is sent whole.
    assert_eq!(channel.send(&other).await, Ok(()));
    assert_eq!(sink.received().len(), 403);
}

fn uuid<T: serde::de::DeserializeOwned>() -> T {
    serde_json::from_str("\"01890a5d-ac96-774b-bcce-b302099a8057\"").unwrap()
}

#[tokio::test]
async fn a_test_triggers_an_incident_and_silences_send_nothing() {
    let sink = pagerduty().await;
    let channel = pager(&sink.url());
    for reason in [SilenceBegan, SilenceEnded] {
        let mut silence = notification(reason, [firing("ErrorRatio", &[])]);
        silence.text = Some("Ada silenced ErrorRatio".to_owned());
        assert_eq!(channel.send(&silence).await, Ok(()));
    }
    assert_eq!(channel.send(&notification(First, [])).await, Ok(()));
    assert_eq!(sink.bodies().len(), 0);
    let mut test = notification(Test, []);
    test.text = Some("Ada tests the channel".to_owned());
    assert_eq!(channel.send(&test).await, Ok(()));
    let [event] = &sink.bodies()[..] else {
        panic!()
    };
    assert_eq!(event["event_action"], "trigger");
    assert_eq!(event["payload"]["severity"], "info");
    assert_eq!(
        event["payload"]["summary"],
        "ChannelTest: Ada tests the channel"
    );
}

#[tokio::test]
async fn the_key_appears_nowhere() {
    let (log, _guard) = crate::support::log::Log::of_this_thread();
    let alert = notification(First, [firing("ErrorRatio", &[])]);
    let mut shown = String::new();
    for status in [400, 403, 429, 500] {
        let sink = Sink::always(says(
            status,
            &format!("{{\"errors\":[\"no such key {KEY}\"]}}"),
        ))
        .await;
        let channel = pager(&sink.url());
        let error = channel.send(&alert).await.unwrap_err();
        assert!(error.message().contains("no such key"), "{error}");
        shown = format!("{shown} {error} {error:?} {channel:?}");
    }
    for key in [
        "",
        "R0PLANTED0123456789SECRET0abcde",
        "R0PLANTED0123456789SECRET0abcde\n",
    ] {
        let error = PagerDuty::new(key).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        shown = format!("{shown} {error} {error:?}");
    }
    for url in ["events.pagerduty.com", "http://", "https://h/?key=x"] {
        let error = PagerDuty::new(KEY).unwrap().base_url(url).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("the base URL of PagerDuty is invalid: "),
            "{error}"
        );
    }
    let shown = shown + &log.text();
    assert!(!shown.contains("PLANTED"), "{shown}");
    assert!(
        shown.contains("PagerDuty { server: \"http://127.0.0.1:"),
        "{shown}"
    );
}
