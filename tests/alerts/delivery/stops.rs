//! Channels that are stopped.

use tower_vitals::alerts::channels::{DeliveryError, Mode, NotificationReason};

use super::fakes::Answer::{Ok, Reject, Retry, Slow, Stop};
use super::world::{World, epoch};
use crate::metrics::seconds;
use crate::support::log::Log;

const STOPPED: &str = "monitoring_alert_channel_stopped";

#[tokio::test(start_paused = true)]
async fn a_stopped_channel_passes_its_queue_on_and_gets_nothing() {
    let (log, _guard) = Log::of_this_thread();
    let world = World::chain("a > b").start();
    assert_eq!(world.metric(STOPPED, &[("channel", "a")]), 0.0);
    world.channel("a").always(Stop);
    for group in ["g", "h", "i"] {
        world.queue(group);
    }
    world.until(1_000).await;
    world.queue("j");
    world.until(100_000).await;
    assert_eq!(world.channel("a").times(), [0]);
    assert_eq!(world.channel("b").groups(), ["g", "h", "i", "j"]);
    let events = world.events();
    let stopped: Vec<_> = events.iter().filter(|it| it.starts_with('a')).collect();
    assert_eq!(
        stopped,
        [
            "a g First Stopped 1",
            "a h First Stopped 0",
            "a i First Stopped 0",
            "a j First Stopped 0"
        ]
    );
    assert_eq!(world.store.ledger().outbox, []);
    assert_eq!(log.count("ERROR"), 1, "{}", log.text());
    assert_eq!(log.count("an alert channel is stopped"), 1);
    assert_eq!(world.metric(STOPPED, &[("channel", "a")]), 1.0);
    let status = &world.worker().channels()[0];
    let stopped = status.stopped.as_ref().unwrap();
    assert_eq!((stopped.since, &*stopped.error), (epoch(), "revoked"));
}

#[tokio::test(start_paused = true)]
async fn without_a_fallback_each_title_is_in_the_log() {
    let (log, _guard) = Log::of_this_thread();
    let world = World::chain("a").start();
    world.channel("a").always(Stop);
    world.queue("g");
    world.queue("h");
    world.until(500).await;
    world.queue("i");
    world.until(1_000).await;
    for title in ["title of g", "title of h", "title of i"] {
        assert_eq!(log.count(title), 1, "{}", log.text());
    }
    assert_eq!(log.count("nobody gets it"), 3);
    assert_eq!(world.events().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_fallback_is_passed_over() {
    let world = World::chain("a > b > c").start();
    world.channel("b").always(Stop);
    assert!(world.worker().test("b").await.is_err());
    world.channel("a").always(Stop);
    world.queue("g");
    world.until(500).await;
    assert_eq!(world.channel("c").groups(), ["g"]);
    let sent = world.channel("b").sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].reason, NotificationReason::Test);
}

#[tokio::test(start_paused = true)]
async fn a_test_that_succeeds_starts_the_channel_again() {
    let (log, _guard) = Log::of_this_thread();
    let mut world = World::chain("a > b").start();
    world.channel("a").always(Stop);
    world.queue("g");
    world.until(500).await;
    let refused = world.worker().test("a").await;
    assert_eq!(refused, Err(DeliveryError::stopped("revoked")));
    assert!(world.worker().channels()[0].stopped.is_some());
    world.channel("a").always(Retry);
    let refused = world.worker().test("a").await;
    assert_eq!(refused, Err(DeliveryError::retry("busy")));
    assert!(world.worker().channels()[0].stopped.is_some());
    world.channel("a").always(Ok);
    assert_eq!(world.worker().test("a").await, Result::Ok(()));
    assert_eq!(world.worker().channels()[0].stopped, None);
    assert_eq!(world.metric(STOPPED, &[("channel", "a")]), 0.0);
    world.queue("h");
    world.until(1_000).await;
    assert_eq!(
        world.channel("a").groups(),
        ["g", "test", "test", "test", "h"]
    );
    assert_eq!(world.channel("b").groups(), ["g"]);
    assert_eq!(log.count("works again"), 1, "{}", log.text());
    assert_eq!(log.count("an alert channel is stopped"), 1);
    let sent = world.channel("a").sent();
    assert_eq!(sent[1].title(), "[FIRING:1] ChannelTest");
    assert_eq!(
        sent[1].alerts[0].summary(),
        "This is a test of the channel a. Nothing is wrong."
    );
    world.restart();
    assert_eq!(world.worker().channels()[0].stopped, None);
}

#[tokio::test(start_paused = true)]
async fn a_test_goes_past_the_queue_and_one_without_a_channel_is_rejected() {
    let world = World::chain("a").start();
    world.channel("a").script([Slow(seconds(9))]);
    world.queue("g");
    world.until(1_000).await;
    assert_eq!(world.worker().test("a").await, Result::Ok(()));
    assert_eq!(world.channel("a").times(), [0, 1_000]);
    assert_eq!(
        world.worker().test("nobody").await,
        Err(DeliveryError::rejected(
            "there is no alert channel \"nobody\""
        ))
    );
    world.channel("a").always(Reject);
    let result = world.worker().test("a").await;
    assert_eq!(result, Err(DeliveryError::rejected("malformed")));
    assert_eq!(
        world.worker().channels()[0].last_error.as_deref(),
        Some("malformed")
    );
}

#[tokio::test(start_paused = true)]
async fn a_stop_survives_a_restart_until_the_configuration_changes() {
    let mut world = World::chain("a").start();
    world.channel("a").always(Stop);
    world.queue("g");
    world.until(500).await;
    world.channel("a").always(Ok);
    world.restart();
    let stopped = world.worker().channels()[0].stopped.clone().unwrap();
    assert_eq!((stopped.since, &*stopped.error), (epoch(), "revoked"));
    assert_eq!(world.metric(STOPPED, &[("channel", "a")]), 1.0);
    world.queue("h");
    world.until(1_000).await;
    assert_eq!(world.channel("a").groups(), ["g"]);
    world.channels[0] = world.receiver("a", Mode::Notifications, 1);
    world.restart();
    assert_eq!(world.worker().channels()[0].stopped, None);
    world.queue("i");
    world.until(1_500).await;
    assert_eq!(world.channel("a").groups(), ["i"]);
}
