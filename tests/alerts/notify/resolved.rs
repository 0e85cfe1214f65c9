//! An announced alert is told as resolved, however it ends.

use tower_vitals::alerts::state::{RuleHead, SilenceTarget, Timing};
use tower_vitals::alerts::{Evaluated, Evaluation, Level};

use super::desk::{Desk, at, channel, chat, id, seconds};

/// A desk whose alert `down` was announced.
fn announced() -> Desk {
    let mut desk = Desk::new([chat()]);
    desk.fire("down", 0);
    assert_eq!(desk.ticks(0, 45, 15), ["30: chat first +down"]);
    desk
}

#[test]
fn resolved_by_hand() {
    let mut desk = announced();
    desk.state.resolve(id("down"), "ann", at(50)).unwrap();
    assert_eq!(desk.ticks(60, 400, 15), ["330: chat all_resolved -down"]);
}

#[test]
fn silenced_meanwhile() {
    let mut desk = announced();
    let target = SilenceTarget::Alert(id("down"));
    desk.state
        .suppress(target, at(10_000), "ann", None, at(50))
        .unwrap();
    assert_eq!(desk.ticks(60, 400, 15), [""; 0]);
    desk.clear("down", 400);
    assert_eq!(desk.ticks(405, 700, 15), ["630: chat all_resolved -down"]);
}

#[test]
fn its_rule_was_removed() {
    let mut desk = Desk::new([chat()]);
    let head = RuleHead {
        name: "slow",
        level: Level::Warning,
        timing: Timing::default(),
        inhibited_by: &[],
    };
    let holds = Evaluated {
        labels: [("pod".to_owned(), "a".to_owned())].into(),
        value: 7.0,
        holds: true,
    };
    let holds = Evaluation::Members(vec![holds]);
    desk.state.evaluate(&head, holds, at(0)).unwrap();
    assert_eq!(desk.ticks(0, 45, 15), ["30: chat first +slow/a"]);
    desk.state.remove_rule("slow", at(50));
    assert_eq!(desk.state.alerts().count(), 0);
    let told = (60..330).step_by(15).map(|time| desk.decide(at(time)));
    assert_eq!(told.filter(|told| !told.queued.is_empty()).count(), 0);
    let told = desk.decide(at(330));
    let (_, notification) = &told.queued[0];
    let alert = &notification.alerts[0];
    assert!(!alert.is_firing);
    assert_eq!(alert.ends_at, Some(at(50)), "the time of the transition");
    assert_eq!((alert.value, alert.starts_at), (Some(7.0), at(0)));
    assert_eq!(alert.labels["severity"], "warning");
}

#[test]
fn its_end_is_known_to_nobody() {
    let mut desk = announced();
    desk.state = tower_vitals::alerts::state::State::default();
    let told = desk.decide(at(330));
    assert_eq!(told.queued[0].1.alerts[0].ends_at, Some(at(330)));
}

#[test]
fn it_is_not_told_where_the_policy_wants_none() {
    let mut desk = Desk::new([chat().send_resolved(false), channel("mail")]);
    desk.fire("down/a down/b", 0);
    let first = [
        "30: chat first +down/a +down/b",
        "30: mail first +down/a +down/b",
    ];
    assert_eq!(desk.ticks(0, 45, 15), first);
    desk.clear("down/a", 45);
    let some = desk.ticks(45, 345, 15);
    assert_eq!(some, ["330: mail some_resolved +down/b -down/a"]);
    desk.fire("down/a", 345);
    desk.clear("down/b", 345);
    let again = [
        "630: chat new_alerts +down/a",
        "630: mail new_alerts +down/a -down/b",
    ];
    assert_eq!(desk.ticks(345, 645, 15), again);
    desk.clear("down/a", 645);
    assert_eq!(desk.ticks(645, 945, 15), ["930: mail all_resolved -down/a"]);
    assert_eq!(desk.notifier.next_due(at(945)), None);
}

#[test]
fn the_texts_of_its_last_announcement_stay() {
    let mut desk = Desk::new([chat().group_wait(seconds(0))]);
    desk.fire("down/a", 0);
    desk.tick(0);
    desk.describe = |_| tower_vitals::alerts::notify::Description::default();
    desk.clear("down/a", 10);
    let told = desk.decide(at(300));
    let alert = &told.queued[0].1.alerts[0];
    assert_eq!(alert.annotations["summary"], "down of a");
    assert_eq!(alert.ends_at, Some(at(10)));
}
