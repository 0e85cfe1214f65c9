//! Acknowledged alerts.

use tower_vitals::alerts::notify::Policy;

use super::desk::{Desk, at, channel, chat, seconds};

fn pager() -> Policy {
    channel("pager").takes_acknowledgements(true)
}

#[test]
fn an_acknowledged_alert_is_not_repeated_but_its_end_is_told() {
    let mut desk = Desk::new([chat().repeat_interval(seconds(600))]);
    desk.fire("down/a down/b", 0);
    let first = ["30: chat first +down/a +down/b"];
    assert_eq!(desk.ticks(0, 45, 15), first);
    desk.acknowledge("down/a", 45);
    assert_eq!(
        desk.ticks(45, 900, 15),
        ["630: chat repeat +down/b"],
        "the other one alone"
    );
    desk.acknowledge("down/b", 900);
    assert_eq!(desk.ticks(900, 3_000, 15), [""; 0]);
    desk.clear("down/a down/b", 3_000);
    let told = desk.ticks(3_000, 3_400, 15);
    assert_eq!(told, ["3030: chat all_resolved -down/a -down/b"]);
}

#[test]
fn a_channel_that_takes_acknowledgements_is_told_at_once() {
    let mut desk = Desk::new([chat(), pager()]);
    desk.fire("down/a down/b", 0);
    assert_eq!(desk.ticks(0, 45, 15).len(), 2);
    desk.acknowledge("down/b", 45);
    let decisions = desk.decide(at(45));
    let (name, notification) = &decisions.queued[0];
    assert_eq!((decisions.queued.len(), &**name), (1, "pager"));
    assert_eq!(
        super::desk::short(name, notification),
        "pager acknowledged +down/b"
    );
    let act = notification.alerts[0].acknowledged.as_ref().unwrap();
    assert_eq!((&*act.by, act.note.as_deref()), ("ann", Some("mine")));
    assert_eq!(notification.group_key, "{}:{alertname=\"down\"}");
    assert_eq!(desk.ticks(60, 1_000, 15), [""; 0], "once");
}

#[test]
fn an_acknowledgement_before_the_first_notification_comes_with_it() {
    let mut desk = Desk::new([pager()]);
    desk.fire("down", 0);
    desk.tick(0);
    desk.acknowledge("down", 10);
    assert_eq!(desk.tick(15), [""; 0]);
    let decisions = desk.decide(at(30));
    assert_eq!(decisions.queued.len(), 1);
    assert!(decisions.queued[0].1.alerts[0].acknowledged.is_some());
    assert_eq!(desk.ticks(45, 300, 15), [""; 0]);
}

#[test]
fn each_firing_is_acknowledged_anew() {
    let mut desk = Desk::new([pager().group_wait(seconds(0))]);
    desk.fire("down", 0);
    assert_eq!(desk.tick(0), ["pager first +down"]);
    desk.acknowledge("down", 10);
    assert_eq!(desk.tick(10), ["pager acknowledged +down"]);
    desk.clear("down", 20);
    desk.fire("down", 20);
    desk.tick(20);
    desk.acknowledge("down", 30);
    assert_eq!(desk.tick(30), ["pager acknowledged +down"]);
}

#[test]
fn over_the_cap_it_comes_with_the_summary() {
    let mut desk = Desk::new([pager().max_per_hour(1).group_wait(seconds(0))]);
    desk.fire("down", 0);
    assert_eq!(desk.tick(0), ["pager first +down"]);
    desk.acknowledge("down", 10);
    assert_eq!(desk.tick(10), ["held pager acknowledged down"]);
    let decisions = desk.decide(at(3_600));
    let summary = &decisions.queued[0].1;
    assert!(summary.alerts[0].acknowledged.is_some());
    assert_eq!(desk.ticks(3_610, 8_000, 30), [""; 0]);
}
