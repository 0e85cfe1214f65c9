//! A full outbox, and many notifications.

use tower_vitals::alerts::Level;
use tower_vitals::alerts::channels::NotifiedAlert;

use super::fakes::Answer::{Ok, Retry};
use super::feeds::alert;
use super::world::World;
use crate::support::log::Log;

fn critical() -> NotifiedAlert {
    let mut alert = alert("x", true);
    alert.level = Level::Critical;
    alert
}

#[tokio::test(start_paused = true)]
async fn the_oldest_that_is_not_critical_is_dropped() {
    let (log, _guard) = Log::of_this_thread();
    let mut world = World::chain("a");
    world.max_queued = 3;
    let world = world.start();
    world.channel("a").always(Retry);
    world.queue("tried");
    world.until(100).await;
    let mut urgent = world.queued("urgent");
    urgent.notification.alerts.push(critical());
    world.enqueue(vec![urgent]);
    for n in 0..4 {
        world.queue(&n.to_string());
    }
    world.until(500).await;
    assert_eq!(
        world.events(),
        [
            "a tried First Dropped 1",
            "a 0 First Dropped 0",
            "a 1 First Dropped 0"
        ]
    );
    let outbox = world.store.ledger().outbox;
    let groups: Vec<_> = outbox
        .iter()
        .map(|it| &*it.notification.group_key)
        .collect();
    assert_eq!(groups, ["urgent", "2", "3"]);
    // One line a minute.
    assert_eq!(log.count("the outbox is full"), 1, "{}", log.text());
    assert_eq!(log.count("title of tried"), 1);
    world.channel("a").always(Ok);
    world.until(10_000).await;
    assert_eq!(world.channel("a").groups()[1..], ["urgent", "2", "3"]);
}

#[tokio::test(start_paused = true)]
async fn without_any_other_the_oldest_critical_one_is_dropped() {
    let mut world = World::chain("a");
    world.max_queued = 2;
    let world = world.start();
    world.channel("a").always(Retry);
    world.queue("tried");
    world.until(10).await;
    for group in ["x", "y", "z"] {
        let mut urgent = world.queued(group);
        urgent.notification.alerts.push(critical());
        world.enqueue(vec![urgent]);
    }
    world.until(500).await;
    assert_eq!(
        world.events(),
        ["a tried First Dropped 1", "a x First Dropped 0"]
    );
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_wait_by_default() {
    let world = World::chain("a").start();
    world.channel("a").script([Retry]);
    world.queue("first");
    world.until(10).await;
    world.enqueue((0..10_001).map(|n| world.queued(&n.to_string())).collect());
    assert_eq!(world.worker().waiting(), 10_000);
    world.until(20_000).await;
    assert_eq!(world.worker().waiting(), 0);
    let results = world.results();
    assert_eq!((results["delivered"], results["dropped"]), (10_000, 2));
    assert_eq!(world.store.ledger().outbox, []);
}
