//! The record of results in the store.

use std::time::Duration;

use tower_vitals::alerts::stores::{Lease, Queued};

use super::fakes::Answer::{Slow, Stop};
use super::fakes::Fault;
use super::world::World;
use crate::metrics::seconds;
use crate::support::log::Log;

#[tokio::test(start_paused = true)]
async fn results_without_a_pause_are_one_commit_at_once() {
    let world = World::chain("a").start();
    world.lease.send_replace(Lease::new(7));
    let queued: Vec<Queued> = (0..500).map(|n| world.queued(&n.to_string())).collect();
    world.enqueue(queued.clone());
    world.until(1_000).await;
    let ledger = world.store.ledger();
    assert_eq!(ledger.commits.len(), 1);
    let commit = &ledger.commits[0];
    assert_eq!((&*commit.ledger, commit.lease), ("main", Lease::new(7)));
    assert_eq!((commit.done.len(), commit.events.len()), (500, 500));
    assert_eq!(commit.seen, None);
    assert!(commit.documents.is_empty());
    assert_eq!(ledger.tried, [Duration::ZERO]);
    let mut ids: Vec<_> = queued.iter().map(|it| it.id).collect();
    ids.sort_unstable();
    assert_eq!(commit.done, ids);
}

#[tokio::test(start_paused = true)]
async fn while_a_channel_sends_the_results_of_a_tenth_of_a_second_are_one_commit() {
    let world = World::chain("a").start();
    world.channel("a").always(Slow(Duration::from_millis(40)));
    for group in ["g", "h", "i", "j"] {
        world.queue(group);
    }
    world.until(1_000).await;
    let ledger = world.store.ledger();
    // The first result is there after 40 ms, and the last one after 160 ms.
    let tried = ledger.tried.iter().map(Duration::as_millis);
    assert_eq!(tried.collect::<Vec<_>>(), [140, 160]);
    let sizes: Vec<_> = ledger.commits.iter().map(|it| it.done.len()).collect();
    assert_eq!(sizes, [3, 1]);
}

#[tokio::test(start_paused = true)]
async fn many_results_are_several_commits() {
    let world = World::chain("a").start();
    world.enqueue((0..2_500).map(|_| world.queued("g")).collect());
    world.until(2_000).await;
    let commits = world.store.ledger().commits;
    let sizes: Vec<_> = commits.iter().map(|it| it.events.len()).collect();
    assert_eq!(sizes, [1000, 1000, 500]);
}

#[tokio::test(start_paused = true)]
async fn a_crash_between_delivery_and_record_is_one_duplicate() {
    let mut world = World::chain("a").start();
    world.store.fail(Fault::Slow(Duration::from_millis(100)));
    world.queue("g");
    world.until(50).await;
    world.restart();
    world.until(1_000).await;
    assert_eq!(world.channel("a").groups(), ["g", "g"]);
    let sent = world.channel("a").sent();
    assert_eq!(sent[0].id, sent[1].id);
    assert_eq!(world.events(), ["a g First Delivered 1"]);
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_down_delivery_goes_on_and_nothing_is_lost() {
    let (log, _guard) = Log::of_this_thread();
    let world = World::chain("a > b").start();
    world.store.fail(Fault::Down);
    world.queue("g");
    world.until(60_000).await;
    world.queue("h");
    world.channel("a").always(Stop);
    world.until(61_000).await;
    world.queue("i");
    world.until(119_000).await;
    assert_eq!(world.channel("a").groups(), ["g", "h"]);
    // Also to the fallback.
    assert_eq!(world.channel("b").groups(), ["h", "i"]);
    world.until(150_000).await;
    // The pauses double from half a second to half a minute.
    let tried = world.store.ledger().tried;
    assert!(tried.len() < 12, "{tried:?}");
    assert_eq!(world.events(), [""; 0]);
    world.store.fail(Fault::None);
    world.until(200_000).await;
    assert_eq!(world.store.ledger().outbox, []);
    let mut events = world.events();
    events.sort();
    assert_eq!(
        events,
        [
            "a g First Delivered 1",
            "a h First Stopped 1",
            "a i First Stopped 0",
            "b h Fallback Delivered 1",
            "b i Fallback Delivered 1"
        ]
    );
    assert_eq!(log.count("cannot record deliveries"), 1, "{}", log.text());
    assert_eq!(log.count("can record deliveries again"), 1);
    assert!(!world.worker().is_ended());
}

#[tokio::test(start_paused = true)]
async fn the_latest_50_000_results_wait_for_a_store_that_is_far_behind() {
    let (log, _guard) = Log::of_this_thread();
    let mut world = World::chain("a").start();
    world.queue("first");
    world.until(1_000).await;
    world.store.fail(Fault::Down);
    for n in 0..6_u64 {
        world.enqueue((0..10_000).map(|_| world.queued("g")).collect());
        world.until(n * 1_000 + 2_000).await;
    }
    assert_eq!(world.channel("a").times().len(), 60_001);
    let dropped = |world: &World| world.metric("monitoring_alert_events_dropped_total", &[]);
    assert_eq!(dropped(&world), 10_000.0);
    assert_eq!(log.count("the history of the alerts loses events"), 1);
    world.store.fail(Fault::None);
    world.until(100_000).await;
    assert_eq!(log.count("lost events"), 1, "{}", log.text());
    assert_eq!(world.store.ledger().events.len(), 50_001);
    // Nothing that was delivered is sent again.
    assert_eq!(world.store.ledger().outbox, []);
    world.restart();
    world.until(200_000).await;
    assert_eq!(world.channel("a").times().len(), 60_001);
    assert_eq!(dropped(&world), 10_000.0);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_slow_hangs_or_panics_is_asked_again() {
    let world = World::chain("a").start();
    for fault in [Fault::Slow(seconds(10)), Fault::Hangs, Fault::Panics] {
        world.store.fail(fault);
        world.queue("g");
        let now = u64::try_from(world.start.elapsed().as_millis()).unwrap();
        world.until(now + 5_000).await;
        world.store.fail(Fault::None);
        world.until(now + 100_000).await;
        assert_eq!(world.store.ledger().outbox, [], "{fault:?}");
    }
    assert_eq!(world.events(), ["a g First Delivered 1"; 3]);
}

#[tokio::test(start_paused = true)]
async fn after_a_refused_commit_nothing_is_sent_until_the_lease_is_renewed() {
    let (log, _guard) = Log::of_this_thread();
    let world = World::chain("a").start();
    world.channel("a").always(Slow(Duration::from_millis(40)));
    world.store.fail(Fault::Refused);
    for group in ["g", "h", "i", "j", "k", "l"] {
        world.queue(group);
    }
    world.until(100_000).await;
    let sent = world.channel("a").groups();
    assert!((1..6).contains(&sent.len()), "{sent:?}");
    assert!(!world.worker().is_ended());
    assert_eq!(log.count("cannot record deliveries"), 1, "{}", log.text());
    world.store.fail(Fault::None);
    world.until(200_000).await;
    assert_eq!(world.channel("a").groups(), ["g", "h", "i", "j", "k", "l"]);
    assert_eq!(world.store.ledger().outbox, []);
}

#[tokio::test(start_paused = true)]
async fn draining_does_not_wait_for_a_lease_that_is_over() {
    let world = World::chain("a").start();
    world.store.fail(Fault::Refused);
    world.queue("g");
    world.until(1_000).await;
    world.queue("h");
    let left = world.worker().drain(world.start + seconds(60)).await;
    assert_eq!(world.start.elapsed().as_millis(), 1_000);
    assert_eq!(left, 1);
    assert_eq!(world.channel("a").groups(), ["g"]);
}
