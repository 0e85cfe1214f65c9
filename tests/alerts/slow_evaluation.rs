//! An evaluation that takes longer than the interval.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::sleep;
use tower_vitals::Prometheus;
use tower_vitals::alerts::{Alerts, Computed, Rule, Rules, Signal};

/// Each evaluation waits 3.5 s for its signal, and the interval is 1 s. So one begins every 3.5 s, at 0 to 38.5 s, and of the 39 ticks
/// until then 12 are evaluated.
#[tokio::test(start_paused = true)]
async fn skips_ticks_and_counts_them() {
    let calls = Arc::new(AtomicU64::new(0));
    let of_closure = Arc::clone(&calls);
    let slow = Computed::value(move || {
        of_closure.fetch_add(1, Ordering::Relaxed);
        async {
            sleep(Duration::from_millis(3_500)).await;
            Ok::<_, String>(1.0)
        }
    });
    let rule = Rule::new("Slow", Signal::computed("slow")).gt(5.0);
    let prometheus = Prometheus::builder().build().unwrap();
    let alerts = Alerts::builder()
        .metrics(prometheus.clone())
        .rules(Rules::builder().rule(rule).build().unwrap())
        .computed("slow", slow)
        .interval(Duration::from_secs(1))
        .settle(Duration::ZERO)
        .run()
        .unwrap();
    sleep(Duration::from_millis(39_500)).await;
    let missed = alerts.stats().missed_ticks;
    assert_eq!((calls.load(Ordering::Relaxed), missed), (12, 27));
    let counted = prometheus
        .snapshot()
        .sum("monitoring_alert_missed_ticks_total", &[]);
    assert_eq!(counted, Some(missed as f64));
}
