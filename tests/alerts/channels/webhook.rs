//! The webhook: Alertmanager's payload, templates, signatures, headers, and answers.

use serde_json::{Value as Json, json};
use tower_vitals::alerts::Level;
use tower_vitals::alerts::channels::{
    Channel, NotificationReason, NotifiedAlert, Webhook, from_webhook_url,
};
use tower_vitals::alerts::state::AlertId;
use uuid::Uuid;

use super::notifications::{MARKUP, alert, always_fits, empty, firing, resolve, runtime, test};
use super::sink::{Answer, Outcome, Received, Sink, connection_errors, retry};
use crate::support::python::python;

const PATH: &str = "/hooks/webhookSecretwebhookSecret";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn webhook(base: &str) -> Webhook {
    Webhook::new(&format!("{base}{PATH}")).unwrap()
}

fn vendor(received: &Received) -> Answer {
    assert_eq!(received.headers["content-type"], "application/json");
    if received.target == PATH {
        Answer::new(200, "")
    } else {
        Answer::new(404, "no such hook")
    }
}

#[tokio::test]
async fn the_payload_is_that_of_alertmanager() {
    let sink = Sink::start(vendor).await;
    let mut notification = firing("12.5% fail");
    notification
        .group_labels
        .insert("alertname".into(), "HighErrorRate".into());
    let labels = [("component", "checkout"), ("endpoint", "/cart")];
    let mut resolved = alert("High Error/Rate", Level::Critical, &labels, "12.5% fail");
    resolved.is_firing = false;
    resolved.ends_at = Some(super::notifications::now());
    notification.alerts.push(resolved);
    notification.left_out = 3;
    // Those of all labels, as Alertmanager computes them.
    let fingerprint = |alert: &NotifiedAlert| AlertId::of(&alert.name, &alert.labels);
    let ids: Vec<_> = notification.alerts.iter().map(fingerprint).collect();
    assert!(ids[0] != notification.alerts[0].id);
    webhook(&sink.url)
        .receiver("ops")
        .send(&notification)
        .await
        .unwrap();
    let expected = r#"{"receiver":"ops","status":"firing","alerts":[
        {"status":"firing",
         "labels":{"alertname":"HighErrorRate","component":"checkout","endpoint":"/pay","severity":"critical"},
         "annotations":{"summary":"12.5% fail"},
         "startsAt":"2026-11-29T02:40:00.5Z","endsAt":"0001-01-01T00:00:00Z",
         "generatorURL":"https://shop.example.com/alerts/rules/HighErrorRate/explain","fingerprint":"ID0"},
        {"status":"resolved",
         "labels":{"alertname":"High Error/Rate","component":"checkout","endpoint":"/cart","severity":"critical"},
         "annotations":{"summary":"12.5% fail"},
         "startsAt":"2026-11-29T02:40:00.5Z","endsAt":"2026-11-29T02:43:44Z",
         "generatorURL":"https://shop.example.com/alerts/rules/High%20Error%2FRate/explain","fingerprint":"ID1"}],
        "notification_reason":"first notification","groupLabels":{"alertname":"HighErrorRate"},
        "commonLabels":{"component":"checkout","severity":"critical"},"commonAnnotations":{"summary":"12.5% fail"},
        "externalURL":"https://shop.example.com","version":"4","groupKey":"{}:{alertname=\"HighErrorRate\"}","truncatedAlerts":3}"#;
    let expected: String = expected.lines().map(str::trim_start).collect();
    let expected = expected
        .replace("ID0", &ids[0].to_string())
        .replace("ID1", &ids[1].to_string());
    assert_eq!(sink.last().body, expected);
}

#[tokio::test]
async fn texts_and_reasons_are_in_the_payload() {
    let sink = Sink::start(vendor).await;
    let channel = webhook(&sink.url);
    channel.send(&test()).await.unwrap();
    let payload = sink.last().json();
    assert_eq!(
        payload["commonAnnotations"],
        json!({"text": "This is a test."})
    );
    assert_eq!(payload["alerts"], json!([]));
    assert_eq!(
        (&payload["status"], &payload["externalURL"]),
        (&json!("resolved"), &json!(""))
    );
    for (reason, word) in [
        (NotificationReason::NewAlerts, "new alerts added"),
        (NotificationReason::SomeResolved, "some alerts resolved"),
        (NotificationReason::AllResolved, "all alerts resolved"),
        (NotificationReason::Repeat, "repeat interval elapsed"),
        (NotificationReason::Escalation, "escalation"),
    ] {
        channel.send(&empty(reason)).await.unwrap();
        assert_eq!(sink.last().json()["notification_reason"], word);
    }
}

