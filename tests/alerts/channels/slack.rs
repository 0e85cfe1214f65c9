//! Slack: limits, markup, and answers.

use serde_json::{Value as Json, json};
use tower_vitals::alerts::channels::{Channel, NotificationReason, Slack};

use super::notifications::{MARKUP, always_fits, empty, firing, many, resolve, runtime};
use super::sink::{Answer, Outcome, Received, Sink, connection_errors, retry, text, utf16};

const PATH: &str = "/services/T00000000/B00000000/slackSecretslackSecret24";

fn slack(base: &str) -> Slack {
    Slack::new(&format!("{base}{PATH}")).unwrap()
}

/// Enforces the limits of <https://docs.slack.dev/reference/block-kit>.
fn vendor(received: &Received) -> Answer {
    if received.target != PATH {
        return Answer::new(404, "no_service");
    }
    assert_eq!(received.headers["content-type"], "application/json");
    match broken_limit(&received.json()) {
        Some(limit) => Answer::new(400, format!("invalid_payload: {limit}")),
        None => Answer::new(200, "ok"),
    }
}

fn broken_limit(payload: &Json) -> Option<String> {
    let is_within = |text: &str, limit| (1..=limit).contains(&utf16(text));
    if !is_within(text(payload, "text"), 40_000) {
        return Some("text".to_owned());
    }
    let blocks = payload["blocks"].as_array().unwrap();
    if !(1..=50).contains(&blocks.len()) {
        return Some("blocks".to_owned());
    }
    let is_wrong = |block: &&Json| {
        let is_text = |object: &Json, limit| {
            let allowed: &[&str] = match text(object, "type") {
                "plain_text" => &["type", "text", "emoji"],
                "mrkdwn" => &["type", "text", "verbatim"],
                _ => &[],
            };
            let keys = object.as_object().unwrap();
            keys.keys().all(|key| allowed.contains(&&**key))
                && is_within(text(object, "text"), limit)
        };
        !match text(block, "type") {
            "header" => {
                is_text(&block["text"], 150) && text(&block["text"], "type") == "plain_text"
            }
            "section" => is_text(&block["text"], 3_000),
            "context" => {
                let elements = block["elements"].as_array().unwrap();
                (1..=10).contains(&elements.len())
                    && elements.iter().all(|element| is_text(element, 3_000))
            }
            _ => false,
        }
    };
    blocks.iter().find(is_wrong).map(ToString::to_string)
}

/// The lines that a person sees. Panics on anything that is more than text, a link to a runbook aside.
fn seen(payload: &Json) -> String {
    assert_eq!(payload["mrkdwn"], false);
    assert_eq!(payload["link_names"], false);
    assert_eq!(payload.get("parse"), None);
    unescape(text(payload, "text"));
    let mut lines = Vec::new();
    for block in payload["blocks"].as_array().unwrap() {
        let element = block.get("text").unwrap_or(&block["elements"][0]);
        let raw = text(element, "text");
        if text(element, "type") == "plain_text" {
            assert_eq!(element["emoji"], false);
            lines.push(unescape(raw));
        } else {
            assert_eq!(element["verbatim"], true);
            let link = raw
                .strip_prefix('<')
                .unwrap()
                .strip_suffix("|Runbook>")
                .unwrap();
            assert!(link.starts_with("http"), "{raw}");
            assert!(!link.contains(['|', '<', '>', ' ', '\n']), "{raw}");
            lines.push(format!("Runbook: {}", unescape(link)));
        }
    }
    lines.join("\n")
}

/// Slack knows three entities. `<` begins a mention or a link.
fn unescape(text: &str) -> String {
    let mut seen = String::new();
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        let entities = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>')];
        let entity = entities.iter().find(|(entity, _)| rest.starts_with(entity));
        assert!(entity.is_some() || !"<>&".contains(char), "active: {rest}");
        let (length, char) = entity.map_or((char.len_utf8(), char), |it| (it.0.len(), it.1));
        seen.push(char);
        rest = &rest[length..];
    }
    seen
}

#[tokio::test]
async fn an_alert_has_its_level_component_time_and_text() {
    let sink = Sink::start(vendor).await;
    let mut notification = firing("12.5% of requests fail");
    let annotations = &mut notification.alerts[0].annotations;
    annotations.insert(
        "runbook_url".into(),
        "https://wiki.example.com/a?b=c&d".into(),
    );
    slack(&sink.url).send(&notification).await.unwrap();
    let payload = sink.last().json();
    assert_eq!(
        seen(&payload),
        "🔴 CRITICAL [FIRING:1] HighErrorRate (shop)\n\
         Component: checkout\n\
         Time: 2026-11-29 02:43:44 UTC\n\
         🔴 HighErrorRate (endpoint=/pay): 12.5% of requests fail\n\
         Runbook: https://wiki.example.com/a?b=c&d\n\
         shop, shop-1"
    );
    let phone = "🔴 CRITICAL [FIRING:1] HighErrorRate (shop)\n🔴 HighErrorRate (endpoint=/pay): 12.5% of requests fail";
    assert_eq!(payload["text"], phone);

    resolve(&mut notification);
    slack(&sink.url).send(&notification).await.unwrap();
    let seen = seen(&sink.last().json());
    assert!(
        seen.starts_with("✅ RESOLVED (CRITICAL) [RESOLVED:1] HighErrorRate (shop)\n"),
        "{seen}"
    );
}

