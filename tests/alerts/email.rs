//! Mails: settings, messages, and failures of the server.

use std::time::Duration;

use serde_json::{Value, json};
use tower_vitals::ErrorKind;
use tower_vitals::alerts::channels::{
    Channel, DeliveryError, Email, EmailBuilder, Encryption, Notification, NotificationReason,
};

use crate::notified::{alert, at, notification};
use crate::support::log::Log;
use crate::support::smtp::{Mail, SmtpServer};
use crate::support::tls::Certificates;

const PASSWORD: &str = "pl4nted-m4il-secret";

/// Sends in plain text to this port.
fn plain(port: u16) -> EmailBuilder {
    Email::smtp("127.0.0.1")
        .port(port)
        .encryption(Encryption::Plain)
        .from("Shop <alerts@example.com>")
        .to("ops@example.com")
        .timeout(Duration::from_secs(20))
}

/// Sends encrypted to this server, and logs in.
fn encrypted(server: &SmtpServer, certificates: &Certificates, how: Encryption) -> EmailBuilder {
    plain(server.port)
        .encryption(how)
        .root_certificates(certificates.authority())
        .credentials("shop", PASSWORD)
}

fn server(options: &Value) -> SmtpServer {
    SmtpServer::start(options)
}

/// A server with TLS that wants a login.
fn tls_server(certificates: &Certificates, tls: &str) -> SmtpServer {
    server(&json!({
        "tls": tls,
        "certificate": certificates.path("server.pem"),
        "key": certificates.path("server.key"),
        "user": "shop",
        "password": PASSWORD,
    }))
}

fn one_alert() -> Notification {
    notification([alert(&json!({}))])
}

async fn send(email: EmailBuilder, notification: &Notification) -> Result<(), DeliveryError> {
    email.build().unwrap().send(notification).await
}

/// Sends to a server without faults, and returns the mail.
async fn delivered(notification: &Notification) -> Mail {
    let server = server(&json!({}));
    send(plain(server.port), notification).await.unwrap();
    let mail = server.mail();
    assert_eq!(server.stop().len(), 0, "one mail");
    mail
}

#[track_caller]
fn assert_retry(result: Result<(), DeliveryError>, part: &str) {
    let Err(DeliveryError::Retry { message, after }) = result else {
        panic!("{result:?}");
    };
    assert_eq!(after, None);
    assert!(message.contains(part), "{message}");
}

#[track_caller]
fn assert_rejected(result: Result<(), DeliveryError>, part: &str) {
    let Err(DeliveryError::Rejected { message }) = result else {
        panic!("{result:?}");
    };
    assert!(message.contains(part), "{message}");
}

#[track_caller]
fn assert_stopped(result: Result<(), DeliveryError>, part: &str) {
    let Err(DeliveryError::Stopped { message }) = result else {
        panic!("{result:?}");
    };
    assert!(message.contains(part), "{message}");
    assert!(!message.contains(PASSWORD), "{message}");
}

#[test]
fn all_mistakes_of_the_settings_are_one_error() {
    let email = Email::smtp("smtp://shop:pl4nted-url@mail")
        .credentials("shop", PASSWORD)
        .hello_name("a\r\nRSET")
        .root_certificates("no certificate")
        .timeout(Duration::ZERO)
        .from("zoë@example.com")
        .to("nobody")
        .to("a@example.com\r\nBcc: b@example.com")
        .to("ops@example.com");
    let error = email.build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    let message = error.to_string();
    assert!(message.starts_with("7 mistakes: "), "{message}");
    for part in [
        "the SMTP host is invalid",
        "the hello name is invalid",
        "the root certificates are invalid",
        "the timeout of mails is invalid",
        r#"the sender "zoë@example.com" is invalid: the part before the @ must be ASCII"#,
        r#"the recipient "nobody" is invalid"#,
        r#"the recipient "a@example.com\r\nBcc: b@example.com" is invalid"#,
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(!message.contains("pl4nted"), "{message}");
}

#[test]
fn a_sender_and_a_recipient_are_required() {
    let error = Email::smtp("mail.example.com").build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "2 mistakes: the sender of mails is missing: EmailBuilder::from; the recipient of mails is missing: EmailBuilder::to"
    );
    let many = (0..101).fold(plain(25), |email, n| email.to(format!("u{n}@example.com")));
    let error = many.build().unwrap_err().to_string();
    assert!(
        error.contains("102 recipients are too many: 100 are allowed"),
        "{error}"
    );
}

