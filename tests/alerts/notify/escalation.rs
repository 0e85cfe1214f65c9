//! Escalations.

use tower_vitals::alerts::Level;
use tower_vitals::alerts::notify::Policy;
use tower_vitals::alerts::state::SilenceTarget;

use super::desk::{Desk, at, channel, chat, id, seconds};

/// Five minutes after its announcement, an alert goes to `boss`, who gets nothing else.
fn policies() -> [Policy; 2] {
    let boss = channel("boss").min_level(Level::Critical);
    [chat().escalate_after(seconds(300), "boss"), boss]
}

/// A desk that announced two alerts at 30.
fn announced() -> Desk {
    let mut desk = Desk::new(policies());
    desk.fire("down/a down/b", 0);
    let first = ["30: chat first +down/a +down/b"];
    assert_eq!(desk.ticks(0, 45, 15), first);
    desk
}

#[test]
fn an_alert_that_nobody_acknowledges_goes_to_another_channel_once() {
    let mut desk = announced();
    assert_eq!(desk.notifier.next_due(at(45)), Some(at(330)));
    let told = desk.ticks(45, 14_000, 15);
    assert_eq!(told, ["330: boss escalation +down/a +down/b"]);
    desk.clear("down/a down/b", 14_000);
    let told = desk.ticks(14_000, 15_000, 10);
    let expected = [
        "14130: chat all_resolved -down/a -down/b",
        "14130: boss all_resolved -down/a -down/b",
    ];
    assert_eq!(told, expected);
    assert_eq!(desk.notifier.next_due(at(15_000)), None);
}

#[test]
fn an_acknowledged_alert_does_not() {
    let mut desk = announced();
    desk.acknowledge("down/a", 329);
    let told = desk.ticks(330, 1_000, 15);
    assert_eq!(told, ["330: boss escalation +down/b"]);
}

#[test]
fn a_resolved_alert_does_not() {
    let mut desk = announced();
    desk.clear("down/a", 329);
    let told = desk.tick(330);
    let expected = [
        "chat some_resolved +down/b -down/a",
        "boss escalation +down/b",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_silenced_alert_does_so_after_the_silence() {
    let mut desk = announced();
    for name in ["down/a", "down/b"] {
        let target = SilenceTarget::Alert(id(name));
        desk.state
            .suppress(target, at(500), "ann", None, at(50))
            .unwrap();
    }
    assert_eq!(desk.ticks(60, 500, 10), [""; 0]);
    assert_eq!(desk.tick(500)[0], "boss escalation +down/a +down/b");
}

#[test]
fn the_other_channel_repeats_it_by_its_own_policy() {
    let [chat, boss] = policies();
    let mut desk = Desk::new([chat, boss.repeat_interval(seconds(600))]);
    desk.fire("down", 0);
    let told = desk.ticks(0, 1_600, 15);
    let expected = [
        "30: chat first +down",
        "330: boss escalation +down",
        "930: boss repeat +down",
        "1530: boss repeat +down",
    ];
    assert_eq!(told, expected);
}

#[test]
fn escalations_may_go_in_a_circle_and_end() {
    let [chat, boss] = policies();
    let mut desk = Desk::new([chat, boss.escalate_after(seconds(600), "chat")]);
    desk.fire("down", 0);
    let told = desk.ticks(0, 14_000, 15);
    let expected = [
        "30: chat first +down",
        "330: boss escalation +down",
        "930: chat escalation +down",
    ];
    assert_eq!(told, expected);
}

#[test]
fn each_firing_escalates_anew_once_its_end_was_told() {
    let mut desk = Desk::new(policies());
    for start in [0, 1_000] {
        desk.fire("down", start);
        let told = desk.ticks(start, start + 700, 10);
        assert_eq!(told.len(), 2, "{told:?}");
        desk.clear("down", start + 700);
        let told = desk.ticks(start + 700, start + 1_000, 10);
        assert_eq!(told.len(), 2, "{told:?}");
    }
}

#[test]
fn the_cap_of_the_other_channel_holds_it_back() {
    let [chat, boss] = policies();
    let mut desk = Desk::new([
        chat.group_by(["pod"]),
        boss.group_by(["pod"]).max_per_hour(1),
    ]);
    desk.fire("down/a down/b", 0);
    let told = desk.ticks(0, 4_000, 10);
    let summary = "3930: boss summary +down/b (1 notification was held back by the cooldown or the hourly cap.)";
    let expected = [
        "30: chat first +down/a",
        "30: chat first +down/b",
        "330: boss escalation +down/a",
        "330: held boss escalation down/b",
        summary,
    ];
    assert_eq!(told, expected);
}

#[test]
fn an_escalation_to_a_channel_that_was_just_told_waits_for_the_cooldown() {
    let pager = channel("pager").cooldown(seconds(600));
    let mut desk = Desk::new([chat().escalate_after(seconds(300), "pager"), pager]);
    desk.fire("down", 0);
    let told = desk.ticks(0, 1_000, 10);
    let summary = "630: pager summary +down (1 notification was held back by the cooldown or the hourly cap.)";
    let expected = [
        "30: chat first +down",
        "30: pager first +down",
        "330: held pager escalation down",
        summary,
    ];
    assert_eq!(told, expected);
}
