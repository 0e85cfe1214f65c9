//! Discord: limits, Markdown, and answers.

use serde_json::{Value as Json, json};
use tower_vitals::alerts::channels::{Channel, Discord};

use super::notifications::{MARKUP, always_fits, firing, many, resolve, runtime};
use super::sink::{Answer, Outcome, Received, Sink, connection_errors, retry, text, utf16};

const PATH: &str = "/api/webhooks/100000000000000000/discordSecretdiscordSecret";

fn discord(base: &str) -> Discord {
    Discord::new(&format!("{base}{PATH}")).unwrap()
}

/// Enforces the limits of <https://docs.discord.com/developers/resources/message#embed-object-embed-limits>.
fn vendor(received: &Received) -> Answer {
    let (path, query) = received.target.split_once('?').unwrap_or_default();
    if path != PATH {
        let body = json!({"message": "Unknown Webhook", "code": 10015});
        return Answer::new(404, body);
    }
    let payload = received.json();
    assert_eq!(payload["allowed_mentions"], json!({"parse": []}));
    let errors = broken_limits(&payload);
    if !errors.is_empty() {
        let body = json!({"code": 50035, "message": "Invalid Form Body", "errors": errors});
        return Answer::new(400, body);
    }
    if query.split('&').any(|pair| pair == "wait=true") {
        Answer::new(200, json!({"id": "1", "type": 0}))
    } else {
        Answer::new(204, "")
    }
}

fn broken_limits(payload: &Json) -> Vec<String> {
    let mut broken = Vec::new();
    let length = |value: &Json| value.as_str().map_or(0, |text| utf16(text.trim()));
    let mut check = |name: &str, value: &Json, least: usize, most: usize| {
        if !value.is_null() && !(least..=most).contains(&length(value)) {
            broken.push(format!("{name}: {}", length(value)));
        }
        length(value)
    };
    check("content", &payload["content"], 0, 2_000);
    let embeds = payload["embeds"].as_array().unwrap();
    let mut all = 0;
    for embed in embeds {
        all += check("title", &embed["title"], 1, 256);
        all += check("description", &embed["description"], 1, 4_096);
        all += check("footer", &embed["footer"]["text"], 1, 2_048);
        assert_eq!(embed.get("fields"), None, "this sink counts no fields");
    }
    if !(1..=10).contains(&embeds.len()) || all > 6_000 {
        broken.push(format!("{} embeds with {all} characters", embeds.len()));
    }
    broken
}

/// The lines that a person sees. Panics on active Markdown, a link to a runbook aside.
fn seen(payload: &Json) -> String {
    let embed = &payload["embeds"][0];
    let mut seen = render(text(embed, "title"));
    for line in text(embed, "description").lines() {
        seen += "\n";
        if let Some(link) = line.strip_prefix("[Runbook](") {
            let link = link.strip_suffix(')').unwrap();
            assert!(!link.contains(['(', ')', '<', '>', ' ', '\\']), "{line}");
            seen.extend(["Runbook: ", link]);
        } else {
            seen += &render(line);
        }
    }
    if let Some(footer) = embed["footer"]["text"].as_str() {
        seen.extend(["\n", footer]);
    }
    seen
}

/// One line of Markdown. An escaped character is a character of text.
fn render(line: &str) -> String {
    let (mut seen, mut active) = (String::new(), String::new());
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        let is_escape = char == '\\' && chars.peek().is_some_and(char::is_ascii_punctuation);
        let shown = if is_escape {
            chars.next().unwrap()
        } else {
            char
        };
        seen.push(shown);
        active.push(if is_escape { '\u{fffc}' } else { shown });
    }
    let begins = active.trim_start();
    let digits = begins.trim_start_matches(|char: char| char.is_ascii_digit());
    let is_list = digits.len() < begins.len() && digits.starts_with('.');
    assert!(
        !active.contains(['*', '_', '~', '`', '|', '<', '[', '\\']),
        "active: {line}"
    );
    assert!(
        !begins.starts_with(['#', '-', '+', '>']) && !is_list,
        "active: {line}"
    );
    assert!(
        !active.contains("://") && !active.contains("@everyone"),
        "active: {line}"
    );
    assert!(active.matches(':').count() < 2, "an emoji: {line}");
    seen
}