#[tokio::test]
async fn a_template_is_filled_with_values() {
    let sink = Sink::start(vendor).await;
    let template = json!({
        "summary": "{{title}}: {{ firing }} firing, {{ resolved }} resolved{{ instance }}",
        "counts": ["{{ firing }}", "{{ left_out }}", 7, null, true],
        "nested": {"level": "{{ level }}", "status": "{{ status }}", "fixed": "no {placeholder}"},
        "text": "{{ text }}",
        "instance": "{{ instance }}",
        "labels": "{{ labels }}",
        "start": "{{ time }} {{ reason }} {{ component }}",
        "alerts": "{{ alerts }}",
    });
    let channel = webhook(&sink.url).template(template).unwrap();
    let mut notification = firing("\"},\"admin\":true,\"x\":{\"{{ level }}");
    notification.instance = None;
    channel.send(&notification).await.unwrap();
    let mut body = sink.last().json();
    let alerts = body["alerts"].take();
    assert_eq!(alerts[0]["labels"]["endpoint"], "/pay");
    assert_eq!(
        body,
        json!({
            "summary": "[FIRING:1] HighErrorRate (shop): 1 firing, 0 resolved",
            "counts": [1, 0, 7, null, true],
            "nested": {"level": "critical", "status": "firing", "fixed": "no {placeholder}"},
            "text": "🔴 HighErrorRate (endpoint=/pay): \"},\"admin\":true,\"x\":{\"{{ level }}",
            "instance": null,
            "labels": {"alertname": "HighErrorRate", "component": "checkout", "endpoint": "/pay", "severity": "critical"},
            "start": "2026-11-29T02:43:44Z first notification checkout",
            "alerts": null,
        })
    );
    resolve(&mut notification);
    channel.send(&notification).await.unwrap();
    assert_eq!(sink.last().json()["nested"]["status"], "resolved");
}

