//! Series that are missing, results that are twice there, and evaluations that fail.

use tower_vitals::ErrorKind;
use tower_vitals::alerts::state::AlertState;

use super::world::{World, at, members};

const NONE: [&str; 0] = [];

#[test]
fn a_series_that_two_evaluations_in_a_row_lack_resolves_as_stale() {
    let mut world = World::new(0, 3600);
    world.members("a+ b+", 0);
    assert_eq!(world.members("b+", 60), NONE);
    assert_eq!(world.state_of("a"), Some(AlertState::Firing));
    assert_eq!(world.members("b+", 120), ["a: firing > resolved, stale"]);
    assert_eq!(world.state_of("a"), None);
    assert_eq!(world.members("b+", 180), NONE);
    assert_eq!(world.state_of("b"), Some(AlertState::Firing));
}

#[test]
fn a_series_may_be_missing_once_and_its_duration_counts_on() {
    let mut world = World::new(120, 0);
    world.members("a+ b-", 0);
    for second in [60, 119] {
        assert_eq!(world.members("b-", second), NONE);
        assert_eq!(world.state_of("a"), Some(AlertState::Pending));
        if second == 60 {
            assert_eq!(world.members("a+ b-", 90), NONE);
        }
    }
    assert_eq!(
        world.members("a+ b-", 120),
        ["a: pending > firing, condition_true"]
    );
}

#[test]
fn a_pending_series_that_is_gone_is_dropped() {
    let mut world = World::new(120, 0);
    world.members("a+ b-", 0);
    world.members("b-", 60);
    assert_eq!(world.members("b-", 120), ["a: pending > inactive, stale"]);
}

#[test]
fn a_failed_evaluation_does_not_count_as_a_missing_series() {
    let mut world = World::new(0, 0);
    world.members("a+ b+", 0);
    assert_eq!(world.members("b+", 60), NONE);
    assert_eq!(world.failed(120), NONE);
    assert_eq!(world.members("a+ b+", 180), NONE);
    assert_eq!(world.members("b+", 240), NONE);
    assert_eq!(world.members("b+", 300), ["a: firing > resolved, stale"]);
}

#[test]
fn two_results_with_one_label_set_are_an_error_and_leave_the_state_alone() {
    let mut world = World::new(60, 0);
    world.members("a+ b+", 0);
    let error = world.try_take(members("a- b- a+"), at(60)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    let message = r#"two results have the labels {"pod": "a"}"#;
    assert_eq!(error.to_string(), message);
    assert_eq!(world.state_of("a"), Some(AlertState::Pending));
    assert_eq!(world.state_of("b"), Some(AlertState::Pending));
    let stale = world
        .state
        .explain(super::world::RULE, at(60))
        .unwrap()
        .stale;
    assert_eq!(stale.as_deref(), Some(message));
    assert_eq!(world.members("a+ b-", 61).len(), 2);
}

#[test]
fn the_label_of_the_name_does_not_tell_results_apart() {
    let mut world = World::new(0, 0);
    let mut evaluation = members("a+ a+");
    if let tower_vitals::alerts::Evaluation::Members(list) = &mut evaluation {
        list[0].labels.insert("alertname".into(), "other".into());
    }
    let error = world.try_take(evaluation, at(0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
}

#[test]
fn a_failed_evaluation_keeps_all_states_and_marks_them_until_one_succeeds() {
    let mut world = World::new(60, 0);
    world.members("a+ b-", 0);
    assert_eq!(world.failed(60), NONE);
    assert_eq!(world.failed(600), NONE);
    let stale = |world: &World| {
        world
            .state
            .explain(super::world::RULE, at(600))
            .unwrap()
            .stale
    };
    assert_eq!(stale(&world).as_deref(), Some("no snapshot: broken"));
    assert_eq!(
        world.members("a+ b-", 660),
        ["a: pending > firing, condition_true"]
    );
    assert_eq!(stale(&world), None);
}
