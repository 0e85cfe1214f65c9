//! Channels that the outbox does not feed.

use std::collections::BTreeMap;
use std::time::SystemTime;

use tower_vitals::alerts::Labels;
use tower_vitals::alerts::channels::{Mode, NotificationReason, NotifiedAlert};
use tower_vitals::alerts::state::AlertId;

use super::fakes::Answer::{Ok, Reject, Retry, Slow, Stop};
use super::world::{MINUTE, World, epoch};
use crate::metrics::seconds;

pub(super) fn alert(name: &str, is_firing: bool) -> NotifiedAlert {
    let id = AlertId::of(name, &Labels::new());
    let time = |time: SystemTime| jiff(time);
    serde_json::from_value(serde_json::json!({
        "id": id.to_string(),
        "name": name,
        "level": "error",
        "is_firing": is_firing,
        "labels": BTreeMap::from([("alertname", name)]),
        "annotations": {},
        "value": "1",
        "starts_at": time(epoch()),
        "ends_at": null,
        "acknowledged": null,
    }))
    .unwrap()
}

fn jiff(time: SystemTime) -> String {
    let seconds = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    // The epoch of these tests is 2027-01-15T08:00:00Z.
    assert_eq!(seconds, 1_800_000_000);
    "2027-01-15T08:00:00Z".to_owned()
}

fn resolved(name: &str, at: u64) -> NotifiedAlert {
    let mut alert = alert(name, false);
    alert.ends_at = Some(epoch() + seconds(at));
    alert
}

/// The posts: `a+ b-`.
fn posts(world: &World) -> Vec<String> {
    let sent = world.channel("a").sent();
    let posts = sent.iter().map(|post| {
        let alerts = post.alerts.iter();
        let alerts =
            alerts.map(|it| format!("{}{}", it.name, if it.is_firing { "+" } else { "-" }));
        alerts.collect::<Vec<_>>().join(" ")
    });
    posts.collect()
}

fn whole(world: &World) -> Vec<u128> {
    let times = world.channel("a").times();
    times.iter().map(|at| at / 1000).collect()
}

async fn every_15_s(world: &World, from: u64, to: u64, alerts: &[NotifiedAlert]) {
    for second in (from..to).step_by(15) {
        world.until(second * 1000).await;
        world.worker().sync(alerts);
    }
    world.until(to * 1000 - 1).await;
}

#[tokio::test(start_paused = true)]
async fn alerts_are_posted_when_they_change_and_every_so_often() {
    let world = World::mode(Mode::Alerts { every: MINUTE }).start();
    every_15_s(&world, 0, 30, &[]).await;
    assert_eq!(posts(&world), [""; 0]);
    let mut x = alert("x", true);
    every_15_s(&world, 30, 120, std::slice::from_ref(&x)).await;
    assert_eq!(whole(&world), [30, 90]);
    // A value is no change.
    x.value = Some(2.0);
    every_15_s(&world, 120, 135, std::slice::from_ref(&x)).await;
    assert_eq!(whole(&world), [30, 90]);
    every_15_s(&world, 135, 150, &[x.clone(), alert("y", true)]).await;
    assert_eq!(whole(&world), [30, 90, 135]);
    assert_eq!(posts(&world), ["x+", "x+", "y+ x+"]);
    let sent = world.channel("a").sent();
    assert_eq!(sent[2].reason, NotificationReason::Sync);
    assert_eq!(world.events(), [""; 0]);
    assert!(world.store.ledger().commits.is_empty());
}

#[tokio::test(start_paused = true)]
async fn resolved_alerts_are_posted_for_five_minutes_after_their_end() {
    let world = World::mode(Mode::Alerts { every: MINUTE }).start();
    every_15_s(&world, 0, 15, &[alert("x", true), alert("y", true)]).await;
    every_15_s(&world, 15, 30, &[resolved("x", 15), alert("y", true)]).await;
    // The engine tells the end once.
    every_15_s(&world, 30, 400, &[alert("y", true)]).await;
    let posts = posts(&world);
    let with_x = posts.iter().filter(|post| *post == "y+ x-").count();
    assert_eq!(posts[0], "y+ x+");
    assert_eq!(posts[1], "y+ x-");
    assert_eq!((posts.len(), with_x), (8, 5), "{posts:?}");
    // The sixth minute shows `y` alone, at 315 s because `x` left.
    assert_eq!(whole(&world), [0, 15, 75, 135, 195, 255, 315, 375]);
    assert_eq!(posts[6..], ["y+", "y+"]);
}

