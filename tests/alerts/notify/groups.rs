//! Groups: their wait, their interval, their repeats.

use std::time::Duration;

use tower_vitals::alerts::Level;
use tower_vitals::alerts::state::Matcher;

use super::desk::{Desk, alert, at, channel, chat, described, id, seconds};

#[test]
fn a_new_group_waits_for_more_alerts() {
    let mut desk = Desk::new([chat()]);
    desk.fire("down/a", 0);
    assert_eq!(desk.tick(0), [""; 0]);
    assert_eq!(desk.notifier.next_due(at(0)), Some(at(30)));
    desk.fire("down/b slow/a", 20);
    assert_eq!(desk.tick(20), [""; 0]);
    assert_eq!(desk.tick(29), [""; 0]);
    assert_eq!(desk.tick(30), ["chat first +down/a +down/b"]);
    assert_eq!(desk.notifier.next_due(at(30)), Some(at(50)));
    assert_eq!(desk.tick(50), ["chat first +slow/a"]);
    assert_eq!(desk.notifier.next_due(at(50)), Some(at(330)));
}

#[test]
fn a_critical_alert_does_not_wait_and_ends_the_wait_of_its_group() {
    let mut desk = Desk::new([chat().group_by([""; 0])]);
    desk.fire("slow/a", 0);
    assert_eq!(desk.tick(0), [""; 0]);
    desk.fire_as(Level::Critical, "down/a", 10);
    assert_eq!(desk.tick(10), ["chat first +down/a +slow/a"]);
}

#[test]
fn further_changes_wait_for_group_interval() {
    let mut desk = Desk::new([chat()]);
    desk.fire("down/a", 0);
    assert_eq!(desk.ticks(0, 45, 15), ["30: chat first +down/a"]);
    desk.fire("down/b", 45);
    assert_eq!(
        desk.ticks(45, 345, 15),
        ["330: chat new_alerts +down/a +down/b"]
    );
    desk.clear("down/a", 345);
    assert_eq!(
        desk.ticks(345, 645, 15),
        ["630: chat some_resolved +down/b -down/a"]
    );
    desk.clear("down/b", 645);
    assert_eq!(desk.ticks(645, 945, 15), ["930: chat all_resolved -down/b"]);
    assert_eq!(desk.notifier.next_due(at(945)), None);
    desk.fire("down/a", 945);
    let again = desk.ticks(945, 1_000, 15);
    assert_eq!(again, ["975: chat first +down/a"], "a new group");
}

#[test]
fn new_and_resolved_alerts_are_told_together() {
    let mut desk = Desk::new([chat()]);
    desk.fire("down/a", 0);
    assert_eq!(desk.ticks(0, 45, 15), ["30: chat first +down/a"]);
    desk.fire("down/b", 45);
    desk.clear("down/a", 60);
    let told = desk.ticks(60, 345, 15);
    assert_eq!(told, ["330: chat new_alerts +down/b -down/a"]);
}

#[test]
fn a_group_without_changes_is_repeated() {
    let mut desk = Desk::new([chat()]);
    desk.fire("down/a", 0);
    assert_eq!(desk.ticks(0, 45, 15), ["30: chat first +down/a"]);
    let told = desk.ticks(45, 3 * 14_400, 15);
    assert_eq!(
        told,
        ["14430: chat repeat +down/a", "28830: chat repeat +down/a"]
    );
}

#[test]
fn repeat_interval_is_rounded_up_to_a_multiple_of_group_interval() {
    let policy = chat()
        .group_interval(seconds(60))
        .repeat_interval(seconds(90));
    let mut desk = Desk::new([policy]);
    desk.fire("down", 0);
    let told = desk.ticks(0, 300, 15);
    let expected = [
        "30: chat first +down",
        "150: chat repeat +down",
        "270: chat repeat +down",
    ];
    assert_eq!(told, expected);
}

#[test]
fn an_alert_whose_level_rises_is_news_once() {
    let mut desk = Desk::new([chat()]);
    desk.fire_as(Level::Warning, "down", 0);
    assert_eq!(desk.ticks(0, 45, 15), ["30: chat first +down"]);
    desk.fire_as(Level::Info, "down", 45);
    assert_eq!(desk.ticks(45, 405, 15), [""; 0], "a lower level is not");
    desk.fire_as(Level::Critical, "down", 405);
    let told = desk.ticks(405, 4_000, 15);
    assert_eq!(told, ["630: chat new_alerts +down"]);
}

#[test]
fn a_level_that_makes_another_group_is_repeated_there() {
    let mut desk = Desk::new([chat().group_by(["severity"]).repeat_interval(seconds(600))]);
    desk.fire_as(Level::Error, "down", 0);
    assert_eq!(desk.ticks(0, 45, 15), ["30: chat first +down"]);
    desk.fire_as(Level::Warning, "down", 45);
    let told = desk.ticks(45, 1_005, 15);
    assert_eq!(told, ["675: chat repeat +down"]);
    desk.clear("down", 1_005);
    let told = desk.ticks(1_005, 1_400, 15);
    assert_eq!(told, ["1275: chat all_resolved -down"]);
}

