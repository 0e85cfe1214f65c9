//! The order of notifications about one alert, for a receiver that knows alerts by a key.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use tower_vitals::alerts::stores::Queued;

use super::fakes::Answer::Retry;
use super::fakes::Fault;
use super::world::World;
use crate::notified;

/// A commit takes 100 ms.
const SLOW: Fault = Fault::Slow(Duration::from_millis(100));

/// A channel of this kind, and another one as its fallback.
fn keyed() -> World {
    let world = World::chain("a > b");
    for (_, channel) in &world.channels {
        channel.deduplicates.store(true, Ordering::Relaxed);
    }
    world.start()
}

/// Queues a notification of this group about these alerts.
fn about(world: &World, group: &str, alerts: &[&str]) -> Queued {
    let mut queued = world.queued(group);
    let alerts = alerts.iter();
    let alerts = alerts.map(|name| notified::alert(&json!({"id": name})));
    queued.notification.alerts = alerts.collect();
    world.enqueue(vec![queued.clone()]);
    queued
}

const ONE: &str = "0000000000000001";
const TWO: &str = "0000000000000002";

#[tokio::test(start_paused = true)]
async fn a_notification_is_not_repeated_after_a_newer_one_about_its_alert() {
    let mut world = keyed();
    world.store.fail(SLOW);
    about(&world, "g", &[ONE]);
    about(&world, "g", &[ONE, TWO]);
    about(&world, "h", &[TWO]);
    about(&world, "i", &["0000000000000003"]);
    world.until(99).await;
    assert_eq!(world.channel("a").groups(), ["g", "i"]);
    world.restart();
    world.until(198).await;
    assert_eq!(world.channel("a").groups(), ["g", "i", "g", "i"]);
    world.until(290).await;
    assert_eq!(world.channel("a").groups()[4..], ["g"]);
    world.restart();
    world.until(380).await;
    assert_eq!(world.channel("a").groups()[4..], ["g", "g"]);
    world.until(1_000).await;
    assert_eq!(world.channel("a").groups()[4..], ["g", "g", "h"]);
    let sent = world.channel("a").sent();
    let numbers: Vec<_> = sent.iter().map(|it| it.alerts.len()).collect();
    assert_eq!(numbers, [1, 1, 1, 1, 2, 2, 1]);
    assert_eq!(world.store.ledger().outbox, []);
}

#[tokio::test(start_paused = true)]
async fn a_notification_that_fails_holds_back_later_ones_about_its_alerts_in_all_groups() {
    let world = keyed();
    // A summary, which has a group of its own, says that both fire.
    world.channel("a").script([Retry]);
    about(&world, "summary", &[ONE, TWO]);
    world.until(10).await;
    about(&world, "g", &[ONE]);
    about(&world, "h", &["0000000000000003"]);
    world.until(5_000).await;
    assert_eq!(
        world.channel("a").groups(),
        ["summary", "h", "summary", "g"]
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_waits_for_a_store_that_is_down() {
    let world = keyed();
    world.store.fail(Fault::Down);
    about(&world, "g", &[ONE]);
    about(&world, "h", &[ONE]);
    world.until(1).await;
    assert_eq!(world.channel("a").groups(), ["g", "h"]);
    about(&world, "i", &[ONE]);
    world.until(2).await;
    assert_eq!(world.channel("a").groups(), ["g", "h", "i"]);
    world.store.fail(Fault::None);
    world.until(60_000).await;
    assert_eq!(world.store.ledger().outbox, []);
    let before = world.channel("a").groups().len();
    world.store.fail(SLOW);
    about(&world, "j", &[ONE]);
    about(&world, "k", &[ONE]);
    world.until(60_099).await;
    assert_eq!(world.channel("a").groups()[before..], ["j"]);
}

#[tokio::test(start_paused = true)]
async fn draining_waits_for_the_record_and_sends_all() {
    let world = keyed();
    for group in ["g", "g", "h", "i"] {
        about(&world, group, &[ONE]);
    }
    let left = world.worker().drain(world.start + super::world::MINUTE);
    assert_eq!(left.await, 0);
    assert_eq!(world.channel("a").groups(), ["g", "g", "h", "i"]);
    assert_eq!(world.store.ledger().outbox, []);
    assert!(world.start.elapsed() < super::world::MINUTE);
}

#[tokio::test(start_paused = true)]
async fn copies_for_the_fallback_stay_in_order_there() {
    let world = keyed();
    world.store.fail(SLOW);
    world.channel("a").always(super::fakes::Answer::Stop);
    about(&world, "g", &[ONE]);
    about(&world, "h", &[ONE]);
    world.until(50).await;
    assert_eq!(world.channel("b").groups(), ["g"]);
    world.until(150).await;
    assert_eq!(world.channel("b").groups(), ["g", "h"]);
}
