//! Mails of an engine.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tower_vitals::Prometheus;
use tower_vitals::alerts::channels::{Channel, Encryption};
use tower_vitals::alerts::stores::{DeliveryResult, Event, HistoryQuery};
use tower_vitals::alerts::{Alert, Alerts, Receiver};

use super::world::{PASSWORD, encrypted, plain, server};
use crate::support::smtp::SmtpServer;
use crate::support::tls::Certificates;
use crate::support::until;

#[test]
fn an_attempt_may_take_as_long_as_the_mail_and_the_goodbye() {
    let email = plain(25).timeout(Duration::from_secs(30)).build().unwrap();
    let channel: &dyn Channel = &email;
    assert_eq!(channel.timeout(), Duration::from_secs(32));
}

pub(super) fn engine(receiver: Receiver) -> Alerts {
    let receiver = receiver.group_wait(Duration::ZERO);
    Alerts::builder().channel(receiver).manual().run().unwrap()
}

pub(super) async fn fire(alerts: &Alerts, text: &str) {
    alerts.fire(Alert::error(text).component("api"));
    let snapshot = Prometheus::builder().build().unwrap().snapshot();
    let now = SystemTime::now();
    let changed = alerts.evaluate_at(&snapshot, now).await.unwrap();
    assert_eq!(changed.len(), 1);
}

/// Waits until an attempt failed with this part in its error.
pub(super) async fn fails(alerts: &Alerts, part: &str) {
    until(part, async || {
        let error = alerts.stats().channels[0].last_error.clone();
        error.is_some_and(|error| error.contains(part))
    })
    .await;
}

/// The results so far, the first one first: with the number of attempts.
pub(super) async fn results(alerts: &Alerts) -> Vec<(DeliveryResult, u32)> {
    let page = alerts.history(&HistoryQuery::latest(100)).await.unwrap();
    let results = page
        .events
        .into_iter()
        .rev()
        .filter_map(|event| match event {
            Event::Notification(event) => Some((event.result, event.attempts)),
            _ => None,
        });
    results.collect()
}

pub(super) async fn has_results(alerts: &Alerts, number: usize) -> Vec<(DeliveryResult, u32)> {
    until("the results", async || {
        results(alerts).await.len() == number
    })
    .await;
    results(alerts).await
}

/// Starts a server while the engine goes on.
pub(super) async fn start(options: Value) -> SmtpServer {
    tokio::task::spawn_blocking(move || server(&options))
        .await
        .unwrap()
}

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn a_server_with_starttls_that_is_down_slow_and_back_gets_each_mail_once() {
    let certificates = Certificates::new("email-engine");
    let options = |port: u16, slow: &str| {
        json!({
            "port": port,
            "tls": "starttls",
            "certificate": certificates.path("server.pem"),
            "key": certificates.path("server.key"),
            "user": "shop",
            "password": PASSWORD,
            "slow": slow,
        })
    };
    let first = start(options(0, "")).await;
    let port = first.port;
    let email = encrypted(&first, &certificates, Encryption::Starttls);
    let email = email.timeout(Duration::from_secs(2)).build().unwrap();
    let alerts = engine(Receiver::from(email));
    fire(&alerts, "the first").await;
    assert_eq!(
        has_results(&alerts, 1).await,
        [(DeliveryResult::Delivered, 1)]
    );
    assert_eq!(first.mail().header("Subject"), "[FIRING:1] the first");
    assert_eq!(first.stop().len(), 0);

    fire(&alerts, "the second").await;
    fails(&alerts, "cannot connect: ").await;
    let slow = start(options(port, "MAIL")).await;
    fails(&alerts, "the mail server takes longer than 2s").await;
    assert_eq!(slow.stop().len(), 0);
    let back = start(options(port, "")).await;
    until("the mail is delivered", async || {
        results(&alerts).await.len() == 2
    })
    .await;
    let (result, attempts) = results(&alerts).await[1];
    assert_eq!(result, DeliveryResult::Delivered);
    assert!(attempts >= 3, "{attempts}");
    assert_eq!(back.mail().header("Subject"), "[FIRING:1] the second");
    assert_eq!(alerts.stats().channels[0].last_error, None);
    assert_eq!(back.stop().len(), 0);
}

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn a_refused_login_stops_the_channel_and_a_refused_mail_does_not() {
    let certificates = Certificates::new("email-engine-refusals");
    let tls = json!({
        "tls": "starttls",
        "certificate": certificates.path("server.pem"),
        "key": certificates.path("server.key"),
        "user": "shop",
        "password": PASSWORD,
    });
    let strict = start(tls).await;
    let wrong = encrypted(&strict, &certificates, Encryption::Starttls);
    let wrong = wrong.credentials("shop", format!("{PASSWORD}-of-yesterday"));
    let alerts = engine(Receiver::from(wrong.build().unwrap()));
    fire(&alerts, "the first").await;
    assert_eq!(
        has_results(&alerts, 1).await,
        [(DeliveryResult::Stopped, 1)]
    );
    let stopped = alerts.stats().channels[0].stopped.clone().unwrap();
    assert!(stopped.error.contains("(535)"), "{}", stopped.error);
    assert!(!stopped.error.contains(PASSWORD), "{}", stopped.error);

    let picky = start(json!({"reject": {"ops@example.com": "550 5.1.1 no such user"}})).await;
    let alerts = engine(Receiver::from(plain(picky.port).build().unwrap()));
    for text in ["the first", "the second"] {
        fire(&alerts, text).await;
    }
    let rejected = (DeliveryResult::Rejected, 1);
    assert_eq!(has_results(&alerts, 2).await, [rejected, rejected]);
    assert_eq!(alerts.stats().channels[0].stopped, None);
    assert_eq!(picky.stop().len(), 0);
}
