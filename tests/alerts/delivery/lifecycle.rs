//! Draining, restarts, and the status.

use tower_vitals::alerts::stores::{Queued, Saved};

use super::fakes::Answer::{Hang, Ok, Retry, Slow};
use super::fakes::Fault;
use super::world::{World, epoch};
use crate::metrics::seconds;

#[tokio::test(start_paused = true)]
async fn draining_sends_all_that_is_due_and_records_it() {
    let world = World::chain("a > b").start();
    world.channel("a").always(Slow(seconds(1)));
    for group in ["g", "h", "i"] {
        world.queue(group);
    }
    world.until(500).await;
    let left = world.worker().drain(world.start + seconds(30)).await;
    assert_eq!(left, 0);
    assert_eq!(world.start.elapsed().as_millis() / 100, 30);
    assert_eq!(world.events().len(), 3);
    assert_eq!(world.store.ledger().outbox, []);
    assert!(world.worker().is_ended());
}

#[tokio::test(start_paused = true)]
async fn draining_leaves_what_fails_to_the_next_process() {
    let mut world = World::chain("a").start();
    world.channel("a").always(Retry);
    world.queue("g");
    world.until(100).await;
    world.queue("h");
    let left = world.worker().drain(world.start + seconds(30)).await;
    assert_eq!(left, 2);
    assert_eq!(world.start.elapsed().as_millis(), 100);
    world.channel("a").always(Ok);
    world.restart();
    world.until(5_000).await;
    assert_eq!(world.channel("a").groups(), ["g", "h", "g"]);
    assert_eq!(world.store.ledger().outbox, []);
}

#[tokio::test(start_paused = true)]
async fn draining_ends_at_the_deadline() {
    for (answer, fault) in [(Hang, Fault::None), (Ok, Fault::Down)] {
        let mut world = World::chain("a").start();
        world.channel("a").script([answer]);
        world.store.fail(fault);
        world.queue("g");
        world.until(50).await;
        world.worker().drain(world.start + seconds(3)).await;
        assert_eq!(world.start.elapsed().as_millis(), 3_000);
        assert!(world.worker().is_ended());
        assert_eq!(world.store.ledger().outbox.len(), 1);
        world.store.fail(Fault::None);
        world.restart();
        world.until(4_000).await;
        assert_eq!(world.channel("a").groups(), ["g", "g"]);
        assert_eq!(world.store.ledger().outbox, []);
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_the_worker_ends_it() {
    let mut world = World::chain("a").start();
    world.channel("a").always(Slow(seconds(1)));
    world.queue("g");
    world.queue("h");
    world.until(500).await;
    world.crash();
    world.until(10_000).await;
    assert_eq!(world.channel("a").groups(), ["g"]);
    assert_eq!(world.channel("a").running.lock().unwrap().0, 0);
    assert_eq!(world.store.ledger().outbox.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_outbox_is_delivered_after_a_restart_and_unknown_channels_are_logged() {
    let (log, _guard) = crate::support::log::Log::of_this_thread();
    let mut world = World::chain("a").start();
    world.crash();
    let mut gone = world.queued("h");
    gone.channel = "gone".into();
    world.store.queue(&[world.queued("g"), gone]);
    world.restart();
    world.until(500).await;
    let mut events = world.events();
    events.sort();
    assert_eq!(events, ["a g First Delivered 1", "gone h First Rejected 0"]);
    assert_eq!(world.store.ledger().outbox, []);
    assert_eq!(log.count("title of h"), 1, "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_document_starts_all_channels() {
    let world = World::chain("a");
    let mut saved = Saved::default();
    saved.documents.insert("channels".into(), b"{".to_vec());
    let worker = world.builder().start(&saved).unwrap();
    assert_eq!(worker.channels()[0].stopped, None);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_set_back_delays_nothing_for_more_than_an_hour() {
    let mut world = World::chain("a").start();
    world.crash();
    let mut queued: Queued = world.queued("g");
    queued.next_attempt = epoch() + seconds(1_000_000);
    queued.attempts = 1;
    // One that was never tried is due whatever the clock says.
    let mut new = world.queued("h");
    new.next_attempt = queued.next_attempt;
    world.store.queue(&[queued, new]);
    world.restart();
    world.until(3_600_500).await;
    assert_eq!(world.channel("a").times(), [0, 3_600_000]);
    assert_eq!(world.channel("a").groups(), ["h", "g"]);
}

#[tokio::test(start_paused = true)]
async fn the_status_of_a_channel() {
    let world = World::chain("a > b").start();
    world.channel("a").script([Ok, Retry]);
    world.queue("g");
    world.until(1_000).await;
    world.queue("h");
    world.until(1_200).await;
    world.queue("i");
    let status = serde_json::to_value(world.worker().channels()).unwrap();
    assert_eq!(
        status,
        serde_json::json!([
            {
                "name": "a",
                "kind": "scripted",
                "stopped": null,
                "waiting": 2,
                "oldest": "2027-01-15T08:00:01Z",
                "last_success": "2027-01-15T08:00:00Z",
                "last_error": "busy",
                "next_attempt": "2027-01-15T08:00:02Z",
            },
            {
                "name": "b",
                "kind": "scripted",
                "stopped": null,
                "waiting": 0,
                "oldest": null,
                "last_success": null,
                "last_error": null,
                "next_attempt": null,
            },
        ])
    );
}