#[tokio::test(start_paused = true)]
async fn an_alert_that_fires_again_is_not_resolved() {
    let world = World::mode(Mode::Alerts { every: MINUTE }).start();
    every_15_s(&world, 0, 15, &[resolved("x", 0)]).await;
    every_15_s(&world, 15, 30, &[alert("x", true)]).await;
    every_15_s(&world, 30, 45, &[]).await;
    assert_eq!(posts(&world), ["x-", "x+"]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_receiver_gets_the_newest_state_only() {
    let mut world = World::mode(Mode::Alerts { every: MINUTE });
    world.channels[0].0.timeout = MINUTE;
    let world = world.start();
    world.channel("a").script([Slow(seconds(20))]);
    for (second, name) in [(0, "v"), (5, "w"), (10, "x"), (15, "y")] {
        world.until(second * 1000).await;
        world.worker().sync(&[alert(name, true)]);
    }
    world.until(30_000).await;
    assert_eq!(posts(&world), ["v+", "y+"]);
    assert_eq!(whole(&world), [0, 20]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_post_is_tried_again_with_the_newest_state() {
    let world = World::mode(Mode::Alerts { every: seconds(10) }).start();
    world
        .channel("a")
        .script([Retry, Retry, Retry, Retry, Retry, Retry]);
    world.worker().sync(&[alert("x", true)]);
    world.until(5_000).await;
    world.worker().sync(&[alert("y", true)]);
    world.until(60_000).await;
    // The pauses end at the channel's own time.
    assert_eq!(whole(&world), [0, 1, 3, 7, 15, 25, 35]);
    assert_eq!(posts(&world)[..4], ["x+", "x+", "x+", "y+"]);
    assert_eq!(world.worker().channels()[0].waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_post_is_not_repeated_and_a_stop_stops() {
    let world = World::mode(Mode::Alerts { every: MINUTE }).start();
    world.channel("a").script([Reject, Stop]);
    every_15_s(&world, 0, 60, &[alert("x", true)]).await;
    assert_eq!(whole(&world), [0]);
    every_15_s(&world, 60, 300, &[alert("x", true)]).await;
    assert_eq!(whole(&world), [0, 60]);
    assert!(world.worker().channels()[0].stopped.is_some());
    assert_eq!(world.worker().test("a").await, Result::Ok(()));
    every_15_s(&world, 300, 315, &[alert("x", true)]).await;
    assert_eq!(posts(&world), ["x+", "x+", "ChannelTest+", "x+"]);
}

#[tokio::test(start_paused = true)]
async fn a_beat_is_sent_at_most_once_in_its_time() {
    let world = World::mode(Mode::Heartbeat { every: MINUTE }).start();
    for second in (0..200).step_by(15) {
        world.until(second * 1000).await;
        world.worker().beat();
    }
    world.until(300_000).await;
    // No beat comes without the engine.
    assert_eq!(whole(&world), [0, 60, 120, 180]);
    let sent = world.channel("a").sent();
    assert_eq!(sent[0].reason, NotificationReason::Heartbeat);
    assert!(sent[0].alerts.is_empty());
    // An outbox never feeds it, nor do alerts.
    world.worker().sync(&[alert("x", true)]);
    world.queue("g");
    world.until(301_000).await;
    assert_eq!(whole(&world).len(), 4);
    assert_eq!(world.events(), ["a g First Rejected 0"]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_beat_is_tried_again() {
    let world = World::mode(Mode::Heartbeat { every: MINUTE }).start();
    world.channel("a").script([Retry, Retry, Ok]);
    world.worker().beat();
    world.until(30_000).await;
    assert_eq!(whole(&world), [0, 1, 3]);
}

#[tokio::test(start_paused = true)]
async fn the_longest_time_between_beats_has_no_end() {
    let every = std::time::Duration::MAX;
    let world = World::mode(Mode::Heartbeat { every }).start();
    for _ in 0..3 {
        world.worker().beat();
        tokio::time::sleep(MINUTE).await;
    }
    assert_eq!(world.channel("a").times(), [0]);
}
