//! Telegram: limits, mentions, and answers.

use serde_json::{Value as Json, json};
use tower_vitals::alerts::channels::{Channel, NotificationReason, Telegram};

use super::notifications::{MARKUP, always_fits, empty, firing, many, resolve, runtime};
use super::sink::{Answer, Outcome, Received, Sink, connection_errors, retry, text, utf16};
use crate::support::log::Log;

const TOKEN: &str = "123456789:telegramSecretSecretSecretSecret123";
const GROUP: i64 = -1234;

fn telegram(base: &str) -> Telegram {
    let telegram = Telegram::new(TOKEN, GROUP).unwrap();
    telegram.base_url(base).unwrap()
}

fn failure(code: u16, description: &str) -> Answer {
    let body = json!({"ok": false, "error_code": code, "description": description});
    Answer::new(code, body)
}

/// Enforces the limits of <https://core.telegram.org/bots/api#sendmessage>.
fn vendor(received: &Received) -> Answer {
    if received.target != format!("/bot{TOKEN}/sendMessage") {
        return failure(404, "Not Found");
    }
    let request = received.json();
    if request["chat_id"] != json!(GROUP) {
        return failure(400, "Bad Request: chat not found");
    }
    let text = text(&request, "text");
    if text.trim().is_empty() {
        return failure(400, "Bad Request: message text is empty");
    }
    if utf16(text) > 4_096 {
        return failure(400, "Bad Request: message is too long");
    }
    if request["entities"].as_array().map_or(0, Vec::len) > 100 {
        return failure(400, "entities after the first 100 are ignored");
    }
    Answer::new(200, json!({"ok": true, "result": {"message_id": 1}}))
}

