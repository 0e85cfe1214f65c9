//! Attempts, their times, and their order.

use std::time::Duration;

use super::fakes::Answer::{Hang, Ok, Panic, PanicAtOnce, Reject, Retry, RetryAfter, Slow};
use super::world::{MINUTE, World, epoch};
use crate::metrics::seconds;
use crate::support::log::Log;

#[tokio::test(start_paused = true)]
async fn a_notification_is_delivered_at_once_and_leaves_the_outbox() {
    let world = World::chain("a").start();
    let queued = world.queue("g");
    world.until(150).await;
    assert_eq!(world.channel("a").times(), [0]);
    assert_eq!(world.channel("a").sent()[0], queued.notification);
    assert_eq!(world.events(), ["a g First Delivered 1"]);
    assert_eq!(world.store.ledger().outbox, []);
    let event = &world.notification_events()[0];
    assert_eq!(
        (event.at, event.notification),
        (epoch(), queued.notification.id)
    );
    assert_eq!(event.error, None);
}

#[tokio::test(start_paused = true)]
async fn attempts_are_one_second_apart_then_twice_as_long_up_to_five_minutes() {
    let world = World::chain("a").start();
    world.channel("a").always(Retry);
    world.queue("g");
    world.until(20 * 60_000).await;
    let times: Vec<_> = world.channel("a").times();
    let seconds: Vec<_> = times.iter().map(|time| time / 1000).collect();
    assert_eq!(
        seconds,
        [0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 811, 1111],
        "{times:?}"
    );
    world.channel("a").always(Ok);
    world.until(1_411_200).await;
    assert_eq!(world.events(), ["a g First Delivered 13"]);
}