#[test]
fn plain_text_leaves_this_host_only_if_that_is_allowed() {
    let to = |host: &str| {
        Email::smtp(host)
            .encryption(Encryption::Plain)
            .from("alerts@example.com")
            .to("ops@example.com")
    };
    for host in ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"] {
        assert!(to(host).build().is_ok(), "{host}");
    }
    for host in [
        "mail.example.com",
        "10.0.0.1",
        "localhost.example.com",
        "::2",
    ] {
        let error = to(host).build().unwrap_err().to_string();
        assert!(error.contains("would not be encrypted"), "{error}");
        assert!(to(host).allow_plain_text().build().is_ok(), "{host}");
    }
    let error = plain(25).root_certificates("").build().unwrap_err();
    let part = "root certificates have no effect without TLS";
    assert!(error.to_string().contains(part), "{error}");
}

#[test]
fn debug_output_does_not_hold_the_password() {
    let email = plain(2525).credentials("shop", PASSWORD);
    let builder = format!("{email:?}");
    let email = email.build().unwrap();
    assert_eq!(email.kind(), "email");
    let email = format!("{email:?}");
    for shown in [&builder, &email] {
        assert!(!shown.contains("pl4nted"), "{shown}");
        assert!(
            shown.contains("127.0.0.1") && shown.contains("2525"),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn a_refused_connection_and_a_server_that_says_nothing_are_tried_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let silent = plain(port).timeout(Duration::from_millis(200));
    let result = send(silent, &one_alert()).await;
    assert_retry(result, "the mail server takes longer than 200ms");
    drop(listener);
    assert_retry(send(plain(port), &one_alert()).await, "cannot connect: ");
}

/// Answers the first connection with these texts: at once, and after each read.
async fn scripted(texts: &'static [&'static str]) -> u16 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut stream = listener.accept().await.unwrap().0;
        for text in texts {
            stream.write_all(text.as_bytes()).await.unwrap();
            if stream.read(&mut [0; 1024]).await.unwrap() == 0 {
                break;
            }
        }
    });
    port
}

#[tokio::test]
async fn a_server_that_does_not_speak_smtp_is_tried_again() {
    const BLANK: &[&str] = &["220 hi\r\n", "250-hi\r\n250- \r\n250 HELP\r\n"];
    let result = send(plain(scripted(BLANK).await), &one_alert()).await;
    assert_retry(result, "the mail client panicked");

    for (texts, part) in [
        (&["HTTP/1.1 400 Bad Request\r\n"][..], "does not speak SMTP"),
        (&["220 hi\r\n"], "the server closed the connection"),
        (
            &["220 hi\r\n", "250-hi\r\n250 starttls\r\n", "454 later\r\n"],
            "cannot start TLS: 454 later",
        ),
        (
            &[
                "220 hi\r\n",
                "250-hi\r\n250-STARTTLS\r\n250 HELP\r\n",
                "220 go\r\n250 more",
            ],
            "more replies",
        ),
        (
            &["220 hi\r\n", "250 STARTTLSX\r\n"],
            "does not offer STARTTLS",
        ),
        (&["421 busy\r\n"], "cannot connect: 421 busy"),
    ] {
        let email = plain(scripted(texts).await).encryption(Encryption::Starttls);
        assert_retry(send(email, &one_alert()).await, part);
    }
    let refuses = scripted(&["554 no mail here\r\n"]).await;
    let email = plain(refuses).encryption(Encryption::Starttls);
    assert_rejected(
        send(email, &one_alert()).await,
        "cannot connect: 554 no mail here",
    );
}