/// The text that a person sees. Panics if Telegram would find a mention in it.
fn seen(request: &Json) -> String {
    assert_eq!(request.get("parse_mode"), None);
    assert_eq!(request["link_preview_options"]["is_disabled"], true);
    let text = text(request, "text");
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut is_code = vec![false; units.len()];
    let mut end = 0;
    for entity in request["entities"].as_array().into_iter().flatten() {
        assert_eq!(entity["type"], "code");
        let number = |name: &str| entity[name].as_u64().unwrap() as usize;
        let (start, length) = (number("offset"), number("length"));
        assert!(start >= end && length > 0, "{entity} overlaps or is empty");
        end = start + length;
        String::from_utf16(&units[start..end]).expect("between characters");
        is_code[start..end].fill(true);
    }
    // A mention is an @ before a letter, a digit or an underscore.
    let is_name = |unit: &u16| {
        u8::try_from(*unit).is_ok_and(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
    };
    for (at, unit) in units.iter().enumerate() {
        let is_mention = *unit == u16::from(b'@') && units.get(at + 1).is_some_and(is_name);
        assert!(
            !is_mention || (is_code[at] && is_code[at + 1]),
            "a mention at {at}: {text}"
        );
    }
    text.to_owned()
}

#[tokio::test]
async fn a_message_has_the_documented_shape() {
    let sink = Sink::start(vendor).await;
    let mut notification = firing("12.5% of requests fail");
    let annotations = &mut notification.alerts[0].annotations;
    annotations.insert("runbook_url".into(), "https://wiki.example.com/a_b".into());
    telegram(&sink.url).send(&notification).await.unwrap();
    assert_eq!(
        seen(&sink.last().json()),
        "🔴 CRITICAL\n\
         Component: checkout\n\
         Time: 2026-11-29 02:43:44 UTC\n\
         \n\
         🔴 HighErrorRate (endpoint=/pay): 12.5% of requests fail\n\
         Runbook: https://wiki.example.com/a_b\n\
         \n\
         shop, shop-1"
    );
    resolve(&mut notification);
    telegram(&sink.url).send(&notification).await.unwrap();
    assert!(seen(&sink.last().json()).starts_with("✅ RESOLVED (CRITICAL)\nComponent: checkout\n"));
}

#[tokio::test]
async fn options_are_sent() {
    let sink = Sink::start(vendor).await;
    telegram(&sink.url).send(&firing("text")).await.unwrap();
    let plain = sink.last().json();
    assert_eq!(plain.get("message_thread_id"), None);
    assert_eq!(plain.get("disable_notification"), None);
    let channel = telegram(&sink.url).thread_id(7).silent();
    channel.send(&firing("text")).await.unwrap();
    let request = sink.last().json();
    assert_eq!(request["message_thread_id"], 7);
    assert_eq!(request["disable_notification"], true);
    let channel = Telegram::new(TOKEN, "@ops_channel").unwrap();
    let channel = channel.base_url(&format!("{}/", sink.url)).unwrap();
    sink.script(Answer::new(200, "{}"));
    channel.send(&firing("text")).await.unwrap();
    assert_eq!(sink.last().json()["chat_id"], "@ops_channel");
    assert_eq!(sink.last().target, format!("/bot{TOKEN}/sendMessage"));
}

#[tokio::test]
async fn markup_arrives_as_typed_and_nobody_is_mentioned() {
    let sink = Sink::start(vendor).await;
    telegram(&sink.url).send(&firing(MARKUP)).await.unwrap();
    let seen = seen(&sink.last().json());
    assert!(
        seen.contains(&format!("(endpoint=/pay): {MARKUP}\n")),
        "{seen}"
    );
}

#[tokio::test]
async fn fifteen_alerts_are_shown_and_the_others_are_counted() {
    let sink = Sink::start(vendor).await;
    telegram(&sink.url).send(&many(1_000)).await.unwrap();
    let seen = seen(&sink.last().json());
    assert_eq!(seen.matches("shard=").count(), 15, "{seen}");
    assert!(
        seen.contains("UTC\n\n[FIRING:1000] alerts (shop)\n🟡 Rule0 "),
        "{seen}"
    );
    assert!(
        seen.contains("Component: Rule0, Rule1, Rule2, ..\n"),
        "{seen}"
    );
    assert!(
        seen.contains("🟡 Rule14 (shard=14): summary 14\nand 985 more\n"),
        "{seen}"
    );
}

#[tokio::test]
async fn the_limit_counts_utf_16_and_not_bytes() {
    let sink = Sink::start(vendor).await;
    let mut notification = empty(NotificationReason::Summary);
    notification.text = Some("ж".repeat(3_000));
    telegram(&sink.url).send(&notification).await.unwrap();
    assert!(seen(&sink.last().json()).ends_with(&format!("UTC\n\n{}", "ж".repeat(3_000))));
    notification.text = Some("🔴".repeat(1_501));
    telegram(&sink.url).send(&notification).await.unwrap();
    let expected = format!("UTC\n\n{}…", "🔴".repeat(1_499));
    assert!(seen(&sink.last().json()).ends_with(&expected));
}

#[test]
fn arbitrary_notifications_keep_the_limits() {
    let runtime = runtime();
    let sink = runtime.block_on(Sink::start(vendor));
    always_fits(&runtime, &telegram(&sink.url), |_| {
        seen(&sink.last().json());
    });
}

#[tokio::test]
async fn answers_decide_what_happens_next() {
    let sink = Sink::start(vendor).await;
    let channel = telegram(&sink.url);
    let limited = json!({"ok": false, "error_code": 429, "description": "Too Many Requests: retry after 35", "parameters": {"retry_after": 35}});
    for (answer, outcome) in [
        (Answer::new(200, json!({"ok": true})), Outcome::Delivered),
        (
            failure(400, "Bad Request: message is too long"),
            Outcome::Rejected,
        ),
        (
            failure(400, "Bad Request: chat not found"),
            Outcome::Stopped,
        ),
        (failure(401, "Unauthorized"), Outcome::Stopped),
        (
            failure(403, "Forbidden: bot was kicked from the group chat"),
            Outcome::Stopped,
        ),
        (failure(404, "Not Found"), Outcome::Stopped),
        (failure(410, ""), Outcome::Stopped),
        (
            Answer::new(429, &limited).header("retry-after", 1),
            retry(35.0),
        ),
        (Answer::new(429, "").header("retry-after", 3), retry(3.0)),
        (failure(500, "Internal Server Error"), Outcome::Retry(None)),
        (failure(502, "Bad Gateway"), Outcome::Retry(None)),
    ] {
        assert_eq!(
            sink.outcome(&channel, answer.clone()).await,
            outcome,
            "{answer:?}"
        );
    }
    sink.hangs(&channel).await;
    connection_errors(telegram, "telegramSecret").await;
}

#[tokio::test]
async fn a_group_that_became_a_supergroup_is_followed() {
    let (log, _logging) = Log::of_this_thread();
    let sink = Sink::start(vendor).await;
    let channel = Telegram::new(TOKEN, -99)
        .unwrap()
        .base_url(&sink.url)
        .unwrap();
    let moved = json!({
        "ok": false,
        "error_code": 400,
        "description": "Bad Request: group chat was upgraded to a supergroup chat",
        "parameters": {"migrate_to_chat_id": GROUP},
    });
    sink.script(Answer::new(400, &moved));
    channel.send(&firing("first")).await.unwrap();
    channel.send(&firing("second")).await.unwrap();
    let chats: Vec<_> = sink
        .received()
        .iter()
        .map(|it| it.json()["chat_id"].clone())
        .collect();
    assert_eq!(chats, [json!(-99), json!(GROUP), json!(GROUP)]);
    assert_eq!(
        log.count("became a supergroup: set its new chat id -1234"),
        1
    );

    // One that moves again and again is refused.
    sink.script(Answer::new(400, &moved));
    sink.script(Answer::new(400, &moved));
    let again = channel.send(&firing("third")).await;
    assert_eq!(Outcome::of(again), Outcome::Rejected);
    assert_eq!(sink.received().len(), 5);
    assert_eq!(log.count("supergroup"), 1);
}

#[test]
fn wrong_tokens_and_chats_are_refused() {
    for token in [
        "",
        "telegramSecret",
        "x:telegramSecret",
        "1:",
        "1:telegramSecret/../x",
        "1:a b",
    ] {
        let error = Telegram::new(token, 1).unwrap_err().to_string();
        assert!(
            error.starts_with("the Telegram token is invalid: digits, a colon"),
            "{error}"
        );
        assert!(!error.contains("telegramSecret"), "{error}");
    }
    for chat in ["", "ops", "@", "@a b", "1.5"] {
        let error = Telegram::new(TOKEN, chat).unwrap_err().to_string();
        assert!(
            error.contains("a number, or @ and the name of a public channel"),
            "{error}"
        );
    }
    for chat in ["-1001234567890", " 42 ", "@ops_channel"] {
        Telegram::new(TOKEN, chat).unwrap();
    }
    let error = telegram("http://127.0.0.1")
        .base_url("ftp://x")
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("its scheme is not http or https"),
        "{error}"
    );
}
