//! Ends of alerts that a channel or its fallback has not heard of.

use serde_json::json;
use tower_vitals::alerts::channels::{Notification, NotificationReason};

use super::fakes::Answer::{Ok, Retry, RetryAfter, Stop};
use super::world::World;
use crate::metrics::seconds;
use crate::notified;

/// Queues a notification about alerts: `1+ 2-` is one that fires and one that ended.
fn about(world: &World, group: &str, alerts: &str) {
    about_since(world, group, alerts, "2027-01-15T07:55:00Z");
}

fn about_since(world: &World, group: &str, alerts: &str, begin: &str) {
    let mut queued = world.queued(group);
    let alerts = alerts.split(' ').map(|alert| {
        let (number, sign) = alert.split_at(alert.len() - 1);
        let number: u64 = number.parse().unwrap();
        let is_firing = sign == "+";
        let end = (!is_firing).then_some("2027-01-15T09:00:00Z");
        notified::alert(&json!({
            "id": format!("{number:016x}"), "is_firing": is_firing, "starts_at": begin, "ends_at": end,
        }))
    });
    queued.notification.alerts = alerts.collect();
    world.enqueue(vec![queued]);
}

fn short(notification: &Notification) -> String {
    let alerts = notification.alerts.iter().map(|alert| {
        let number = u64::from_str_radix(&alert.id.to_string(), 16).unwrap();
        format!("{number}{}", if alert.is_firing { "+" } else { "-" })
    });
    alerts.collect::<Vec<_>>().join(" ")
}

/// The attempts besides tests.
fn notifications(world: &World, channel: &str) -> Vec<Notification> {
    let sent = world.channel(channel).sent().into_iter();
    sent.filter(|it| it.reason != NotificationReason::Test)
        .collect()
}

/// The attempts, each as the alerts that it is about.
fn sent(world: &World, channel: &str) -> Vec<String> {
    notifications(world, channel).iter().map(short).collect()
}

#[tokio::test(start_paused = true)]
async fn a_fallback_hears_the_end_of_a_copied_alert_when_the_channel_works_again() {
    let mut world = World::chain("a > b").start();
    world.channel("a").always(RetryAfter(seconds(40)));
    about(&world, "g", "1+ 2+");
    world.until(100_000).await;
    assert_eq!(sent(&world, "b"), ["1+ 2+"]);
    world.channel("a").always(Ok);
    world.until(200_000).await;
    // It knows nothing of this one.
    about(&world, "h", "3+");
    world.restart();
    about(&world, "g", "1- 2+");
    about(&world, "h", "3-");
    world.until(201_000).await;
    assert_eq!(sent(&world, "b"), ["1+ 2+", "1-"]);
    let end = &world.channel("b").sent()[1];
    assert_eq!(end.reason, NotificationReason::Fallback);
    assert_eq!(end.group_key, "g");
    assert_eq!(end.text.as_deref(), Some("told by a, which works again"));
    world.restart();
    about(&world, "g", "1- 2-");
    world.until(202_000).await;
    assert_eq!(sent(&world, "b"), ["1+ 2+", "1-", "2-"]);
    assert_eq!(world.store.ledger().outbox, []);
    // Nothing is left to remember.
    assert_eq!(world.store.ledger().documents.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_copied_alert_is_told_once() {
    let world = World::chain("a > b").start();
    world.channel("a").always(RetryAfter(seconds(40)));
    about(&world, "g", "1+");
    world.until(100_000).await;
    // The fallback gets a copy of the end, too.
    about(&world, "g", "1-");
    world.until(101_000).await;
    world.channel("a").always(Ok);
    world.until(300_000).await;
    assert_eq!(sent(&world, "b"), ["1+", "1-"]);
    assert_eq!(sent(&world, "a").last().unwrap(), "1-");
}

#[tokio::test(start_paused = true)]
async fn an_end_finds_its_way_along_the_fallbacks() {
    let world = World::chain("a > b > c").start();
    world.channel("a").script([Stop]);
    world.channel("b").script([Stop]);
    about(&world, "g", "1+");
    world.until(1_000).await;
    assert_eq!(sent(&world, "c"), ["1+"]);
    for channel in ["b", "a"] {
        world.worker().test(channel).await.unwrap();
    }
    about(&world, "g", "1-");
    world.until(2_000).await;
    assert_eq!(sent(&world, "b"), ["1+", "1-"]);
    assert_eq!(sent(&world, "c"), ["1+", "1-"]);
}

#[tokio::test(start_paused = true)]
async fn the_copied_alerts_that_are_remembered_are_bounded() {
    let world = World::chain("a > b").start();
    world.channel("a").always(Retry);
    for tens in 0..101 {
        let alerts: Vec<_> = (0..10).map(|one| format!("{}+", tens * 10 + one)).collect();
        about(&world, "g", &alerts.join(" "));
    }
    world.until(100_000).await;
    world.channel("a").always(Ok);
    world.until(900_000).await;
    let before = sent(&world, "b").len();
    about(&world, "g", "9- 10-");
    world.until(901_000).await;
    // The oldest ten are forgotten.
    assert_eq!(sent(&world, "b")[before..], ["10-"]);
}

#[tokio::test(start_paused = true)]
async fn a_channel_hears_the_ends_that_it_missed_while_it_was_stopped() {
    let mut world = World::chain("a").start();
    about(&world, "g", "1+ 2+ 3+");
    about(&world, "h", "4+");
    world.until(1_000).await;
    world.channel("a").script([Stop]);
    about(&world, "g", "1- 2- 3+");
    world.until(2_000).await;
    about(&world, "h", "4-");
    // It fires again: the channel is told of all that fires.
    about(&world, "g", "2+");
    // It began after the channel stopped.
    about_since(&world, "i", "5-", "2027-01-15T08:00:30Z");
    world.until(3_000).await;
    world.restart();
    assert_eq!(sent(&world, "a").len(), 3);
    world.worker().test("a").await.unwrap();
    world.until(4_000).await;
    assert_eq!(sent(&world, "a")[3..], ["1- 4-"]);
    let end = &notifications(&world, "a")[3];
    assert_eq!(end.reason, NotificationReason::AllResolved);
    let text = "These alerts ended while this channel was stopped.";
    assert_eq!(end.text.as_deref(), Some(text));
    assert_eq!(world.store.ledger().outbox, []);
    world.worker().test("a").await.unwrap();
    world.until(5_000).await;
    assert_eq!(sent(&world, "a").len(), 4);
    assert_eq!(world.store.ledger().documents.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_missed_ends_that_are_remembered_are_bounded() {
    let world = World::chain("a").start();
    world.channel("a").script([Stop]);
    world.queue("g");
    world.until(1_000).await;
    for number in 0..250 {
        about(&world, "g", &format!("{number}-"));
    }
    world.until(2_000).await;
    world.worker().test("a").await.unwrap();
    world.until(3_000).await;
    let missed = &notifications(&world, "a")[1];
    assert_eq!((missed.alerts.len(), missed.left_out), (200, 50));
}
