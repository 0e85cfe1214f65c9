//! Channels, servers, and assertions for the tests of mails.

use std::time::Duration;

use serde_json::{Value, json};
use tower_vitals::alerts::channels::{
    Channel, DeliveryError, Email, EmailBuilder, Encryption, Notification,
};

use crate::notified::{alert, notification};
use crate::support::smtp::{Mail, SmtpServer};
use crate::support::tls::Certificates;

pub(super) const PASSWORD: &str = "pl4nted-m4il-secret";

/// Sends in plain text to this port.
pub(super) fn plain(port: u16) -> EmailBuilder {
    Email::smtp("127.0.0.1")
        .port(port)
        .encryption(Encryption::Plain)
        .from("Shop <alerts@example.com>")
        .to("ops@example.com")
        .timeout(Duration::from_secs(20))
}

/// Sends encrypted to this server, and logs in.
pub(super) fn encrypted(
    server: &SmtpServer,
    certificates: &Certificates,
    how: Encryption,
) -> EmailBuilder {
    plain(server.port)
        .encryption(how)
        .root_certificates(certificates.authority())
        .credentials("shop", PASSWORD)
}

pub(super) fn server(options: &Value) -> SmtpServer {
    SmtpServer::start(options)
}

/// A server with TLS that wants a login.
pub(super) fn tls_server(certificates: &Certificates, tls: &str) -> SmtpServer {
    server(&json!({
        "tls": tls,
        "certificate": certificates.path("server.pem"),
        "key": certificates.path("server.key"),
        "user": "shop",
        "password": PASSWORD,
    }))
}

pub(super) fn one_alert() -> Notification {
    notification([alert(&json!({}))])
}

pub(super) async fn send(
    email: EmailBuilder,
    notification: &Notification,
) -> Result<(), DeliveryError> {
    email.build().unwrap().send(notification).await
}

/// Sends to a server without faults, and returns the mail.
pub(super) async fn delivered(notification: &Notification) -> Mail {
    let server = server(&json!({}));
    send(plain(server.port), notification).await.unwrap();
    let mail = server.mail();
    assert_eq!(server.stop().len(), 0, "one mail");
    mail
}

#[track_caller]
pub(super) fn assert_retry(result: Result<(), DeliveryError>, part: &str) {
    let Err(DeliveryError::Retry { message, after }) = result else {
        panic!("{result:?}");
    };
    assert_eq!(after, None);
    assert!(message.contains(part), "{message}");
}

#[track_caller]
pub(super) fn assert_rejected(result: Result<(), DeliveryError>, part: &str) {
    let Err(DeliveryError::Rejected { message }) = result else {
        panic!("{result:?}");
    };
    assert!(message.contains(part), "{message}");
}

#[track_caller]
pub(super) fn assert_stopped(result: Result<(), DeliveryError>, part: &str) {
    let Err(DeliveryError::Stopped { message }) = result else {
        panic!("{result:?}");
    };
    assert!(message.contains(part), "{message}");
    assert!(!message.contains(PASSWORD), "{message}");
}
