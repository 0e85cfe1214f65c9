//! The cooldown of an alert.

use std::time::Duration;

use tower_vitals::alerts::notify::Policy;
use tower_vitals::alerts::state::SilenceTarget;

use super::desk::{Desk, at, chat, id, seconds};

/// Judges at once and every minute; 10 minutes of cooldown.
fn policy() -> Policy {
    chat()
        .group_wait(seconds(0))
        .group_interval(seconds(60))
        .cooldown(seconds(600))
}

/// A desk that told `down/a` at 0, its end at 60, and held its next firing back at 90.
fn held() -> Desk {
    let mut desk = Desk::new([policy()]);
    desk.fire("down/a", 0);
    assert_eq!(desk.tick(0), ["chat first +down/a"]);
    desk.clear("down/a", 30);
    assert_eq!(desk.tick(60), ["chat all_resolved -down/a"]);
    desk.fire("down/a", 90);
    assert_eq!(desk.tick(90), ["held chat first down/a"]);
    desk
}

#[test]
fn an_alert_is_not_announced_again_within_it() {
    let mut desk = held();
    assert_eq!(desk.notifier.next_due(at(590)), Some(at(600)));
    let told = desk.ticks(91, 602, 1);
    assert_eq!(
        told,
        [
            "600: chat summary +down/a (1 notification was held back by the cooldown or the hourly cap.)"
        ]
    );
    desk.clear("down/a", 602);
    assert_eq!(desk.ticks(602, 700, 1), ["630: chat all_resolved -down/a"]);
}

#[test]
fn the_summary_lists_the_latest_state() {
    let mut desk = held();
    desk.clear("down/a", 100);
    let told = desk.ticks(100, 602, 1);
    let expected = [
        "150: held chat all_resolved down/a",
        "600: chat summary -down/a (2 notifications were held back by the cooldown or the hourly cap.)",
    ];
    assert_eq!(told, expected);
    assert_eq!(desk.ticks(602, 4_000, 60), [""; 0]);
}

#[test]
fn zero_is_no_cooldown() {
    let mut desk = Desk::new([policy().cooldown(seconds(0))]);
    desk.fire("down/a", 0);
    desk.tick(0);
    desk.clear("down/a", 30);
    desk.tick(60);
    desk.fire("down/a", 61);
    assert_eq!(desk.tick(61), ["chat first +down/a"]);
}

#[test]
fn other_alerts_of_the_group_are_told_without_the_one_in_cooldown() {
    let mut desk = Desk::new([policy()]);
    desk.fire("down/a", 0);
    desk.tick(0);
    desk.clear("down/a", 30);
    desk.tick(60);
    desk.fire("down/a down/b", 90);
    assert_eq!(
        desk.tick(90),
        ["chat first +down/b", "held chat first down/a"]
    );
    desk.clear("down/b", 120);
    let told = desk.tick(150);
    assert_eq!(told, ["chat some_resolved -down/b"]);
}

#[test]
fn an_end_beside_an_alert_in_cooldown_has_a_reason_of_its_own() {
    let mut desk = Desk::new([policy()]);
    desk.fire("down/a", 0);
    desk.tick(0);
    desk.clear("down/a", 30);
    desk.tick(60);
    desk.fire("down/b", 90);
    assert_eq!(desk.tick(90), ["chat first +down/b"]);
    desk.clear("down/b", 100);
    desk.fire("down/a", 100);
    let told = desk.tick(150);
    let expected = ["chat some_resolved -down/b", "held chat new_alerts down/a"];
    assert_eq!(told, expected);
}

#[test]
fn summaries_about_cooldowns_are_a_group_interval_apart() {
    let mut desk = Desk::new([policy().group_by(["pod"])]);
    for (time, name) in [(0, "down/a"), (10, "down/b"), (20, "down/c")] {
        desk.fire(name, time);
        assert_eq!(desk.tick(time), [format!("chat first +{name}")]);
        desk.clear(name, time + 1);
    }
    assert_eq!(desk.ticks(21, 90, 1).len(), 3);
    desk.fire("down/a down/b down/c", 100);
    assert_eq!(desk.tick(100).len(), 3, "held");
    let told = desk.ticks(101, 800, 1);
    let expected = [
        "600: chat summary +down/a (3 notifications were held back by the cooldown or the hourly cap.)",
        "660: chat summary +down/b +down/c (Notifications were held back by the cooldown or the hourly cap.)",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_silenced_alert_stays_out_of_the_summary() {
    let mut desk = held();
    let target = SilenceTarget::Alert(id("down/a"));
    desk.state
        .suppress(target, at(700), "ann", None, at(95))
        .unwrap();
    assert_eq!(desk.ticks(95, 700, 1), [""; 0]);
    let told = desk.tick(700);
    let summary =
        "chat summary +down/a (1 notification was held back by the cooldown or the hourly cap.)";
    assert_eq!(told, [summary, "silence 1 began false"]);
}

#[test]
fn a_repeat_is_no_announcement() {
    let mut desk = Desk::new([policy().repeat_interval(seconds(120))]);
    desk.fire("down/a", 0);
    let told = desk.ticks(0, 300, 30);
    let expected = [
        "0: chat first +down/a",
        "120: chat repeat +down/a",
        "240: chat repeat +down/a",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_step_back_of_the_clock_does_not_prolong_it() {
    let mut desk = held();
    // 9:00 becomes 8:00.
    let back = |time| at(time) - seconds(3_600);
    assert!(desk.decide(back(90)).queued.is_empty());
    assert!(desk.decide(back(599)).queued.is_empty());
    let told = desk.decide(back(600));
    assert_eq!(told.queued.len(), 1);
}

#[test]
fn the_longest_one_has_no_end() {
    let mut desk = Desk::new([policy().cooldown(Duration::MAX)]);
    desk.fire("down/a", 0);
    assert_eq!(desk.tick(0), ["chat first +down/a"]);
    desk.clear("down/a", 30);
    assert_eq!(desk.tick(60), ["chat all_resolved -down/a"]);
    desk.fire("down/a", 90);
    assert_eq!(desk.tick(90), ["held chat first down/a"]);
    assert_eq!(desk.ticks(91, 1_000_000, 3_600), [""; 0]);
}