#[tokio::test]
async fn reasons_that_alerts_do_not_tell_are_told() {
    let sink = Sink::start(vendor).await;
    let channel = slack(&sink.url);
    for (reason, note) in [
        (
            NotificationReason::Escalation,
            Some("Nobody acknowledged this in time."),
        ),
        (
            NotificationReason::Fallback,
            Some("Another channel failed to deliver this."),
        ),
        (NotificationReason::Repeat, Some("Still firing.")),
        (NotificationReason::First, None),
    ] {
        let mut notification = firing("text");
        notification.reason = reason;
        channel.send(&notification).await.unwrap();
        let seen = seen(&sink.last().json());
        let third = seen.lines().nth(3).unwrap();
        let expected = note.unwrap_or("🔴 HighErrorRate (endpoint=/pay): text");
        assert_eq!(third, expected);
    }
    let mut notification = empty(NotificationReason::Summary);
    notification.text = Some("12 notifications were held back:\nA, B".to_owned());
    channel.send(&notification).await.unwrap();
    let facts = "🔵 INFO\nTime: 2026-11-29 02:43:44 UTC\n";
    let expected = format!("{facts}12 notifications were held back:\nA, B");
    assert_eq!(seen(&sink.last().json()), expected);
}

#[tokio::test]
async fn markup_arrives_as_typed_and_nobody_is_mentioned() {
    let sink = Sink::start(vendor).await;
    slack(&sink.url).send(&firing(MARKUP)).await.unwrap();
    let payload = sink.last().json();
    let seen = seen(&payload);
    assert!(
        seen.contains(&format!("(endpoint=/pay): {MARKUP}\n")),
        "{seen}"
    );
    assert!(!payload.to_string().contains("<!"), "{payload}");
}

#[tokio::test]
async fn a_runbook_that_is_no_plain_url_is_text() {
    let sink = Sink::start(vendor).await;
    for url in [
        "https://a|<!channel>",
        "javascript:alert(1)",
        "https://a b",
        "<!channel>",
    ] {
        let mut notification = firing("text");
        let annotations = &mut notification.alerts[0].annotations;
        annotations.insert("runbook_url".into(), url.into());
        slack(&sink.url).send(&notification).await.unwrap();
        let payload = sink.last().json();
        assert!(
            seen(&payload).contains(&format!("\nRunbook: {url}\n")),
            "{payload}"
        );
        assert!(!payload.to_string().contains("mrkdwn\","), "{payload}");
    }
}

#[tokio::test]
async fn fifteen_alerts_are_shown_and_the_others_are_counted() {
    let sink = Sink::start(vendor).await;
    let mut notification = many(40);
    notification.left_out = 2;
    slack(&sink.url).send(&notification).await.unwrap();
    let seen = seen(&sink.last().json());
    assert_eq!(seen.matches("shard=").count(), 15, "{seen}");
    assert!(
        seen.contains("🟡 Rule14 (shard=14): summary 14\nand 27 more\n"),
        "{seen}"
    );
}

#[test]
fn arbitrary_notifications_keep_the_limits() {
    let runtime = runtime();
    let sink = runtime.block_on(Sink::start(vendor));
    always_fits(&runtime, &slack(&sink.url), |_| {
        seen(&sink.last().json());
    });
}

#[tokio::test]
async fn answers_decide_what_happens_next() {
    let sink = Sink::start(vendor).await;
    let channel = slack(&sink.url);
    for (answer, outcome) in [
        (Answer::new(200, "ok"), Outcome::Delivered),
        (Answer::new(400, "invalid_payload"), Outcome::Rejected),
        (Answer::new(413, "too large"), Outcome::Rejected),
        (Answer::new(401, ""), Outcome::Stopped),
        (Answer::new(403, "action_prohibited"), Outcome::Stopped),
        (Answer::new(403, "invalid_token"), Outcome::Stopped),
        (Answer::new(404, "channel_not_found"), Outcome::Stopped),
        (Answer::new(410, "channel_is_archived"), Outcome::Stopped),
        (Answer::new(429, "").header("retry-after", 30), retry(30.0)),
        (Answer::new(429, ""), Outcome::Retry(None)),
        (Answer::new(500, "rollup_error"), Outcome::Retry(None)),
        (Answer::new(503, "").header("retry-after", 7), retry(7.0)),
    ] {
        assert_eq!(
            sink.outcome(&channel, answer.clone()).await,
            outcome,
            "{answer:?}"
        );
    }
    sink.hangs(&channel).await;
    connection_errors(slack, "slackSecret").await;
}

#[tokio::test]
async fn the_reason_of_a_refusal_is_told() {
    let sink = Sink::start(vendor).await;
    let error = Slack::new(&format!("{}/services/T/B/wrong", sink.url)).unwrap();
    let error = error.send(&firing("text")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the response is 404 Not Found: no_service"
    );
    // The sink refuses what breaks a limit.
    assert_eq!(
        broken_limit(&json!({"text": "x".repeat(40_001), "blocks": []})),
        Some("text".to_owned())
    );
}
