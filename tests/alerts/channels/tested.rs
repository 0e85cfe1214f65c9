//! The test of a channel arrives as a message that its receiver understands: one alert that fires.

use serde_json::{Value as Json, json};
use tower_vitals::alerts::channels::{Discord, Slack, Webhook};
use tower_vitals::alerts::{Alerts, Receiver};

use super::sink::{Answer, Received, Sink};

fn vendor(received: &Received) -> Answer {
    match &*received.target {
        "/slack" => Answer::new(200, "ok"),
        "/discord?wait=true" => Answer::new(200, "{}"),
        _ => Answer::new(204, ""),
    }
}

async fn tested(sink: &Sink, channel: impl Into<Receiver>) -> Json {
    let alerts = Alerts::builder()
        .service("shop")
        .instance("shop-1")
        .external_url("https://shop.example")
        .channel(channel)
        .manual()
        .run()
        .unwrap();
    // A test needs no evaluation before it.
    let name = alerts.stats().channels[0].name.clone();
    alerts.test_channel(&name).await.unwrap();
    sink.last().json()
}

/// A consumer of Alertmanager's payload reads `status` and `alerts`, and drops messages without alerts.
#[tokio::test]
async fn a_webhook_gets_one_firing_alert() {
    let sink = Sink::start(vendor).await;
    let channel = Webhook::new(&format!("{}/hook", sink.url)).unwrap();
    let mut payload = tested(&sink, Receiver::new("ops", channel)).await;
    let labels = json!({"alertname": "ChannelTest", "service": "shop", "severity": "info"});
    let annotations = json!({"summary": "This is a test of the channel ops. Nothing is wrong."});
    let alert = payload["alerts"][0].as_object_mut().unwrap();
    assert!(alert.remove("startsAt").unwrap().is_string());
    assert!(alert.remove("fingerprint").unwrap().is_string());
    let expected = json!({
        "receiver": "webhook", "status": "firing", "notification_reason": "test", "version": "4", "groupKey": "test",
        "alerts": [{
            "status": "firing", "labels": labels, "annotations": annotations, "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "https://shop.example/alerts",
        }],
        "groupLabels": {"alertname": "ChannelTest"}, "commonLabels": labels, "commonAnnotations": annotations,
        "externalURL": "https://shop.example", "truncatedAlerts": 0,
    });
    assert_eq!(payload, expected);
}

#[tokio::test]
async fn a_chat_gets_a_message_that_says_so() {
    let sink = Sink::start(vendor).await;
    let slack = Slack::new(&format!("{}/slack", sink.url)).unwrap();
    let discord = Discord::new(&format!("{}/discord", sink.url)).unwrap();
    for message in [tested(&sink, slack).await, tested(&sink, discord).await] {
        // Discord escapes markup.
        let text = message.to_string().replace('\\', "");
        for part in [
            "\u{1f535} INFO [FIRING:1] ChannelTest (shop)",
            "(service=shop): This is a test of the channel ",
            "Nothing is wrong.",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("RESOLVED"), "{text}");
    }
}
