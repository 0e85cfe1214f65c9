//! TLS, and servers that do not have it.

use serde_json::json;
use tower_vitals::alerts::channels::Encryption;

use super::world::{PASSWORD, assert_retry, encrypted, one_alert, plain, send, server, tls_server};
use crate::support::tls::Certificates;

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
