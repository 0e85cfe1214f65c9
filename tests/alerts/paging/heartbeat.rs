//! `Heartbeat`.

use std::time::Duration;

use tower_vitals::ErrorKind;
use tower_vitals::alerts::channels::{Channel, Heartbeat, Mode, NotificationReason};

use super::notifications::notification;
use super::sink::{Sink, assert_common, kind, says};

const PATH: &str = "/planted-1234-5678-9abc-0123456789ab";

#[tokio::test]
async fn a_beat_calls_the_url() {
    let sink = Sink::always(says(204, "")).await;
    let beat = notification(NotificationReason::Heartbeat, []);
    let heartbeat = || Heartbeat::new(format!("{}{PATH}?rid=1", sink.url())).unwrap();
    assert_eq!(heartbeat().send(&beat).await, Ok(()));
    assert_eq!(heartbeat().post().send(&beat).await, Ok(()));
    let calls = sink.received();
    let calls: Vec<_> = calls
        .iter()
        .map(|call| (&*call.method, &*call.target, call.body.len()))
        .collect();
    let target = format!("{PATH}?rid=1");
    assert_eq!(calls, [("GET", &*target, 0), ("POST", &*target, 0)]);
    let minute = Duration::from_secs(60);
    assert_eq!(heartbeat().mode(), Mode::Heartbeat { every: minute });
    let every = |every| heartbeat().every(every).mode();
    assert_eq!(every(5 * minute), Mode::Heartbeat { every: 5 * minute });
    assert_eq!(
        every(Duration::ZERO),
        Mode::Heartbeat {
            every: Duration::from_secs(1)
        }
    );
    assert!(!heartbeat().deduplicates() && !heartbeat().takes_acknowledgements());
}

#[tokio::test]
async fn errors_are_treated_as_documented() {
    let beat = notification(NotificationReason::Heartbeat, []);
    assert_common(|url| Heartbeat::new(url).unwrap(), &beat).await;
    for (status, body, expected) in [
        (200, "OK", "ok"),
        (202, "", "ok"),
        // Healthchecks.io ignores some calls of one minute.
        (200, "OK (rate limited)", "ok"),
        (200, "OK (not found)\n", "stopped"),
        (301, "", "rejected"),
        (400, "invalid url format", "rejected"),
        (409, "ambiguous slug", "rejected"),
    ] {
        let sink = Sink::always(says(status, body)).await;
        let result = Heartbeat::new(sink.url()).unwrap().send(&beat).await;
        assert_eq!(kind(&result), (expected, None), "{status} {body}");
    }
}

#[tokio::test]
async fn the_path_appears_nowhere() {
    let beat = notification(NotificationReason::Heartbeat, []);
    // The second is as long as those of Dead Man's Snitch.
    for path in [PATH, "/p1anted000"] {
        let sink = Sink::always(says(404, &format!("there is no {path}"))).await;
        let heartbeat = Heartbeat::new(format!("{}{path}", sink.url())).unwrap();
        let error = heartbeat.send(&beat).await.unwrap_err();
        let shown = format!("{error} {error:?} {heartbeat:?}");
        assert!(shown.contains("there is no"), "{shown}");
        assert!(!shown.contains("anted"), "{shown}");
    }
    let error = Heartbeat::new("ftp://h/planted").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert_eq!(
        error.to_string(),
        "the URL of the heartbeat is invalid: its scheme is not http or https"
    );
}