#[tokio::test]
async fn a_reply_without_an_end_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for endless in ["220-more\r\n", "220-"] {
        let email = plain(port)
            .encryption(Encryption::Starttls)
            .build()
            .unwrap();
        let notification = one_alert();
        let sending = email.send(&notification);
        let talking = async {
            use tokio::io::AsyncWriteExt;
            let mut stream = listener.accept().await.unwrap().0;
            while stream.write_all(endless.as_bytes()).await.is_ok() {}
        };
        let (result, ()) = tokio::join!(sending, talking);
        assert_retry(result, "a reply of the server is too long");
    }
}

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn a_mail_arrives_by_starttls_and_by_tls_with_its_headers() {
    let certificates = Certificates::new("email");
    for (tls, how) in [
        ("starttls", Encryption::Starttls),
        ("implicit", Encryption::Tls),
    ] {
        let server = tls_server(&certificates, tls);
        let email = encrypted(&server, &certificates, how).to("Night <night@example.com>");
        let notification = one_alert();
        send(email, &notification).await.unwrap();
        let mail = server.mail();
        assert_eq!(mail.0["is_encrypted"], true, "{tls}");
        assert_eq!(mail.0["user"], "shop");
        assert_eq!(mail.0["hello"], "example.com");
        assert_eq!(mail.0["from"], "alerts@example.com");
        assert_eq!(mail.list("to"), ["ops@example.com", "night@example.com"]);
        assert_eq!(mail.header("From"), "Shop <alerts@example.com>");
        assert_eq!(
            mail.header("To"),
            "ops@example.com, Night <night@example.com>"
        );
        assert_eq!(mail.header("Subject"), "[FIRING:1] ErrorRatio");
        assert_eq!(mail.header("Date"), "Fri, 15 Jan 2027 08:00:00 +0000");
        assert_eq!(
            mail.header("Message-ID"),
            format!("<{}@example.com>", notification.id)
        );
        assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
        assert_eq!(mail.header("X-Auto-Response-Suppress"), "All");
        assert_eq!(mail.0["type"], "multipart/alternative");
        assert_eq!(mail.list("parts"), ["text/plain", "text/html"]);
        assert_eq!(mail.list("defects"), [""; 0]);
        let text = "[FIRING:1] ErrorRatio\n\ncritical: ErrorRatio (firing)\n7 % of requests fail\nvalue: 0.07\n\
                    endpoint: /users\nseverity: critical\nsince: 2027-01-15 07:55:00 UTC\n";
        assert_eq!(mail.text().trim_end(), text.trim_end());
        let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(mail.list("lines"), lines);
        assert_eq!(server.stop().len(), 0, "one mail");
    }
}

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn nothing_is_sent_without_encryption_unless_the_settings_say_so() {
    let open = server(&json!({}));
    let email = plain(open.port).encryption(Encryption::Starttls);
    let result = send(email.credentials("shop", PASSWORD), &one_alert()).await;
    assert_retry(result, "does not offer STARTTLS");
    assert_eq!(open.stop().len(), 0);

    let open = server(&json!({}));
    let email = plain(open.port).encryption(Encryption::Tls);
    assert_retry(send(email, &one_alert()).await, "cannot start TLS: ");
    assert_eq!(open.stop().len(), 0);
}

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn a_certificate_of_another_authority_is_refused() {
    let certificates = Certificates::new("email-server");
    let others = Certificates::new("email-others");
    for (tls, how) in [
        ("starttls", Encryption::Starttls),
        ("implicit", Encryption::Tls),
    ] {
        let server = tls_server(&certificates, tls);
        let other = encrypted(&server, &others, how);
        assert_retry(send(other, &one_alert()).await, "certificate");
        let system = plain(server.port).encryption(how);
        assert_retry(send(system, &one_alert()).await, "certificate");
        assert_eq!(server.stop().len(), 0);
    }
}

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn replies_from_before_the_encryption_are_no_replies() {
    let certificates = Certificates::new("email-injected");
    let server = server(&json!({
        "tls": "starttls",
        "certificate": certificates.path("server.pem"),
        "key": certificates.path("server.key"),
        "injected": "250-evil\r\n250 AUTH PLAIN\r\n250 ok\r\n250 ok\r\n354 go on\r\n250 taken\r\n",
    }));
    let email = plain(server.port)
        .encryption(Encryption::Starttls)
        .root_certificates(certificates.authority());
    assert_retry(send(email, &one_alert()).await, "STARTTLS");
    assert_eq!(server.stop().len(), 0);
}

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn a_refused_login_and_a_missing_one_stop_the_channel() {
    let certificates = Certificates::new("email-login");
    let server = tls_server(&certificates, "starttls");
    let wrong = encrypted(&server, &certificates, Encryption::Starttls)
        .credentials("shop", format!("{PASSWORD}-of-yesterday"));
    assert_stopped(
        send(wrong, &one_alert()).await,
        "cannot log in: permanent error (535)",
    );
    let missing = plain(server.port)
        .encryption(Encryption::Starttls)
        .root_certificates(certificates.authority());
    assert_stopped(send(missing, &one_alert()).await, "permanent error (530)");
    assert_eq!(server.stop().len(), 0);
}

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn the_other_recipients_get_the_mail_once_and_the_log_tells_of_the_refusal() {
    let (log, _guard) = Log::of_this_thread();
    let reject = json!({"reject@example.com": "550 5.1.1 no such user"});
    let server = server(&json!({"reject": reject}));
    let email = plain(server.port)
        .to("reject@example.com")
        .to("night@example.com");
    send(email, &one_alert()).await.unwrap();
    assert_eq!(
        server.mail().list("to"),
        ["ops@example.com", "night@example.com"]
    );
    let refusal = "reject@example.com is refused: permanent error (550): 5.1.1 no such user";
    assert_eq!(log.count(refusal), 1, "{}", log.text());
    assert_eq!(log.count("WARN"), 1, "{}", log.text());

    let nobody = plain(server.port).to("reject@example.com");
    let reject_all =
        json!({"reject": {"ops@example.com": "550 no", "reject@example.com": "551 no"}});
    assert_eq!(server.stop().len(), 0);
    let server = SmtpServer::start(&reject_all);
    let nobody = nobody.port(server.port);
    assert_rejected(
        send(nobody, &one_alert()).await,
        "ops@example.com is refused",
    );
    assert_eq!(server.stop().len(), 0);
}

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn a_recipient_that_is_refused_for_a_time_is_tried_again_alone() {
    let first = server(
        &json!({"reject": {"ops@example.com": "451 4.7.1 greylisted", "gone@example.com": "550 gone"}}),
    );
    let port = first.port;
    let email = plain(port).to("night@example.com").to("gone@example.com");
    let email = email.build().unwrap();
    let notification = one_alert();
    let result = email.send(&notification).await;
    assert_retry(
        result,
        "ops@example.com is refused: transient error (451): 4.7.1 greylisted",
    );
    assert_eq!(first.mail().list("to"), ["night@example.com"]);
    assert_eq!(first.stop().len(), 0);

    let second = server(&json!({"port": port}));
    email.send(&notification).await.unwrap();
    let mail = second.mail();
    assert_eq!(mail.list("to"), ["ops@example.com"]);
    assert_eq!(
        mail.header("To"),
        "ops@example.com, night@example.com, gone@example.com"
    );
    email.send(&one_alert()).await.unwrap();
    assert_eq!(
        second.mail().list("to").len(),
        3,
        "another notification goes to all"
    );
    assert_eq!(second.stop().len(), 0);
}

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn the_class_of_a_reply_decides_whether_a_mail_is_tried_again() {
    let refuses = async |options: Value| {
        let server = server(&options);
        send(plain(server.port), &one_alert()).await
    };
    assert_rejected(
        refuses(json!({"sender": "553 not yours"})).await,
        "the sender is refused",
    );
    assert_retry(
        refuses(json!({"sender": "451 later"})).await,
        "the sender is refused",
    );
    assert_rejected(refuses(json!({"data": "554 spam"})).await, "(554): spam");
    assert_retry(refuses(json!({"data": "452 full"})).await, "(452): full");
    let reject = |reply: &str| json!({"reject": {"ops@example.com": reply}});
    assert_rejected(refuses(reject("550 no")).await, "(550): no");
    assert_retry(refuses(reject("421 going down")).await, "(421): going down");
    assert_stopped(
        refuses(reject("530 log in first")).await,
        "(530): log in first",
    );
}

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn a_slow_server_is_given_up_at_every_step_but_the_goodbye() {
    for slow in ["EHLO", "MAIL", "DATA"] {
        let server = server(&json!({"slow": slow}));
        let email = plain(server.port).timeout(Duration::from_millis(500));
        let result = send(email, &one_alert()).await;
        assert_retry(result, "the mail server takes longer than 500ms");
    }
    let server = server(&json!({"slow": "QUIT"}));
    send(plain(server.port), &one_alert()).await.unwrap();
    assert_eq!(server.mail().header("Subject"), "[FIRING:1] ErrorRatio");
}

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn a_delivery_that_is_given_up_after_the_server_took_the_mail_is_not_repeated() {
    let server = server(&json!({"slow": "QUIT"}));
    let email = plain(server.port).build().unwrap();
    let notification = one_alert();
    let goodbye = tokio::task::spawn_blocking(move || {
        let mail = server.mail();
        server.wait_until_slow();
        (mail, server)
    });
    // The server has answered the mail when it gets the goodbye.
    let (mail, server) = tokio::select! {
        biased;
        goodbye = goodbye => goodbye.unwrap(),
        result = email.send(&notification) => panic!("it does not wait for the goodbye: {result:?}"),
    };
    assert_eq!(mail.header("Subject"), "[FIRING:1] ErrorRatio");
    assert_eq!(server.stop().len(), 0);
    email.send(&notification).await.unwrap();
    assert_retry(email.send(&notification).await, "cannot connect: ");
}

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn a_server_that_is_down_and_back_gets_the_mail() {
    let first = server(&json!({}));
    let port = first.port;
    let email = plain(port).build().unwrap();
    email.send(&one_alert()).await.unwrap();
    first.mail();
    first.stop();
    let notification = one_alert();
    assert_retry(email.send(&notification).await, "cannot connect: ");
    let second = server(&json!({"port": port}));
    email.send(&notification).await.unwrap();
    assert_eq!(second.mail().headers("Message-ID").len(), 1);
    assert_eq!(second.stop().len(), 0);
}

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
