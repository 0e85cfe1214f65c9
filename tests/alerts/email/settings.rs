//! The settings of a mail channel.

use std::time::Duration;

use tower_vitals::ErrorKind;
use tower_vitals::alerts::channels::{Channel, Email, Encryption};

use super::world::{PASSWORD, plain};

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
