//! The bounds of the state's memory.

use tower_vitals::ErrorKind;
use tower_vitals::alerts::Level;
use tower_vitals::alerts::state::{AlertState, CodeAlert, HeldBack, Limits, SilenceTarget};

use crate::support::log::Log;

use super::world::{RULE, World, at, id, members, seconds};

#[test]
fn the_default_bounds() {
    let limits = Limits::default();
    assert_eq!(
        (
            limits.active,
            limits.inactive,
            limits.silences,
            limits.history
        ),
        (10_000, 10_000, 1_000, 10_000)
    );
    assert_eq!(limits.history_age, seconds(604_800));
}

#[test]
fn active_alerts_over_the_limit_are_counted_and_become_active_when_there_is_room() {
    let mut world = World::limited(|limits| limits.active = 2);
    assert_eq!(world.members("a+ b+ c+ d+", 0).len(), 2);
    assert_eq!(world.state.dropped(), 2);
    assert_eq!(
        (world.state_of("b"), world.state_of("c")),
        (Some(AlertState::Firing), Some(AlertState::Inactive))
    );
    assert_eq!(world.take_as("other", members("+"), at(0)).unwrap(), []);
    assert_eq!(
        world
            .state
            .fire(CodeAlert::new("c", "t", Level::Info), at(0)),
        []
    );
    assert_eq!(world.state.dropped(), 4);
    world.restart();
    assert_eq!(
        world.members("a- b+ c+ d+", 60),
        [
            "a: firing > resolved, condition_false",
            "c: inactive > firing, condition_true"
        ]
    );
    assert_eq!(world.state.dropped(), 5);
    world.state.resolve(id("b"), "ann", at(61)).unwrap();
    assert_eq!(world.members("a- b+ c+ d+", 120), [""; 0]);
    assert_eq!(world.state.dropped(), 6);
}

#[test]
fn a_member_without_room_says_so() {
    let mut world = World::limited(|limits| limits.active = 1);
    world.members("a+ b-", 0);
    for second in [60, 120, 180] {
        assert_eq!(world.members("a+ b+", second), [""; 0]);
    }
    let explanation = world.state.explain_alert(id("b"), at(180)).unwrap();
    assert_eq!(explanation.alert.value, Some(1.0));
    assert_eq!(explanation.alert.state, AlertState::Inactive);
    assert_eq!(explanation.held_back, [HeldBack::LimitReached]);
    assert_eq!((world.no_data(240), world.state.dropped()), (vec![], 4));
    world.restart();
    assert_eq!(
        world.members("a- b+", 300),
        [
            "a: firing > resolved, condition_false",
            "b: inactive > firing, condition_true"
        ]
    );
    assert_eq!(
        world.members("a+ b-", 360),
        ["b: firing > resolved, condition_false"]
    );
    assert_eq!(world.members("a- b-", 420), [""; 0]);
    assert_eq!(
        world
            .state
            .explain_alert(id("a"), at(420))
            .unwrap()
            .held_back,
        []
    );
}

#[test]
fn inactive_members_over_the_limit_are_forgotten() {
    let mut world = World::limited(|limits| limits.inactive = 2);
    world.members("a- b- c- d- e+", 0);
    assert_eq!(world.state.alerts().count(), 3);
    assert_eq!(world.state_of("e"), Some(AlertState::Firing));
    assert_eq!(world.members("a+ b+ c- d-", 60).len(), 2);
    assert_eq!(world.state_of("a"), Some(AlertState::Firing));
}

#[test]
fn a_series_that_comes_and_goes_leaves_nothing_behind() {
    let mut world = World::default();
    for round in 0..50 {
        world.members(&format!("x{round}+ y{round}-"), round * 60);
    }
    assert_eq!(world.state.alerts().count(), 4);
}

#[test]
fn the_history_is_bounded_by_count_and_by_age() {
    let mut world = World::limited(|limits| {
        limits.history = 3;
        limits.history_age = seconds(100);
    });
    for (second, text) in [(0, "+"), (10, "-"), (20, "+"), (30, "-")] {
        world.members(text, second);
    }
    let times = |world: &World| {
        world
            .state
            .history()
            .map(|told| told.at)
            .collect::<Vec<_>>()
    };
    assert_eq!(times(&world), [at(10), at(20), at(30)]);
    world.tick(110);
    assert_eq!(times(&world), [at(10), at(20), at(30)]);
    world.tick(111);
    assert_eq!(times(&world), [at(20), at(30)]);
}

#[test]
fn silences_are_bounded_and_those_that_are_over_make_room() {
    let mut world = World::limited(|limits| limits.silences = 1);
    let target = || SilenceTarget::Alert(id("a"));
    world
        .state
        .suppress(target(), at(10), "ann", None, at(0))
        .unwrap();
    let error = world
        .state
        .suppress(target(), at(10), "ann", None, at(9))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert_eq!(error.to_string(), "there are 1 silences, the most allowed");
    world
        .state
        .suppress(target(), at(20), "ann", None, at(10))
        .unwrap();
}

#[test]
fn too_many_active_alerts_are_logged_once() {
    let (log, _guard) = Log::of_this_thread();
    let mut world = World::limited(|limits| limits.active = 1);
    world.members("a+", 0);
    assert_eq!(log.text(), "");
    for second in [60, 120] {
        world.members("a+ b+ c+", second);
    }
    assert_eq!(world.state.dropped(), 4);
    assert_eq!(log.text().lines().count(), 1);
    let line = "too many active alerts: further ones are only counted limit=1";
    assert!(log.text().trim_end().ends_with(line));
}

#[test]
fn a_full_state_takes_ten_thousand_alerts_and_not_one_more() {
    let mut world = World::default();
    let names: Vec<_> = (0..10_001).map(|number| format!("x{number:05}+")).collect();
    let told = world.members(&names.join(" "), 0);
    assert_eq!((told.len(), world.state.dropped()), (10_000, 1));
    assert_eq!(world.state.alerts().count(), 10_001);
    assert_eq!(world.state.history().count(), 10_000);
    assert_eq!(
        world.state.explain(RULE, at(0)).unwrap().members.len(),
        10_001
    );
}