#[test]
fn wrong_placeholders_are_named_at_construction() {
    let template = json!({
        "a": [{"b": "{{ titel }}"}, "{{ level"],
        "{{ status }}": 1,
        "ok": "{{ title }} }} {",
        "c": "{{}} {{ labels.x }}",
    });
    let error = webhook("http://127.0.0.1")
        .template(template)
        .unwrap_err()
        .to_string();
    for part in [
        r#"unknown placeholder "titel" at "/a/0/b""#,
        r#"a {{ without }} at "/a/1""#,
        r#"a placeholder in a key at "/{{ status }}""#,
        r#"unknown placeholder "" at "/c""#,
        r#"unknown placeholder "labels.x" at "/c""#,
        "title, text, status, level, component",
        "alerts are allowed",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert!(!error.contains("\"/ok\""), "{error}");
}

#[tokio::test]
async fn the_id_is_the_idempotency_key_and_headers_are_sent() {
    let sink = Sink::start(vendor).await;
    let channel = webhook(&sink.url)
        .header("X-Team", "ops")
        .and_then(|channel| channel.header("x-team", "web"))
        .and_then(|channel| channel.header("Authorization", "Bearer headerSecret"))
        .unwrap();
    let notification = test();
    sink.script(Answer::new(500, ""));
    channel.send(&notification).await.unwrap_err();
    channel.send(&notification).await.unwrap();
    for received in sink.received() {
        let key = received.headers["idempotency-key"].to_str().unwrap();
        assert_eq!(key.parse::<Uuid>().unwrap(), notification.id);
        assert_eq!(received.headers["x-team"], "web");
        assert_eq!(received.headers["authorization"], "Bearer headerSecret");
        assert!(
            received.headers["user-agent"]
                .to_str()
                .unwrap()
                .starts_with("tower-vitals/")
        );
        assert_eq!(received.headers.get("webhook-signature"), None);
    }
    let channel = || webhook(&sink.url);
    for (name, value, problem) in [
        ("x y", "headerSecret", "header name \"x y\" is invalid"),
        ("x", "header\nSecret", "the value of header x is invalid"),
        ("Content-Length", "3", "the client sets it"),
    ] {
        let error = channel().header(name, value).unwrap_err().to_string();
        assert!(
            error.contains(problem) && !error.contains("Secret"),
            "{error}"
        );
    }
    let url = sink.url.replace("http://", "http://user:p%40ss@");
    webhook(&url).send(&notification).await.unwrap();
    assert_eq!(sink.last().headers["authorization"], "Basic dXNlcjpwQHNz");
}

/// The Python of the documentation verifies requests, and refuses changed ones.
#[tokio::test]
#[ignore = "needs Python: tests/run"]
async fn signatures_are_verified_by_the_documented_receiver() {
    let docs = include_str!("../../../src/alerts/channels/http/webhook/webhook.md");
    let (_, python_code) = docs.split_once("```python\n").unwrap();
    let (python_code, _) = python_code.split_once("```").unwrap();
    let script = format!(
        "{python_code}
import json, sys
request = json.load(sys.stdin)
headers, body = request['headers'], request['body'].encode()
late = dict(headers, **{{'webhook-timestamp': str(int(headers['webhook-timestamp']) - 301)}})
print(is_authentic(request['secret'], headers, body),
      is_authentic(request['secret'], headers, body + b' '),
      is_authentic(request['secret'], late, body),
      is_authentic(request['secret'][:-1] + 'x', headers, body),
      is_authentic(request['secret'], dict(headers, **{{'webhook-id': 'x'}}), body))"
    );
    let sink = Sink::start(vendor).await;
    for secret in [SECRET, "a plain text of at least 24 bytes ä"] {
        let channel = webhook(&sink.url).sign_with(secret).unwrap();
        let notification = firing(MARKUP);
        channel.send(&notification).await.unwrap();
        let received = sink.last();
        let header = |name: &str| received.headers[name].to_str().unwrap().to_owned();
        assert_eq!(header("webhook-id"), notification.id.to_string());
        let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
        let headers: serde_json::Map<_, Json> = names
            .map(|name| (name.to_owned(), header(name).into()))
            .into_iter()
            .collect();
        let body = std::str::from_utf8(&received.body).unwrap();
        let request = json!({"secret": secret, "headers": headers, "body": body});
        assert_eq!(
            python(&script, &request.to_string()),
            "True False False False False\n"
        );
    }
}

#[test]
fn arbitrary_notifications_are_sent_whole() {
    let runtime = runtime();
    let sink = runtime.block_on(Sink::start(vendor));
    always_fits(&runtime, &webhook(&sink.url), |notification| {
        let payload = sink.last().json();
        let alerts = payload["alerts"].as_array().unwrap();
        assert_eq!(alerts.len(), notification.alerts.len());
        for (sent, alert) in alerts.iter().zip(&notification.alerts) {
            assert_eq!(sent["labels"], json!(alert.labels));
            assert_eq!(sent["annotations"], json!(alert.annotations));
        }
    });
}

#[tokio::test]
async fn answers_decide_what_happens_next() {
    let sink = Sink::start(vendor).await;
    let channel = webhook(&sink.url);
    for (answer, outcome) in [
        (Answer::new(200, ""), Outcome::Delivered),
        (Answer::new(202, "queued"), Outcome::Delivered),
        (Answer::new(204, ""), Outcome::Delivered),
        (
            Answer::new(302, "").header("location", "/login"),
            Outcome::Rejected,
        ),
        (Answer::new(400, "no"), Outcome::Rejected),
        (Answer::new(422, "no"), Outcome::Rejected),
        (Answer::new(401, ""), Outcome::Stopped),
        (Answer::new(403, ""), Outcome::Stopped),
        (Answer::new(404, ""), Outcome::Stopped),
        (Answer::new(410, ""), Outcome::Stopped),
        (Answer::new(408, ""), Outcome::Retry(None)),
        (
            Answer::new(429, "").header("retry-after", 120),
            retry(120.0),
        ),
        (
            Answer::new(429, "").header("retry-after", "soon"),
            Outcome::Retry(None),
        ),
        (Answer::new(500, ""), Outcome::Retry(None)),
        (
            Answer::new(503, "").header("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"),
            Outcome::Retry(None),
        ),
    ] {
        assert_eq!(
            sink.outcome(&channel, answer.clone()).await,
            outcome,
            "{answer:?}"
        );
    }
    sink.hangs(&channel).await;
    connection_errors(webhook, "webhookSecret").await;
}

#[test]
fn vendors_are_recognised_by_host() {
    for (url, kind) in [
        ("https://hooks.slack.com/services/T/B/x", "slack"),
        ("https://HOOKS.SLACK.COM:443/services/T/B/x", "slack"),
        (
            "https://hooks.slack.com.example.com/services/T/B/x",
            "webhook",
        ),
        ("https://example.com/hooks.slack.com", "webhook"),
        ("https://discord.com/api/webhooks/1/x", "discord"),
        (
            "https://discordapp.com/api/v10/webhooks/1/x?thread_id=3",
            "discord",
        ),
        ("https://canary.discord.com/api/webhooks/1/x", "discord"),
        ("https://notdiscord.com/api/webhooks/1/x", "webhook"),
        ("https://discord.com/invite", "webhook"),
        ("http://user:secret@127.0.0.1:9000/alerts", "webhook"),
    ] {
        assert_eq!(from_webhook_url(url).unwrap().kind(), kind, "{url}");
    }
    for url in [
        "",
        "discord.com/api/webhooks/1/fromSecret",
        "ftp://x/fromSecret",
        "https:///fromSecret",
    ] {
        let error = from_webhook_url(url).err().unwrap().to_string();
        assert!(
            error.starts_with("the URL of the webhook is invalid: "),
            "{error}"
        );
        assert!(!error.contains("fromSecret"), "{error}");
    }
}