#[tokio::test]
async fn an_alert_has_its_level_component_time_and_text() {
    let sink = Sink::start(vendor).await;
    let mut notification = firing("12.5% of requests fail");
    let annotations = &mut notification.alerts[0].annotations;
    annotations.insert(
        "runbook_url".into(),
        "https://wiki.example.com/a_b?c=d".into(),
    );
    discord(&sink.url).send(&notification).await.unwrap();
    assert_eq!(sink.last().target, format!("{PATH}?wait=true"));
    let payload = sink.last().json();
    assert_eq!(
        seen(&payload),
        "🔴 CRITICAL [FIRING:1] HighErrorRate (shop)\n\
         Component: checkout\n\
         Time: 2026-11-29 02:43:44 UTC\n\
         \n\
         🔴 HighErrorRate (endpoint=/pay): 12.5% of requests fail\n\
         Runbook: https://wiki.example.com/a_b?c=d\n\
         shop, shop-1"
    );
    let red = payload["embeds"][0]["color"].clone();
    resolve(&mut notification);
    discord(&sink.url).send(&notification).await.unwrap();
    let green = sink.last().json()["embeds"][0]["color"].clone();
    assert_eq!((red, green), (json!(0xd7_2638), json!(0x2e_b67d)));
}

#[tokio::test]
async fn markup_arrives_as_typed_and_nobody_is_mentioned() {
    let sink = Sink::start(vendor).await;
    discord(&sink.url).send(&firing(MARKUP)).await.unwrap();
    let payload = sink.last().json();
    let seen = seen(&payload);
    assert!(
        seen.contains(&format!("(endpoint=/pay): {MARKUP}\n")),
        "{seen}"
    );
}

#[tokio::test]
async fn fifteen_alerts_are_shown_and_the_others_are_counted() {
    let sink = Sink::start(vendor).await;
    discord(&sink.url).send(&many(1_000)).await.unwrap();
    let seen = seen(&sink.last().json());
    assert_eq!(seen.matches("shard=").count(), 15, "{seen}");
    assert!(
        seen.contains("🟡 Rule14 (shard=14): summary 14\nand 985 more\n"),
        "{seen}"
    );
}

#[tokio::test]
async fn the_query_is_kept_and_other_formats_are_refused() {
    let sink = Sink::start(vendor).await;
    let url = format!("{}{PATH}/?wait=false&thread_id=42", sink.url);
    let channel = Discord::new(&url).unwrap();
    channel.send(&firing("text")).await.unwrap();
    assert_eq!(sink.last().target, format!("{PATH}?thread_id=42&wait=true"));
    for format in ["slack", "github"] {
        let error = Discord::new(&format!("{}{PATH}/{format}", sink.url)).unwrap_err();
        assert!(
            error.to_string().contains("without /slack or /github"),
            "{error}"
        );
        assert!(!error.to_string().contains("discordSecret"), "{error}");
    }
}

#[test]
fn arbitrary_notifications_keep_the_limits() {
    let runtime = runtime();
    let sink = runtime.block_on(Sink::start(vendor));
    always_fits(&runtime, &discord(&sink.url), |_| {
        seen(&sink.last().json());
    });
}

#[tokio::test]
async fn answers_decide_what_happens_next() {
    let sink = Sink::start(vendor).await;
    let channel = discord(&sink.url);
    let limited =
        json!({"message": "You are being rate limited.", "retry_after": 0.35, "global": false});
    for (answer, outcome) in [
        (Answer::new(200, "{}"), Outcome::Delivered),
        (Answer::new(204, ""), Outcome::Delivered),
        (Answer::new(400, json!({"code": 50035})), Outcome::Rejected),
        (Answer::new(401, json!({"code": 50027})), Outcome::Stopped),
        (Answer::new(403, ""), Outcome::Stopped),
        (Answer::new(404, json!({"code": 10015})), Outcome::Stopped),
        (Answer::new(410, ""), Outcome::Stopped),
        (
            Answer::new(429, &limited).header("retry-after", 1),
            retry(0.35),
        ),
        (
            Answer::new(429, "<html>").header("retry-after", 600),
            retry(600.0),
        ),
        (
            Answer::new(429, json!({"retry_after": -1})),
            Outcome::Retry(None),
        ),
        (Answer::new(500, ""), Outcome::Retry(None)),
        (Answer::new(502, ""), Outcome::Retry(None)),
    ] {
        assert_eq!(
            sink.outcome(&channel, answer.clone()).await,
            outcome,
            "{answer:?}"
        );
    }
    sink.hangs(&channel).await;
    connection_errors(discord, "discordSecret").await;
}