#[test]
fn an_alert_that_resolves_in_the_wait_is_never_told() {
    let mut desk = Desk::new([chat()]);
    desk.fire("down", 0);
    desk.tick(0);
    desk.clear("down", 15);
    assert_eq!(desk.ticks(15, 2_000, 15), [""; 0]);
    assert_eq!(desk.notifier.next_due(at(2_000)), None);
}

#[test]
fn an_alert_that_fires_and_resolves_between_two_ticks_is_never_told() {
    let mut desk = Desk::new([chat().group_wait(Duration::ZERO)]);
    desk.tick(0);
    desk.fire("down", 1);
    desk.clear("down", 2);
    assert_eq!(desk.ticks(15, 2_000, 15), [""; 0]);
}

#[test]
fn an_alert_that_resolves_and_fires_again_between_two_judgements_has_not_changed() {
    let mut desk = Desk::new([chat()]);
    desk.fire("down", 0);
    assert_eq!(desk.ticks(0, 45, 15), ["30: chat first +down"]);
    desk.clear("down", 45);
    desk.tick(60);
    desk.fire("down", 75);
    assert_eq!(desk.ticks(75, 900, 15), [""; 0]);
    desk.clear("down", 900);
    assert_eq!(desk.ticks(900, 1_300, 15), ["930: chat all_resolved -down"]);
}

#[test]
fn groups_have_the_labels_and_the_keys_of_alertmanager() {
    let keys = |group_by: &[&str]| {
        let mut desk = Desk::new([chat()
            .group_by(group_by.to_vec())
            .group_wait(Duration::ZERO)]);
        let quoted = alert("down", Level::Error).label("pod", "a\"b");
        desk.state.fire(quoted, at(0));
        let decisions = desk.decide(at(0));
        let (_, notification) = &decisions.queued[0];
        let labels: Vec<_> = notification.group_labels.keys().cloned().collect();
        (notification.group_key.clone(), labels.join(" "))
    };
    let pair = |key: &str, labels: &str| (key.to_owned(), labels.to_owned());
    assert_eq!(
        keys(&["alertname"]),
        pair("{}:{alertname=\"down\"}", "alertname")
    );
    assert_eq!(
        keys(&["pod", "alertname", "zone"]),
        pair("{}:{alertname=\"down\", pod=\"a\\\"b\"}", "alertname pod")
    );
    assert_eq!(keys(&[]), pair("{}:{}", ""));
    assert_eq!(keys(&["..."]).1, "alertname component pod severity source");
}

#[test]
fn policies_route_by_level_and_labels() {
    let mut desk = Desk::new([
        chat().min_level(Level::Error),
        channel("info").levels([Level::Info, Level::Critical]),
        channel("pods").matcher(Matcher::equal("pod", "a")),
        channel("names").matcher(Matcher::equal("alertname", "slow")),
        channel("severe").matcher(Matcher::equal("severity", "critical")),
        channel("level").matcher(Matcher::not_equal("level", "info")),
    ]);
    desk.fire_as(Level::Info, "down/a", 0);
    desk.tick(0);
    assert_eq!(desk.tick(30), ["info first +down/a", "pods first +down/a"]);
    desk.fire_as(Level::Critical, "slow/b", 60);
    let all = [
        "chat first +slow/b",
        "info first +slow/b",
        "names first +slow/b",
        "severe first +slow/b",
        "level first +slow/b",
    ];
    assert_eq!(desk.tick(60), all);
}

#[test]
fn a_rule_that_names_channels_goes_to_them_alone() {
    let mut desk = Desk::new([chat(), channel("mail").min_level(Level::Critical)]);
    desk.describe = |alert| {
        let mut description = described(alert);
        description.channels = vec!["mail".into()];
        description
    };
    desk.fire("down", 0);
    assert_eq!(desk.ticks(0, 45, 15), ["30: mail first +down"]);
}

#[test]
fn an_alert_whose_level_rises_reaches_further_channels() {
    let mut desk = Desk::new([chat(), channel("pager").min_level(Level::Critical)]);
    desk.fire("down", 0);
    assert_eq!(desk.ticks(0, 45, 15), ["30: chat first +down"]);
    desk.fire_as(Level::Critical, "down", 45);
    assert_eq!(desk.tick(45), ["pager first +down"]);
    desk.fire("down", 60);
    desk.tick(60);
    assert_eq!(desk.notifier.held_back(id("down"), at(60)).len(), 1);
    desk.clear("down", 75);
    let told = desk.ticks(75, 400, 15);
    let both = [
        "330: chat all_resolved -down",
        "345: pager all_resolved -down",
    ];
    assert_eq!(told, both, "the pager saw it firing");
}

#[test]
fn the_longest_times_have_no_end() {
    let longest = chat()
        .group_wait(Duration::MAX)
        .group_interval(Duration::MAX);
    let mut desk = Desk::new([longest]);
    desk.fire("down/a", 0);
    assert_eq!(desk.ticks(0, 1_000_000, 3_600), [""; 0]);
    desk.fire_as(Level::Critical, "down/b", 1_000_000);
    assert_eq!(desk.tick(1_000_000), ["chat first +down/b +down/a"]);
    desk.fire("down/c", 1_000_001);
    assert_eq!(desk.ticks(1_000_001, 2_000_000, 3_600), [""; 0]);
}
