//! Bounds of notifications and of memory.

use tower_vitals::alerts::Level;
use tower_vitals::alerts::channels::{Notification, NotificationReason};
use tower_vitals::alerts::notify::NotifierState;
use tower_vitals::alerts::state::{Limits, State};

use super::desk::{Desk, at, chat, described, id, saved, seconds};
use super::viewer::Viewer;

fn only(desk: &mut Desk, viewer: &mut Viewer, time: u64) -> Option<Notification> {
    let decisions = desk.notifier.tick(&desk.state, &described, at(time));
    viewer.see("chat", &decisions, &desk.state);
    assert!(decisions.queued.len() <= 1);
    decisions.queued.into_iter().next().map(|(_, only)| only)
}

fn names(of: std::ops::Range<usize>) -> String {
    let names = of.map(|pod| format!("down/{pod}"));
    names.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_notification_lists_at_most_1000_alerts() {
    let mut desk = Desk::new([chat().group_wait(seconds(0))]);
    let mut viewer = Viewer::new(0, 10);
    desk.fire(&names(0..1_500), 0);
    desk.fire_as(Level::Critical, "down/9999", 0);
    let first = only(&mut desk, &mut viewer, 0).unwrap();
    assert_eq!((first.alerts.len(), first.left_out), (1_000, 501));
    assert_eq!(first.alerts[0].id, id("down/9999"), "the most urgent first");
    // New ones come before those that were told.
    desk.fire(&names(1_500..2_300), 10);
    let new = only(&mut desk, &mut viewer, 300).unwrap();
    assert_eq!(new.reason, NotificationReason::NewAlerts);
    assert_eq!((new.alerts.len(), new.left_out), (1_000, 1_301));
    assert!(viewer.firing.contains(&id("down/2299")));
    let shown = viewer.firing.len();
    assert!((1_800..=2_000).contains(&shown), "{shown}");
    // Each one that was shown is told as resolved, in two notifications.
    desk.clear(&names(0..2_300), 310);
    desk.clear("down/9999", 310);
    let ended = only(&mut desk, &mut viewer, 600).unwrap();
    assert_eq!(ended.reason, NotificationReason::AllResolved);
    assert_eq!((ended.alerts.len(), ended.left_out), (1_000, 1_301));
    let rest = only(&mut desk, &mut viewer, 900).unwrap();
    assert_eq!(rest.reason, NotificationReason::AllResolved);
    assert_eq!((rest.alerts.len(), rest.left_out), (shown - 1_000, 0));
    assert!(viewer.firing.is_empty());
    assert_eq!(only(&mut desk, &mut viewer, 1_200), None);
}

#[test]
fn firing_alerts_leave_half_of_it_to_resolved_ones() {
    let mut desk = Desk::new([chat().group_wait(seconds(0))]);
    let mut viewer = Viewer::new(0, 10);
    desk.fire(&names(0..1_000), 0);
    only(&mut desk, &mut viewer, 0).unwrap();
    desk.clear(&names(0..800), 10);
    desk.fire(&names(1_000..2_000), 10);
    let both = only(&mut desk, &mut viewer, 300).unwrap();
    assert_eq!((both.firing().count(), both.resolved().count()), (500, 500));
    let rest = only(&mut desk, &mut viewer, 600).unwrap();
    assert_eq!(rest.reason, NotificationReason::SomeResolved);
    assert_eq!(rest.resolved().count(), 300);
}

#[test]
fn at_most_so_many_alerts_are_remembered() {
    let policy = chat()
        .group_wait(seconds(0))
        .group_by(["pod"])
        .max_per_hour(1)
        .cooldown(seconds(300));
    let mut desk = Desk::new([policy]);
    desk.notifier.set_limit(100);
    let mut viewer = Viewer::new(300, 1);
    desk.fire("down/0", 0);
    assert!(only(&mut desk, &mut viewer, 0).is_some());
    desk.clear("down/0", 1);
    let remembered = |desk: &Desk| {
        let saved: serde_json::Value = serde_json::from_str(&saved(&desk.notifier)).unwrap();
        let receiver = &saved["receivers"]["chat"];
        [&saved["known"], &receiver["members"], &receiver["groups"]]
            .map(|map| map.as_object().unwrap().len())
    };
    for wave in 0..40 {
        let names = names(1 + wave * 20..21 + wave * 20);
        let time = 10 + wave as u64 * 60;
        desk.fire(&names, time);
        only(&mut desk, &mut viewer, time);
        only(&mut desk, &mut viewer, time + 10);
        desk.clear(&names, time + 20);
        only(&mut desk, &mut viewer, time + 30);
        let [known, members, groups] = remembered(&desk);
        assert!(known <= 100 && members <= 100, "{known} {members}");
        assert!(groups <= 120, "{groups}");
    }
    let summary = only(&mut desk, &mut viewer, 3_600).unwrap();
    assert_eq!(summary.reason, NotificationReason::Summary);
    assert_eq!(summary.alerts.len() + summary.left_out, 801);
    assert!(summary.left_out > 0);
    assert!(viewer.firing.is_empty(), "the announced one has its end");
    only(&mut desk, &mut viewer, 10_000);
    assert_eq!(remembered(&desk), [0; 3]);
}

#[test]
fn firing_alerts_above_the_bound_wait_for_room() {
    let mut desk = Desk::new([chat().group_wait(seconds(0)).group_by(["pod"])]);
    desk.notifier.set_limit(2);
    let mut viewer = Viewer::new(0, 10);
    desk.fire("down/a down/b down/c", 0);
    let decisions = desk.notifier.tick(&desk.state, &described, at(0));
    assert_eq!(decisions.queued.len(), 2);
    viewer.see("chat", &decisions, &desk.state);
    let first = *viewer.firing.first().unwrap();
    desk.state.clear(first, at(10));
    assert!(only(&mut desk, &mut viewer, 300).is_some(), "its end");
    assert!(only(&mut desk, &mut viewer, 310).is_some(), "the third");
    assert_eq!(viewer.firing.len(), 2);
}

#[test]
fn ten_thousand_alerts_take_less_than_a_kilobyte_each() {
    let mut limits = Limits::default();
    limits.active = 10_000;
    let mut desk = Desk::new([chat()]);
    desk.state = State::new(limits);
    desk.fire(&names(0..10_000), 0);
    let state = &desk.state;
    let notifier = &mut desk.notifier;
    let measured = allocation_counter::measure(|| {
        for time in [0, 30] {
            drop(notifier.tick(state, &described, at(time)));
        }
    });
    let each = measured.bytes_current / 10_000;
    println!("{each} bytes for each alert");
    assert!((100..1_024).contains(&each), "{each}");
    let saved = serde_json::to_string(desk.notifier.state()).unwrap();
    println!("{} bytes of JSON for each alert", saved.len() / 10_000);
    let restored: NotifierState = serde_json::from_str(&saved).unwrap();
    assert_eq!(serde_json::to_string(&restored).unwrap(), saved);
}
