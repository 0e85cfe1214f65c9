//! The hourly cap of a channel.

use tower_vitals::alerts::Level;
use tower_vitals::alerts::notify::Policy;

use super::desk::{Desk, at, chat, seconds, short};

/// One group for each pod, judged at once and every minute.
fn policy(max: usize) -> Policy {
    chat()
        .group_by(["pod"])
        .group_wait(seconds(0))
        .group_interval(seconds(60))
        .max_per_hour(max)
}

#[test]
fn notifications_over_it_become_one_summary() {
    let mut desk = Desk::new([policy(3)]);
    desk.fire("down/a", 0);
    assert_eq!(desk.tick(0), ["chat first +down/a"]);
    desk.fire("down/b", 10);
    assert_eq!(desk.tick(10), ["chat first +down/b"]);
    desk.fire("down/c", 20);
    assert_eq!(
        desk.tick(20),
        ["held chat first down/c"],
        "the last is kept"
    );
    desk.clear("down/a down/c", 100);
    let told = desk.ticks(100, 3_600, 10);
    let expected = [
        "100: held chat all_resolved down/a",
        "100: held chat all_resolved down/c",
    ];
    assert_eq!(told, expected);
    assert_eq!(desk.notifier.next_due(at(3_590)), Some(at(3_600)));
    let summary = "chat summary -down/a -down/c (3 notifications were held back by the cooldown or the hourly cap.)";
    assert_eq!(desk.tick(3_600), [summary]);
    // The next one is allowed an hour after the second, and its group is judged at 3640.
    desk.clear("down/b", 3_601);
    let told = desk.ticks(3_602, 3_700, 2);
    assert_eq!(told, ["3640: chat all_resolved -down/b"]);
}

#[test]
fn the_last_one_of_the_hour_is_for_a_critical_alert() {
    let mut desk = Desk::new([policy(2)]);
    desk.fire("down/a", 0);
    assert_eq!(desk.tick(0), ["chat first +down/a"]);
    desk.fire("down/b", 1);
    assert_eq!(desk.tick(1), ["held chat first down/b"]);
    desk.fire_as(Level::Critical, "slow/a", 2);
    let told = desk.tick(60);
    assert_eq!(told, ["chat new_alerts +slow/a +down/a"]);
    desk.fire_as(Level::Critical, "slow/c", 70);
    let held = desk.tick(70);
    assert_eq!(held.len(), 1, "the cap holds for critical alerts, too");
    assert!(held[0].starts_with("held chat first"));
}

#[test]
fn a_summary_with_a_critical_alert_may_take_the_last_one() {
    let mut desk = Desk::new([policy(2)]);
    desk.fire_as(Level::Critical, "down/a", 0);
    desk.tick(0);
    desk.fire_as(Level::Critical, "down/b", 1);
    assert_eq!(desk.tick(1), ["chat first +down/b"]);
    desk.fire_as(Level::Critical, "down/c", 2);
    assert_eq!(desk.tick(2), ["held chat first down/c"]);
    let told = desk.ticks(60, 3_605, 5);
    let summary = "3600: chat summary +down/c (1 notification was held back by the cooldown or the hourly cap.)";
    assert_eq!(told, [summary]);
}

#[test]
fn a_cap_of_one_keeps_none_for_critical_alerts() {
    let mut desk = Desk::new([policy(1)]);
    desk.fire("down/a", 0);
    assert_eq!(desk.tick(0), ["chat first +down/a"]);
    desk.fire_as(Level::Critical, "down/b", 1);
    assert_eq!(desk.tick(1), ["held chat first down/b"]);
    assert_eq!(desk.tick(3_599), [""; 0]);
    assert_eq!(desk.tick(3_600).len(), 1);
}

#[test]
fn a_repeat_over_it_is_held_back_once_until_the_summary() {
    let mut desk = Desk::new([policy(1).repeat_interval(seconds(60))]);
    desk.fire("down/a", 0);
    desk.tick(0);
    let told = desk.ticks(60, 3_660, 60);
    let summary = "3600: chat summary +down/a (1 notification was held back by the cooldown or the hourly cap.)";
    let expected = ["60: held chat repeat down/a", summary];
    assert_eq!(told, expected);
}

#[test]
fn an_alert_that_is_told_resolved_over_it_and_fires_again_is_listed_as_firing() {
    let mut desk = Desk::new([policy(1)]);
    desk.fire("down/a", 0);
    desk.tick(0);
    desk.clear("down/a", 10);
    assert_eq!(desk.tick(60), ["held chat all_resolved down/a"]);
    desk.fire("down/a", 70);
    assert_eq!(desk.tick(70), ["held chat first down/a"]);
    let told = desk.ticks(80, 3_700, 10);
    let summary = "3600: chat summary +down/a (2 notifications were held back by the cooldown or the hourly cap.)";
    assert_eq!(told, [summary]);
}

#[test]
fn each_channel_has_its_own() {
    let mail = Policy::new("mail").group_by(["pod"]).group_wait(seconds(0));
    let mut desk = Desk::new([policy(1), mail]);
    desk.fire("down/a", 0);
    desk.fire("down/b", 0);
    let told = desk.tick(0);
    let expected = [
        "chat first +down/a",
        "mail first +down/a",
        "mail first +down/b",
        "held chat first down/b",
    ];
    assert_eq!(told, expected);
}

#[test]
fn the_most_urgent_groups_come_first() {
    let mut desk = Desk::new([policy(2)]);
    desk.fire_as(Level::Info, "down/a", 0);
    desk.fire_as(Level::Error, "down/b", 0);
    desk.fire_as(Level::Critical, "down/c", 0);
    let decisions = desk.decide(at(0));
    let queued = decisions.queued.iter();
    let queued: Vec<_> = queued.map(|(name, note)| short(name, note)).collect();
    assert_eq!(queued, ["chat first +down/c"]);
    assert_eq!(decisions.events.len(), 2);
}
