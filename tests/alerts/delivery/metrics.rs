//! The metrics.

use super::fakes::Answer::{Ok, Reject, Retry};
use super::world::World;

const DELIVERIES: &str = "monitoring_alert_deliveries_total";
const LENGTH: &str = "monitoring_alert_outbox_length";
const OLDEST: &str = "monitoring_alert_oldest_undelivered_timestamp_seconds";

#[tokio::test(start_paused = true)]
async fn results_are_counted_by_channel() {
    let world = World::chain("a > b").start();
    let count = |channel: &str, result: &str| {
        world.metric(DELIVERIES, &[("channel", channel), ("result", result)])
    };
    // They exist from the start.
    for result in [
        "delivered",
        "failed",
        "rejected",
        "stopped",
        "expired",
        "dropped",
    ] {
        assert_eq!((count("a", result), count("b", result)), (0.0, 0.0));
    }
    world.channel("a").script([Retry, Retry, Ok, Reject]);
    world.queue("g");
    world.until(5_000).await;
    world.queue("h");
    world.until(6_000).await;
    assert_eq!((count("a", "failed"), count("a", "delivered")), (2.0, 1.0));
    assert_eq!(
        (count("a", "rejected"), count("b", "delivered")),
        (1.0, 1.0)
    );
}

#[tokio::test(start_paused = true)]
async fn the_outbox_shows_its_length_and_its_oldest() {
    let mut world = World::chain("a").start();
    let prometheus = world.prometheus.clone();
    let levels = || {
        let snapshot = prometheus.snapshot();
        let length = snapshot.sum(LENGTH, &[("ledger", "main")]);
        (length.unwrap(), snapshot.sum(OLDEST, &[]).unwrap())
    };
    assert_eq!(levels(), (0.0, 0.0));
    world.until(5_000).await;
    world.channel("a").always(Retry);
    world.queue("g");
    world.until(7_000).await;
    world.queue("h");
    assert_eq!(levels(), (2.0, 1_800_000_005.0));
    world.channel("a").always(Ok);
    world.until(60_000).await;
    assert_eq!(levels(), (0.0, 0.0));
    // What waits without a worker is not this process's.
    world.channel("a").always(Retry);
    world.queue("g");
    assert_eq!(levels(), (1.0, 1_800_000_060.0));
    world.crash();
    assert_eq!(levels(), (0.0, 0.0));
}
