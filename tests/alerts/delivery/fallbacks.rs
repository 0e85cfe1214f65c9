//! Hand-over to other channels.

use tower_vitals::ErrorKind;
use tower_vitals::alerts::channels::{Mode, NotificationReason};
use tower_vitals::alerts::stores::Saved;

use super::fakes::Answer::{Ok, Reject, Retry, RetryAfter, Stop};
use super::world::{MINUTE, World};
use crate::metrics::seconds;
use crate::support::log::Log;

#[tokio::test(start_paused = true)]
async fn the_fallback_gets_what_is_rejected() {
    let (log, _guard) = Log::of_this_thread();
    let world = World::chain("a > b").start();
    world.channel("a").script([Reject]);
    let queued = world.queue("g");
    world.until(200).await;
    assert_eq!(
        world.events(),
        ["a g First Rejected 1", "b g Fallback Delivered 1"]
    );
    let sent = &world.channel("b").sent()[0];
    assert_eq!(sent.id, queued.notification.id);
    assert_eq!(sent.reason, NotificationReason::Fallback);
    assert_eq!(
        sent.text.as_deref(),
        Some("title of g\nnot delivered by a: malformed")
    );
    assert_eq!(log.count("its fallback gets it"), 1, "{}", log.text());
    assert_eq!(world.store.ledger().outbox, []);
}

