//! A mail server that is down for a minute.

use std::time::{Duration, SystemTime};

use serde_json::json;
use tokio::time::{Instant, sleep};
use tower_vitals::Prometheus;
use tower_vitals::alerts::stores::DeliveryResult;
use tower_vitals::alerts::{Alerts, Receiver};

use super::engine::{fails, fire, has_results, results, start};
use super::world::plain;

const MINUTE: Duration = Duration::from_secs(60);

/// A value of the metrics of alerts.
fn metric(prometheus: &Prometheus, name: &str, labels: &[(&str, &str)]) -> f64 {
    let name = format!("monitoring_alert_{name}");
    prometheus.snapshot().sum(&name, labels).unwrap()
}

/// Evaluates every second until it is so, for three minutes at most. An engine that does not evaluate loses its ledger.
async fn evaluate_until(alerts: &Alerts, is_so: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + 3 * MINUTE;
    let snapshot = Prometheus::builder().build().unwrap().snapshot();
    while !is_so().await {
        assert!(Instant::now() < deadline, "{:?}", alerts.stats().channels);
        let now = SystemTime::now();
        alerts.evaluate_at(&snapshot, now).await.unwrap();
        sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn mails_of_an_outage_of_a_minute_arrive_once_each_afterwards() {
    let first = start(json!({})).await;
    let port = first.port;
    let prometheus = Prometheus::builder().build().unwrap();
    let email = plain(port).timeout(Duration::from_secs(5)).build().unwrap();
    let receiver = Receiver::from(email)
        .group_wait(Duration::ZERO)
        .group_interval(Duration::from_nanos(1));
    let alerts = Alerts::builder()
        .channel(receiver)
        .recorder(prometheus.clone())
        .manual()
        .run()
        .unwrap();
    fire(&alerts, "before").await;
    has_results(&alerts, 1).await;
    assert_eq!(first.mail().header("Subject"), "[FIRING:1] before");
    assert_eq!(first.stop().len(), 0);

    let down = Instant::now();
    for text in ["the first", "the second", "the third"] {
        fire(&alerts, text).await;
    }
    fails(&alerts, "cannot connect: ").await;
    evaluate_until(&alerts, async || down.elapsed() >= MINUTE / 2).await;
    fire(&alerts, "the last").await;
    evaluate_until(&alerts, async || down.elapsed() >= MINUTE).await;
    let status = alerts.stats().channels.remove(0);
    assert_eq!((status.waiting, status.stopped), (4, None));
    let error = status.last_error.unwrap();
    assert!(error.contains("cannot connect: "), "{error}");
    assert!(status.last_success.unwrap() < status.oldest.unwrap());
    assert!(status.next_attempt.is_some());
    let failed = [("channel", "email"), ("result", "failed")];
    let delivered = [("channel", "email"), ("result", "delivered")];
    let deliveries = |labels| metric(&prometheus, "deliveries_total", labels);
    // After 1, 3, 7, 15 and 31 s, by 20 % more or less.
    assert!((5.0..9.0).contains(&deliveries(&failed)));
    assert_eq!(deliveries(&delivered), 1.0);
    assert_eq!(metric(&prometheus, "outbox_length", &[]), 4.0);
    let oldest = metric(&prometheus, "oldest_undelivered_timestamp_seconds", &[]);
    let oldest = status.oldest.unwrap() - Duration::from_secs_f64(oldest);
    assert!(oldest < std::time::UNIX_EPOCH + Duration::from_secs(1));
    assert_eq!(results(&alerts).await.len(), 1, "none is given up");

    let back = start(json!({"port": port})).await;
    evaluate_until(&alerts, async || results(&alerts).await.len() == 5).await;
    for (result, _) in results(&alerts).await {
        assert_eq!(result, DeliveryResult::Delivered);
    }
    let mut subjects: Vec<_> = (0..4)
        .map(|_| back.mail().header("Subject").to_owned())
        .collect();
    subjects.sort();
    let expected = ["the first", "the last", "the second", "the third"];
    assert_eq!(subjects, expected.map(|text| format!("[FIRING:1] {text}")));
    let status = alerts.stats().channels.remove(0);
    assert_eq!((status.waiting, status.last_error), (0, None));
    assert_eq!(deliveries(&delivered), 5.0);
    assert_eq!(metric(&prometheus, "outbox_length", &[]), 0.0);
    assert_eq!(back.stop().len(), 0, "once each");
}
