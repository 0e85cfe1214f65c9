//! The series that rules read are bounded, and the engine says so when some find no room.

use std::time::{Duration, SystemTime};

use metrics::{Key, Label, Metadata, Recorder};
use tower_vitals::Prometheus;
use tower_vitals::alerts::{Alerts, Rule, Rules, Selector, Signal};

use crate::support::log::Log;

#[tokio::test]
async fn series_without_room_are_told() {
    let (log, _guard) = Log::of_this_thread();
    let prometheus = Prometheus::builder().build().unwrap();
    let rule = Rule::new("Queue", Signal::value(Selector::new("depth")).by(["queue"])).gt(5.0);
    let rules = Rules::builder().allow_unknown_metrics().rule(rule);
    let alerts = Alerts::builder()
        .metrics(prometheus.clone())
        .rules(rules.build().unwrap())
        .max_series(3)
        .manual()
        .run()
        .unwrap();
    let metadata = Metadata::new("test", metrics::Level::INFO, None);
    let set = |queue: u32| {
        let key = Key::from_parts("depth", vec![Label::new("queue", queue.to_string())]);
        prometheus.register_gauge(&key, &metadata).set(1.0);
    };
    let mut now = SystemTime::now();
    let mut evaluate = async || {
        now += Duration::from_secs(15);
        alerts
            .evaluate_at(&prometheus.snapshot(), now)
            .await
            .unwrap();
        alerts.stats().series_left_out
    };
    let left_out = || {
        prometheus
            .snapshot()
            .sum("monitoring_alert_series_left_out", &[])
    };
    for queue in 0..3 {
        set(queue);
    }
    assert_eq!(evaluate().await, 0);
    assert_eq!(left_out(), Some(0.0));
    assert_eq!(alerts.health_check()().await, Ok(()));
    set(3);
    set(4);
    assert_eq!(evaluate().await, 2);
    assert_eq!(evaluate().await, 2);
    assert_eq!(left_out(), Some(2.0));
    let problem = "the rules do not see 2 series: at most 3 are kept".to_owned();
    assert_eq!(alerts.health_check()().await, Err(problem));
    assert_eq!(log.count("do not see these"), 1, "{}", log.text());
    for queue in [0, 1] {
        assert!(prometheus.remove("depth", &[("queue", &queue.to_string())]));
    }
    // They count in their window for 5 minutes.
    for _ in 0..21 {
        evaluate().await;
    }
    assert_eq!(evaluate().await, 0);
    assert_eq!(left_out(), Some(0.0));
}
