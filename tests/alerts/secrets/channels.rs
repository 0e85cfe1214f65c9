//! A channel of every kind, with secrets.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use tower_vitals::alerts::Receiver;
use tower_vitals::alerts::channels::{
    Alertmanager, Channel, Discord, Email, Encryption, Heartbeat, Log, Mode, Opsgenie, PagerDuty,
    Slack, Telegram, Webhook,
};

use super::Shown;
use super::receivers::{
    BEARER, BEAT, DISCORD, OPSGENIE, PAGERDUTY, Received, SIGNING, SLACK, TELEGRAM, WEBHOOK,
    mail_server,
};

/// The channels, under the first part of their path.
pub(super) async fn channels(host: &str, received: &Received, shown: &mut Shown) -> Vec<Receiver> {
    let base = format!("http://{host}");
    let smtp = Email::smtp("127.0.0.1")
        .port(mail_server(received.clone()).await)
        .encryption(Encryption::Plain)
        .credentials("shop", "pl4nted-m4il-password")
        .from("Shop <alerts@example.com>")
        .to("ops@example.com");
    shown.debug("the builder of mails", &smtp);
    let webhook = Webhook::new(&format!("http://user:pl4nted-url@{host}/webhook/{WEBHOOK}"));
    let webhook = webhook
        .and_then(|it| it.header("authorization", &format!("Bearer {BEARER}")))
        .and_then(|it| it.sign_with(SIGNING))
        .unwrap();
    let slack = Slack::new(&format!("{base}/slack/{SLACK}")).unwrap();
    let discord = Discord::new(&format!("{base}/discord/{DISCORD}")).unwrap();
    let telegram = Telegram::new(TELEGRAM, -1).unwrap();
    let telegram = telegram.base_url(&format!("{base}/telegram")).unwrap();
    let pagerduty = PagerDuty::new(PAGERDUTY).unwrap();
    let pagerduty = pagerduty.base_url(format!("{base}/pagerduty")).unwrap();
    let opsgenie = Opsgenie::new(OPSGENIE).unwrap();
    let opsgenie = opsgenie.base_url(format!("{base}/opsgenie")).unwrap();
    let alertmanager = format!("http://user:pl4nted-alertmanager@{host}/alertmanager");
    let alertmanager = Alertmanager::new([alertmanager]).unwrap();
    let heartbeat = Heartbeat::new(format!("{base}/heartbeat/{BEAT}")).unwrap();
    let stopped = Webhook::new(&format!("{base}/stopped/{WEBHOOK}")).unwrap();
    let channels: Vec<(&str, Arc<dyn Channel>)> = vec![
        ("webhook", Arc::new(shown_as(shown, webhook))),
        ("slack", Arc::new(shown_as(shown, slack))),
        ("discord", Arc::new(shown_as(shown, discord))),
        ("telegram", Arc::new(shown_as(shown, telegram))),
        ("pagerduty", Arc::new(shown_as(shown, pagerduty))),
        ("opsgenie", Arc::new(shown_as(shown, opsgenie))),
        (
            "alertmanager",
            Arc::new(shown_as(shown, alertmanager.every(Duration::from_secs(1)))),
        ),
        (
            "heartbeat",
            Arc::new(shown_as(shown, heartbeat.every(Duration::from_secs(1)))),
        ),
        ("stopped", Arc::new(shown_as(shown, stopped))),
        ("email", Arc::new(shown_as(shown, smtp.build().unwrap()))),
        ("log", Arc::new(Log::new())),
    ];
    let receivers = channels.into_iter().map(|(name, channel)| {
        if channel.mode() != Mode::Notifications {
            return Receiver::new(name, channel);
        }
        Receiver::new(name, channel)
            .group_wait(Duration::ZERO)
            .group_by(["..."])
            .announce_silences(true)
            .max_per_hour(1_000)
    });
    let receivers: Vec<_> = receivers.collect();
    shown.debug("the receivers", &receivers);
    receivers
}

fn shown_as<C: Channel + Debug>(shown: &mut Shown, channel: C) -> C {
    shown.debug(channel.kind(), &channel);
    channel
}
