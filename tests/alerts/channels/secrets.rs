//! Secrets of channels appear in no error, no `Debug` output and no log.

use std::fmt::Debug;

use tower_vitals::alerts::channels::{Channel, Discord, Slack, Telegram, Webhook};

use super::notifications::test;
use super::sink::{Answer, Sink};
use crate::support::log::Log;

const PLANTED: [&str; 8] = [
    "plantedSlackTokenOf24Chr",
    "plantedDiscordToken-of_68",
    "111222333:plantedTelegramTokenTokenTokenTok",
    "plantedTelegramTokenTokenTokenTok",
    "plantedWebhookPathToken",
    "plantedUrlPassword",
    "plantedBearerToken",
    "whsec_cGxhbnRlZFNpZ25pbmdTZWNyZXRTZWNyZXQ=",
];

/// Refuses everything, and quotes the request.
fn quoting(sink: &Sink, status: u16) {
    let quoted = format!(
        "cannot POST {0} with Authorization: Bearer plantedBearerToken, http://user:plantedUrlPassword@{0}",
        PLANTED.join(" ")
    );
    sink.script(Answer::new(status, quoted));
}

#[tokio::test]
async fn planted_secrets_appear_nowhere() {
    let (log, _logging) = Log::of_this_thread();
    let sink = Sink::start(|_| Answer::new(200, "")).await;
    let mut seen = String::new();
    let host = sink.url.strip_prefix("http://").unwrap();

    let slack = Slack::new(&format!("http://{host}/services/T0/B0/{}", PLANTED[0])).unwrap();
    let discord = Discord::new(&format!("http://{host}/api/webhooks/1/{}", PLANTED[1])).unwrap();
    let telegram = Telegram::new(PLANTED[2], -1).unwrap();
    let telegram = telegram.base_url(&format!("http://{host}")).unwrap();
    let webhook = format!("http://user:{}@{host}/{}", PLANTED[5], PLANTED[4]);
    let webhook = Webhook::new(&webhook).unwrap();
    let webhook = webhook
        .header("authorization", &format!("Bearer {}", PLANTED[6]))
        .and_then(|webhook| webhook.sign_with(PLANTED[7]))
        .unwrap();

    let debugged: [&dyn Debug; 4] = [&slack, &discord, &telegram, &webhook];
    for channel in debugged {
        seen.extend([format!("{channel:?} {channel:#?}\n")]);
    }
    assert!(seen.contains(host), "{seen}");
    let channels: [&dyn Channel; 4] = [&slack, &discord, &telegram, &webhook];
    for channel in channels {
        for status in [302, 400, 401, 404, 429, 500] {
            quoting(&sink, status);
            let error = channel.send(&test()).await.unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(&status.to_string()), "{shown}");
            assert!(shown.contains("cannot POST"), "{shown}");
            seen += &shown;
        }
        tracing::info!("{}", seen.len());
    }
    assert_eq!(log.text().lines().count(), 4);
    seen += &log.text();
    for planted in PLANTED {
        assert!(!seen.contains(planted), "{planted} in {seen}");
    }
}

/// Short parts of a path are not masked in other texts, so they must not be shown at all.
#[tokio::test]
async fn no_part_of_a_path_is_shown() {
    let sink = Sink::start(|_| Answer::new(500, "")).await;
    let url = format!("{}/sh0rt?k=sh0rt", sink.url);
    let (slack, webhook) = (Slack::new(&url).unwrap(), Webhook::new(&url).unwrap());
    let discord = Discord::new(&url).unwrap();
    let channels: [&dyn Channel; 3] = [&slack, &webhook, &discord];
    let mut seen = format!("{slack:?} {webhook:?} {discord:?}");
    for channel in channels {
        seen += channel.send(&test()).await.unwrap_err().message();
    }
    for at in sink.received() {
        assert!(at.target.starts_with("/sh0rt?k=sh0rt"), "{}", at.target);
    }
    assert!(!seen.contains("sh0rt"), "{seen}");
}
