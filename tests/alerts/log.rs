//! The channel that writes to the log.

use serde_json::json;
use tower_vitals::alerts::channels::{
    Channel, Log, Mode, Notification, NotificationReason, NotifiedAlert,
};
use tower_vitals::redact;

use crate::notified::{alert, at, notification};
use crate::support::log::Log as Captured;

fn written(notification: &Notification) -> Vec<String> {
    let (log, _guard) = Captured::of_this_thread();
    let channel = Log::new();
    assert_eq!(
        (channel.kind(), channel.mode()),
        ("log", Mode::Notifications)
    );
    let sent = channel.send(notification);
    futures_util::future::FutureExt::now_or_never(sent)
        .expect("it does not wait")
        .unwrap();
    log.text().lines().map(str::to_owned).collect()
}

fn at_level(level: &str, is_firing: bool) -> NotifiedAlert {
    alert(&json!({"level": level, "is_firing": is_firing}))
}

#[test]
fn every_alert_is_one_line_with_its_fields() {
    let lines = written(&notification([alert(&json!({}))]));
    assert_eq!(lines.len(), 1, "{lines:?}");
    let fields = r#"an alert fires alertname="ErrorRatio" labels="{endpoint=\"/users\", severity=\"critical\"}" value=0.07 summary="7 % of requests fail""#;
    assert!(lines[0].ends_with(fields), "{lines:?}");
    assert!(lines[0].contains("ERROR"), "{lines:?}");
}

#[test]
fn the_level_of_the_line_follows_the_level_of_the_alert_and_a_resolved_one_is_an_info() {
    let levels = ["critical", "error", "warning", "info"];
    let firing = levels.map(|level| at_level(level, true));
    let resolved = levels.map(|level| at_level(level, false));
    let lines = written(&notification(firing.into_iter().chain(resolved)));
    let texts = ["an alert fires", "an alert is resolved"];
    let expected = ["ERROR", "ERROR", "WARN", "INFO"].map(|level| (level, texts[0]));
    let expected = expected.into_iter().chain([("INFO", texts[1]); 4]);
    for ((level, text), line) in expected.zip(&lines) {
        assert!(line.contains(&format!(" {level} ")), "{line}");
        assert!(line.contains(text), "{line}");
    }
    assert_eq!(lines.len(), 8, "{lines:?}");
}

#[test]
fn twenty_alerts_are_written_and_the_others_counted() {
    let mut many = notification((0..30).map(|_| alert(&json!({}))));
    many.left_out = 5;
    let lines = written(&many);
    assert_eq!(lines.len(), 21, "{lines:?}");
    assert!(lines[20].ends_with("and 15 more alerts"), "{}", lines[20]);
    let twenty = notification((0..20).map(|_| alert(&json!({}))));
    assert_eq!(written(&twenty).len(), 20);
}

#[test]
fn a_notification_without_alerts_is_its_text() {
    let mut test = Notification::new(NotificationReason::Test, "test", at());
    test.text = Some("a test\nof the channel".to_owned());
    let lines = written(&test);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].ends_with(": a test of the channel"), "{lines:?}");
}

#[test]
fn an_alert_without_a_value_has_no_field_for_it() {
    let lines = written(&notification([alert(&json!({"value": null}))]));
    assert!(!lines[0].contains("value="), "{lines:?}");
}

#[test]
fn a_line_is_bounded_keeps_to_itself_and_holds_no_secret() {
    redact::register("pl4nted-l0g-secret");
    let summary = format!("first\nsecond pl4nted-l0g-secret {}", "x".repeat(10_000));
    let labels = json!({"alertname": "A", "text": "one\r\ntwo", "long": "y".repeat(10_000)});
    let fields = json!({"labels": labels, "annotations": {"summary": summary}});
    let lines = written(&notification([alert(&fields)]));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(!lines[0].contains("pl4nted"), "{lines:?}");
    assert!(lines[0].contains("first second [redacted]"), "{lines:?}");
    assert!(lines[0].len() < 3000, "{} bytes", lines[0].len());
}
