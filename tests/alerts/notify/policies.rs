//! Mistakes in policies, and policies that change over a restart.

use tower_vitals::ErrorKind;
use tower_vitals::alerts::Level;
use tower_vitals::alerts::notify::{Notifier, NotifierState, Policy};

use super::desk::{Desk, channel, chat, saved, seconds};

#[test]
fn all_mistakes_are_in_one_error() {
    let policies = vec![
        Policy::new("chat").max_per_hour(0),
        Policy::new("chat").escalate_after(seconds(60), "nobody"),
        Policy::new("mail").escalate_after(seconds(0), "mail"),
        Policy::new("").levels([]).max_per_hour(10_001),
        Policy::new("zero")
            .group_interval(seconds(0))
            .repeat_interval(seconds(0)),
    ];
    let error = Notifier::new(policies).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    let expected = "10 mistakes: channel \"chat\": max_per_hour is 0: 1 to 10000 is allowed; \
        two channels have the name \"chat\"; \
        channel \"chat\": there is no channel \"nobody\" for notifications to escalate to; \
        channel \"mail\": it escalates after zero seconds; \
        channel \"mail\": it escalates to itself; \
        a channel has an empty name; \
        channel \"\": the set of levels is empty; \
        channel \"\": max_per_hour is 10001: 1 to 10000 is allowed; \
        channel \"zero\": group_interval is zero; \
        channel \"zero\": repeat_interval is zero";
    assert_eq!(error.to_string(), expected);
}

/// Restarts with other policies.
fn restart(desk: &mut Desk, policies: impl Into<Vec<Policy>>) {
    let state: NotifierState = serde_json::from_str(&saved(&desk.notifier)).unwrap();
    desk.notifier = Notifier::restored(policies.into(), state).unwrap();
}

#[test]
fn a_channel_without_a_policy_is_forgotten() {
    let mut desk = Desk::new([chat(), channel("mail")]);
    desk.fire("down", 0);
    assert_eq!(desk.ticks(0, 45, 15).len(), 2);
    restart(&mut desk, [chat()]);
    assert!(!saved(&desk.notifier).contains("mail"));
    restart(&mut desk, [chat(), channel("mail")]);
    assert_eq!(desk.ticks(45, 300, 15), ["75: mail first +down"]);
}

#[test]
fn other_labels_to_group_by_make_new_groups_without_new_notifications() {
    let mut desk = Desk::new([chat()]);
    desk.fire("down/a down/b", 0);
    assert_eq!(desk.ticks(0, 45, 15).len(), 1);
    desk.fire("down/c", 45);
    desk.tick(45);
    restart(&mut desk, [chat().group_by(["pod"])]);
    let told = desk.ticks(60, 300, 15);
    assert_eq!(told, ["90: chat first +down/c"]);
    desk.clear("down/a", 300);
    assert_eq!(desk.ticks(300, 600, 15), ["360: chat all_resolved -down/a"]);
    let repeats = desk.ticks(600, 15_000, 15);
    let expected = ["14490: chat repeat +down/c", "14460: chat repeat +down/b"];
    assert_eq!(repeats.len(), 2, "{repeats:?}");
    assert!(
        expected
            .iter()
            .all(|repeat| repeats.iter().any(|found| found == repeat)),
        "{repeats:?}"
    );
}

#[test]
fn an_alert_that_the_new_policy_does_not_take_is_told_as_resolved_only() {
    let mut desk = Desk::new([chat().repeat_interval(seconds(600))]);
    desk.fire("down", 0);
    assert_eq!(desk.ticks(0, 45, 15).len(), 1);
    let stricter = chat()
        .repeat_interval(seconds(600))
        .min_level(Level::Critical);
    restart(&mut desk, [stricter]);
    assert_eq!(desk.ticks(45, 2_000, 15), [""; 0]);
    desk.clear("down", 2_000);
    assert_eq!(
        desk.ticks(2_010, 2_300, 10),
        ["2130: chat all_resolved -down"]
    );
}

#[test]
fn an_empty_document_is_a_state() {
    let state: NotifierState = serde_json::from_str("{}").unwrap();
    assert_eq!(state, NotifierState::default());
}
