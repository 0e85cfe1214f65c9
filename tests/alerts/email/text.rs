//! The text of mails: headers, both parts, and bounds.

use serde_json::json;
use tower_vitals::alerts::channels::{Notification, NotificationReason};

use super::world::{PASSWORD, delivered, one_alert, plain, send, server};
use crate::notified::{alert, at, notification};
use crate::support::smtp::Mail;

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn no_text_becomes_a_header_or_a_recipient() {
    let ordinary = delivered(&one_alert()).await;
    let names = |mail: &Mail| {
        let headers = mail.0["headers"].as_array().unwrap().clone();
        headers
            .iter()
            .map(|header| header[0].clone())
            .collect::<Vec<_>>()
    };
    for evil in [
        "x\r\nBcc: evil@example.com",
        "x\nBcc: evil@example.com",
        "x\rBcc: evil@example.com",
        "x\r\n\r\n<script>alert(1)</script>",
        "x\u{2028}Bcc: evil@example.com\u{85}Cc: evil@example.com\u{b}\u{c}",
        "=?utf-8?q?x=0D=0ABcc:_evil@example.com?=",
        "x\r\n.\r\nMAIL FROM:<evil@example.com>\r\nRCPT TO:<evil@example.com>",
        "\0\u{1b}[31m\r\n\t Bcc: evil@example.com",
    ] {
        let labels = json!({"alertname": evil, evil: evil});
        let annotations = json!({"summary": evil, "description": evil, "runbook_url": format!("https://x/{evil}")});
        let act = json!({"by": evil, "note": evil, "at": "2027-01-15T07:55:00Z"});
        let fields = json!({"name": evil, "labels": labels, "annotations": annotations, "acknowledged": act});
        let mut notification = notification([alert(&fields)]);
        notification.group_key = evil.to_owned();
        notification.service = Some(evil.to_owned());
        notification.instance = Some(evil.to_owned());
        notification.external_url = Some(format!("https://x/{evil}"));
        let mut only_text = Notification::new(NotificationReason::Test, evil, at());
        only_text.text = Some(evil.to_owned());
        for notification in [notification, only_text] {
            let mail = delivered(&notification).await;
            assert_eq!(names(&mail), names(&ordinary), "{evil:?}");
            assert_eq!(mail.list("to"), ["ops@example.com"], "{evil:?}");
            assert_eq!(mail.list("defects"), [""; 0], "{evil:?}");
            assert_eq!(mail.list("parts"), ["text/plain", "text/html"], "{evil:?}");
            assert!(!mail.list("elements").contains(&"script"), "{evil:?}");
            let subject = mail.header("Subject");
            assert!(!subject.contains(char::is_control), "{subject:?}");
        }
    }
}

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn every_character_of_markup_arrives_as_it_was_typed() {
    let ascii: String = (' '..='~').collect();
    let texts = [
        format!("begin {ascii} end"),
        "<b>bold</b> &amp; &lt; &#39; <!-- --> <script>alert('1')</script>".to_owned(),
        "two\nlines,  two  spaces,\ta tab".to_owned(),
        ".\n..\n.leading dots".to_owned(),
        "Zoë 漢字 🚨 =?utf-8?q?=41?= =3D trailing=".to_owned(),
        "From the beginning".to_owned(),
        "word ".repeat(380) + "end",
        "x".repeat(1990),
    ];
    for text in texts {
        let annotations = json!({"summary": text, "description": format!("d {text}")});
        let labels = json!({"alertname": "A", "text": text.chars().take(200).collect::<String>()});
        let fields = json!({"annotations": annotations, "labels": labels});
        let mail = delivered(&notification([alert(&fields)])).await;
        let lines = mail.list("lines");
        let label = format!("text: {}", text.chars().take(200).collect::<String>());
        let expected = [
            text.clone(),
            format!("d {text}"),
            "value: 0.07".to_owned(),
            label,
        ];
        assert_eq!(lines[2..6], expected);
        assert_eq!(
            mail.list("elements"),
            ["b", "body", "div", "h3", "head", "html", "meta", "p"]
        );
        assert!(
            mail.text().contains(&format!("\n{text}\nd {text}\n")),
            "{}",
            mail.text()
        );
        assert_eq!(mail.0["is_ascii"], true);
        assert!(mail.0["longest_line"].as_u64().unwrap() <= 998);
        assert_eq!(mail.list("defects"), [""; 0]);
    }
}

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn the_subject_arrives_as_it_was_typed_and_is_cut() {
    let subject = async |name: &str| {
        let fields = json!({"name": name, "labels": {"alertname": name}});
        delivered(&notification([alert(&fields)]))
            .await
            .header("Subject")
            .to_owned()
    };
    let printable: String = ('!'..='~').filter(|c| !"=?".contains(*c)).collect();
    for name in [&*printable, "Zoë 漢字 🚨 <b>", "a ? b = c", "=? = ?="] {
        let expected = name.replace("=?", "= ?");
        assert_eq!(subject(name).await, format!("[FIRING:1] {expected}"));
    }
    let long = subject(&"漢字".repeat(300)).await;
    assert_eq!(long.chars().count(), 203);
    assert!(long.ends_with("漢 .."), "{long}");
}

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn all_mails_about_a_group_are_one_thread() {
    let ids = async |notification: &Notification| {
        let mail = delivered(notification).await;
        let thread = mail.header("References").to_owned();
        assert_eq!(mail.header("In-Reply-To"), thread);
        (thread, mail.header("Message-ID").to_owned())
    };
    let first = one_alert();
    let (thread, id) = ids(&first).await;
    assert_eq!(
        ids(&first).await,
        (thread.clone(), id.clone()),
        "sent again"
    );
    let mut resolved = notification([alert(&json!({"is_firing": false}))]);
    let (same, next) = ids(&resolved).await;
    assert_eq!(same, thread);
    assert_ne!(next, id);
    resolved.group_key = "database".to_owned();
    assert_ne!(ids(&resolved).await.0, thread);
    assert!(
        thread.starts_with("<group-") && thread.ends_with("@example.com>"),
        "{thread}"
    );
}

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn a_mail_is_bounded_and_tells_what_it_leaves_out() {
    let long = "y".repeat(10_000);
    let mut labels = json!({"alertname": "A"});
    for label in 0..60 {
        labels[format!("l{label:02}")] = json!(long);
    }
    let annotations = json!({"summary": long, "description": long, "runbook_url": "https://example.com/?a=1&b='2'"});
    let fields = json!({"labels": labels, "annotations": annotations, "is_firing": false, "ends_at": "2027-01-15T08:00:00Z"});
    let mut many = notification((0..60).map(|_| alert(&fields)));
    many.left_out = 7;
    many.reason = NotificationReason::Escalation;
    many.text = Some("a note".to_owned());
    many.service = Some("shop".to_owned());
    many.instance = Some("shop-1".to_owned());
    many.external_url = Some("https://shop.example.com/vitals".to_owned());
    let mail = delivered(&many).await;
    let lines = mail.list("lines");
    assert_eq!(
        lines[..3],
        [
            "[RESOLVED:67] ErrorRatio (shop)",
            "Nobody acknowledged these alerts in time.",
            "a note"
        ]
    );
    let count = |line: &str| lines.iter().filter(|it| **it == line).count();
    assert_eq!(count("critical: ErrorRatio (resolved)"), 50);
    assert_eq!(count("and 20 more labels"), 50);
    assert_eq!(count("until: 2027-01-15 08:00:00 UTC"), 50);
    assert_eq!(count("and 17 more alerts"), 1);
    assert_eq!(
        lines[lines.len() - 3..],
        [
            "service: shop",
            "instance: shop-1",
            "https://shop.example.com/vitals/alerts"
        ]
    );
    assert!(lines.iter().all(|line| line.len() <= 2003));
    let urls = mail.list("links");
    assert_eq!(urls.len(), 51);
    assert_eq!(urls[0], "https://example.com/?a=1&b='2'");
}

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn only_urls_of_http_become_links_and_odd_times_have_a_date() {
    for (url, at) in [
        ("javascript:alert(1)", "-009999-01-03T00:00:00Z"),
        ("data:text/html,x", "1969-12-31T23:59:59Z"),
        ("https://x/a b", "9999-12-30T22:00:00Z"),
    ] {
        let fields = json!({"annotations": {"runbook_url": url}, "starts_at": at});
        let mut odd = notification([alert(&fields)]);
        odd.at = odd.alerts[0].starts_at;
        let mail = delivered(&odd).await;
        assert_eq!(mail.list("links"), [""; 0], "{url}");
        let date = mail.header("Date");
        assert!(
            date.contains("1970 00:00:00") || date.contains("Dec 9999"),
            "{date}"
        );
    }
}

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn secrets_are_masked_in_mails_and_in_errors() {
    tower_vitals::redact::register("pl4nted-in-t3xt");
    let annotations = json!({"summary": "pl4nted-in-t3xt", "description": "DB_PASSWORD=pl4nted-2", "runbook_url": "https://x:pl4nted-3@y/"});
    let labels = json!({"alertname": "pl4nted-in-t3xt", "url": "postgres://a:pl4nted-4@b/c", "password": "pl4nted-5"});
    let fields = json!({"name": "pl4nted-in-t3xt", "annotations": annotations, "labels": labels});
    let mail = delivered(&notification([alert(&fields)])).await;
    assert!(!mail.0.to_string().contains("pl4nted"), "{mail:?}");
    assert_eq!(mail.header("Subject"), "[FIRING:1] [redacted]");

    let server = server(&json!({"data": format!("554 your password {PASSWORD} is spam")}));
    let email = plain(server.port).credentials("shop", PASSWORD);
    let result = send(email, &one_alert()).await;
    let message = result.unwrap_err().message().to_owned();
    assert!(!message.contains("pl4nted"), "{message}");
}
