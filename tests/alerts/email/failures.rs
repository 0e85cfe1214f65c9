//! Servers that refuse, hang or are down.

use std::time::Duration;

use serde_json::{Value, json};
use tower_vitals::alerts::channels::{Channel, Encryption};

use super::world::{
    PASSWORD, assert_rejected, assert_retry, assert_stopped, encrypted, one_alert, plain, send,
    server, tls_server,
};
use crate::support::log::Log;
use crate::support::smtp::SmtpServer;
use crate::support::tls::Certificates;

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
    const TAKES: &[&str] = &[
        "220 hi\r\n",
        "250 hi\r\n",
        "250 ok\r\n",
        "250 ok\r\n",
        "354 go on\r\n",
    ];
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
    let result = send(plain(scripted(TAKES).await), &one_alert()).await;
    assert_retry(result, "the mail is not confirmed and may arrive twice: ");

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
        let problem = "the mail server takes longer than 500ms";
        if slow == "DATA" {
            // It took the mail, but does not confirm it.
            let part = format!("the mail is not confirmed and may arrive twice: {problem}");
            assert_retry(result, &part);
            assert_eq!(server.mail().header("Subject"), "[FIRING:1] ErrorRatio");
        } else {
            let Err(error) = result else { panic!("{slow}") };
            assert_eq!(error.message(), problem);
        }
        assert_eq!(server.stop().len(), 0, "{slow}");
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