#[tokio::test(start_paused = true)]
async fn a_chain_ends_in_the_log() {
    let (log, _guard) = Log::of_this_thread();
    let world = World::chain("a > b > c").start();
    for channel in ["a", "b", "c"] {
        world.channel(channel).always(Reject);
    }
    world.queue("g");
    world.until(500).await;
    assert_eq!(
        world.events(),
        [
            "a g First Rejected 1",
            "b g Fallback Rejected 1",
            "c g Fallback Rejected 1"
        ]
    );
    assert_eq!(log.count("nobody gets it"), 1, "{}", log.text());
    assert_eq!(world.store.ledger().outbox, []);
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_fails_for_a_minute_hands_over_copies() {
    let (log, _guard) = Log::of_this_thread();
    let mut world = World::chain("a > b").start();
    world.channel("a").always(RetryAfter(seconds(900)));
    world.queue("g");
    world.queue("h");
    world.until(59_000).await;
    assert_eq!(world.channel("b").times(), [0; 0]);
    // At the minute, although the next attempt is later.
    world.until(60_500).await;
    assert_eq!(world.channel("b").groups(), ["g", "h"]);
    assert_eq!(world.channel("b").times(), [60_000, 60_000]);
    let outbox = world.store.ledger().outbox;
    let waiting: Vec<_> = outbox
        .iter()
        .map(|it| (&*it.channel, it.handed_over))
        .collect();
    assert_eq!(waiting, [("a", true), ("a", true)]);
    assert_eq!(log.count("its fallback gets copies"), 1, "{}", log.text());
    // Those that come later are handed over at once.
    world.until(70_000).await;
    world.queue("i");
    world.until(70_500).await;
    assert_eq!(world.channel("b").groups(), ["g", "h", "i"]);
    // Nothing is handed over twice, also over a restart.
    world.restart();
    world.until(200_000).await;
    assert_eq!(world.channel("b").groups(), ["g", "h", "i"]);
    // The originals are delivered, too, once the channel works.
    world.channel("a").always(Ok);
    world.until(1_000_000).await;
    let mut delivered = world.channel("a").groups().split_off(1);
    delivered.sort();
    assert_eq!(delivered, ["g", "h", "i"]);
    assert_eq!(world.store.ledger().outbox, []);
    world.queue("j");
    world.until(1_001_000).await;
    assert_eq!(world.channel("b").times().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_a_channel_that_failed_is_tried_before_it_hands_over() {
    let mut world = World::chain("a > b").start();
    world.channel("a").script([Retry]);
    world.queue("g");
    world.until(200).await;
    world.crash();
    world.until(600_000).await;
    world.restart();
    world.until(601_000).await;
    assert_eq!(world.channel("a").times(), [0, 600_000]);
    assert_eq!(world.channel("b").times(), [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_notification_that_always_fails_is_handed_over_with_its_group() {
    let world = World::chain("a > b").start();
    *world.channel("a").poison.lock().unwrap() = Some(("x", Retry));
    world.queue("x");
    for second in 1..130 {
        world.until(second * 1000 + 500).await;
        world.queue("y");
        if second == 10 {
            world.queue("x");
        }
    }
    assert_eq!(world.channel("b").groups(), ["x", "x"]);
    // Those of the group that come later would wait behind it.
    world.queue("x");
    world.until(131_000).await;
    assert_eq!(world.channel("b").groups(), ["x", "x", "x"]);
    let of_y = world.channel("a").groups();
    assert_eq!(of_y.iter().filter(|it| *it == "y").count(), 129);
}

#[tokio::test(start_paused = true)]
async fn what_was_handed_over_is_not_handed_over_again_when_it_ends() {
    let mut world = World::chain("a > b");
    let (log, _guard) = Log::of_this_thread();
    world.channels[0].0.give_up_after = 5 * MINUTE;
    let world = world.start();
    world.channel("a").always(Retry);
    world.queue("g");
    world.until(1_000_000).await;
    assert_eq!(
        log.count("was given up: its fallback has a copy"),
        1,
        "{}",
        log.text()
    );
    assert_eq!(
        world.events(),
        ["b g Fallback Delivered 1", "a g First Expired 10"]
    );
    world.queue("h");
    world.channel("a").always(Stop);
    world.until(2_000_000).await;
    assert_eq!(world.channel("b").groups(), ["g", "h"]);
    assert_eq!(world.events()[3], "a h First Stopped 1");
}

#[tokio::test(start_paused = true)]
async fn the_fallback_gets_what_is_given_up_before() {
    let mut world = World::chain("a > b");
    world.channels[0].0.give_up_after = seconds(10);
    let world = world.start();
    world.channel("a").always(Retry);
    world.queue("g");
    world.until(20_000).await;
    assert_eq!(
        world.events(),
        ["a g First Expired 5", "b g Fallback Delivered 1"]
    );
    assert_eq!(world.channel("b").times().len(), 1);
    assert_eq!(world.store.ledger().outbox, []);
}

#[tokio::test(start_paused = true)]
async fn wrong_fallbacks_are_refused_with_all_mistakes() {
    let mut world = World::chain("a > b > c");
    world.channels[2].0.fallback = Some("a".into());
    let more = [
        world.receiver("a", Mode::Notifications, 0),
        world.receiver("", Mode::Notifications, 0),
        world.receiver("d", Mode::Alerts { every: MINUTE }, 0),
        world.receiver("e", Mode::Notifications, 0),
        world.receiver("f", Mode::Notifications, 0),
    ];
    world.channels.extend(more);
    world.channels[5].0.fallback = Some("e".into());
    world.channels[6].0.fallback = Some("d".into());
    world.channels[7].0.fallback = Some("nobody".into());
    world.channels[7].0.timeout = seconds(0);
    world.max_queued = 0;
    let error = world.builder().start(&Saved::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert_eq!(
        error.to_string(),
        "12 mistakes: two channels have the name \"a\"; a channel has an empty name; \
         channel \"d\" has a fallback, but gets no notifications that it could hand over; \
         channel \"e\": its fallback \"d\" takes no notifications; channel \"f\": the timeout is 0; \
         channel \"f\": there is no channel \"nobody\" to fall back to; channel \"a\" falls back to itself; \
         channel \"b\" falls back to itself; channel \"c\" falls back to itself; channel \"d\" falls back to itself; \
         channel \"e\" falls back to itself; max_queued is 0: at least 1 is required"
    );
}

#[test]
fn a_worker_needs_a_runtime() {
    let world = World::chain("a");
    let error = world.builder().start(&Saved::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no tokio runtime: call start() within one"
    );
}