#[tokio::test(start_paused = true)]
async fn the_jitter_is_a_fifth_of_the_time() {
    for (jitter, expected) in [(0.0, [0, 800, 2400]), (1.0, [0, 1200, 3600])] {
        let mut world = World::chain("a");
        world.jitter = jitter;
        let world = world.start();
        world.channel("a").script([Retry, Retry]);
        world.queue("g");
        world.until(5_000).await;
        // The runtime's timer counts milliseconds, and rounds up.
        let times = world.channel("a").times();
        for (time, expected) in times.iter().zip(expected) {
            assert!((expected..=expected + 2).contains(time), "{times:?}");
        }
        assert_eq!(times.len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn the_receivers_own_number_is_obeyed_up_to_an_hour() {
    let world = World::chain("a").start();
    let answers = [seconds(42), seconds(7), seconds(7200), Duration::ZERO];
    world.channel("a").script(answers.map(RetryAfter));
    world.queue("g");
    world.until(4_000_000).await;
    // 7200 s become an hour. No time at all becomes the usual one of the fourth failure in a row.
    let times = world.channel("a").times();
    let whole: Vec<_> = times.iter().map(|time| time / 1000).collect();
    assert_eq!(whole, [0, 42, 49, 3649, 3653 + 4], "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_and_a_panic_are_failures_that_are_tried_again() {
    let mut world = World::chain("a");
    world.channels[0].0.timeout = seconds(5);
    let world = world.start();
    world.channel("a").script([Hang, PanicAtOnce, Panic]);
    world.queue("g");
    world.until(4_900).await;
    assert_eq!(world.worker().channels()[0].last_error, None);
    world.until(5_100).await;
    let error = || world.worker().channels()[0].last_error.clone();
    assert_eq!(
        error().as_deref(),
        Some("the channel did not end within 5s")
    );
    world.until(6_100).await;
    assert_eq!(error().as_deref(), Some("the channel panicked: at once"));
    world.until(8_100).await;
    assert_eq!(
        error().as_deref(),
        Some("the channel panicked: while sending")
    );
    world.until(12_200).await;
    let whole: Vec<_> = world
        .channel("a")
        .times()
        .iter()
        .map(|at| at / 1000)
        .collect();
    assert_eq!(whole, [0, 6, 8, 12]);
    assert_eq!(world.events(), ["a g First Delivered 4"]);
    assert_eq!(error(), None);
}

#[tokio::test(start_paused = true)]
async fn one_at_a_time_in_a_channel_and_channels_in_parallel() {
    let world = World::chain("a > b").start();
    for channel in ["a", "b"] {
        world.channel(channel).always(Slow(seconds(2)));
        for group in ["x", "y", "z"] {
            let mut queued = world.queued(group);
            channel.clone_into(&mut queued.channel);
            world.enqueue(vec![queued]);
        }
    }
    world.until(7_000).await;
    for channel in ["a", "b"] {
        let channel = world.channel(channel);
        assert_eq!(channel.running.lock().unwrap().1, 1);
        assert_eq!(channel.groups(), ["x", "y", "z"]);
        let whole: Vec<_> = channel.times().iter().map(|at| at / 1000).collect();
        assert_eq!(whole, [0, 2, 4]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_stays_in_order_and_holds_back_no_other_group() {
    let world = World::chain("a").start();
    *world.channel("a").poison.lock().unwrap() = Some(("x", Retry));
    let (first, second) = (world.queue("x"), world.queue("x"));
    world.queue("y");
    world.queue("z");
    // The channel pauses for a second, then the ones that were not tried come first.
    world.until(1_200).await;
    assert_eq!(world.channel("a").groups()[..3], ["x", "y", "z"]);
    world.until(2_200).await;
    *world.channel("a").poison.lock().unwrap() = None;
    world.until(20_000).await;
    let sent = world.channel("a").sent();
    let of_x = sent.iter().filter(|it| it.group_key == "x").map(|it| it.id);
    let mut of_x: Vec<_> = of_x.collect();
    of_x.dedup();
    assert_eq!(of_x, [first.notification.id, second.notification.id]);
    assert_eq!(world.store.ledger().outbox, []);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_notification_is_not_tried_again_and_blocks_nobody() {
    let (log, _guard) = Log::of_this_thread();
    let world = World::chain("a").start();
    world.channel("a").script([Reject]);
    world.queue("g");
    world.queue("g");
    world.until(500).await;
    assert_eq!(world.channel("a").times(), [0, 0]);
    assert_eq!(
        world.events(),
        ["a g First Rejected 1", "a g First Delivered 1"]
    );
    let error = world.notification_events()[0].error.clone();
    assert_eq!(error.as_deref(), Some("malformed"));
    assert_eq!(
        log.count("was rejected: nobody gets it"),
        1,
        "{}",
        log.text()
    );
    assert_eq!(log.count("title of g"), 1);
    assert_eq!(log.count("WARN"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_notification_is_given_up_after_its_time() {
    let (log, _guard) = Log::of_this_thread();
    let mut world = World::chain("a");
    world.channels[0].0.give_up_after = 10 * MINUTE;
    let world = world.start();
    world.channel("a").always(Retry);
    world.queue("g");
    world.until(700_000).await;
    assert_eq!(world.events(), [""; 0]);
    // The first failure after 600 s is that at 811 s.
    world.until(812_000).await;
    assert_eq!(world.events(), ["a g First Expired 11"]);
    assert_eq!(world.store.ledger().outbox, []);
    assert_eq!(
        log.count("was given up: nobody gets it"),
        1,
        "{}",
        log.text()
    );
    world.until(2_000_000).await;
    assert_eq!(world.channel("a").times().len(), 11);
}

#[tokio::test(start_paused = true)]
async fn attempts_and_times_survive_a_restart() {
    let mut world = World::chain("a").start();
    world.channel("a").script([RetryAfter(seconds(600))]);
    world.queue("g");
    world.until(200).await;
    let saved = &world.store.ledger().outbox[0];
    assert_eq!(
        (saved.attempts, saved.last_error.as_deref()),
        (1, Some("busy"))
    );
    assert_eq!(saved.next_attempt, epoch() + seconds(600));
    world.until(10_000).await;
    world.restart();
    // The receiver asked for quiet, so a new one waits, too.
    world.queue("h");
    world.until(599_000).await;
    assert_eq!(world.channel("a").times(), [0]);
    world.until(601_000).await;
    assert_eq!(world.channel("a").groups(), ["g", "h", "g"]);
    assert_eq!(
        world.events(),
        ["a h First Delivered 1", "a g First Delivered 2"]
    );
}

#[tokio::test(start_paused = true)]
async fn the_longest_times_have_no_end() {
    let mut world = World::chain("a > b");
    let outlet = &mut world.channels[0].0;
    (outlet.give_up_after, outlet.fallback_after) = (Duration::MAX, Duration::MAX);
    outlet.timeout = Duration::MAX;
    let world = world.start();
    world.channel("a").always(Retry);
    world.queue("g");
    world.until(100 * 3_600_000).await;
    assert_eq!(world.channel("b").groups(), [""; 0]);
    world.channel("a").always(Ok);
    world.until(101 * 3_600_000).await;
    assert_eq!(world.channel("a").groups().last().unwrap(), "g");
    assert_eq!(world.store.ledger().outbox, []);
}

#[tokio::test(start_paused = true)]
async fn when_a_channel_works_again_all_that_waits_is_sent_soon() {
    let world = World::chain("a").start();
    world.channel("a").always(Retry);
    for group in ["g", "h", "i"] {
        world.queue(group);
    }
    // The channel was tried at 0, 1, 3, 7, 15 and 31 s, and pauses until 63 s.
    world.until(40_000).await;
    world.channel("a").always(super::fakes::Answer::Ok);
    world.until(70_000).await;
    let times = world.channel("a").times();
    assert_eq!(times[..6], [0, 1_000, 3_000, 7_000, 15_000, 31_000]);
    assert_eq!(times[6..], [63_000, 63_000, 63_000]);
}
