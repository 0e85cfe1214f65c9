//! Evaluations without data.

use tower_vitals::alerts::NoData;
use tower_vitals::alerts::state::AlertState;

use super::world::World;

const NONE: [&str; 0] = [];

fn world(no_data: NoData, for_duration: u64, keep_firing_for: u64) -> World {
    let mut world = World::new(for_duration, keep_firing_for);
    world.timing.no_data = no_data;
    world
}

#[test]
fn keep_takes_the_last_results_again_and_honours_the_duration() {
    let mut world = world(NoData::Keep, 120, 120);
    world.members("a+ b-", 0);
    assert_eq!(world.no_data(60), NONE);
    assert_eq!(world.no_data(120), ["a: pending > firing, no_data"]);
    assert_eq!(world.no_data(9_000), NONE);
    assert_eq!(world.members("a- b-", 9_060), NONE);
    assert_eq!(world.no_data(9_120), NONE);
    assert_eq!(world.no_data(9_180), ["a: firing > resolved, no_data"]);
    assert_eq!(world.state_of("b"), Some(AlertState::Inactive));
}

#[test]
fn resolve_is_a_false_result_for_each_member() {
    let mut world = world(NoData::Resolve, 60, 60);
    world.members("a+", 0);
    world.members("a+ b+", 60);
    assert_eq!(world.no_data(120), ["b: pending > inactive, no_data"]);
    assert_eq!(world.no_data(180), ["a: firing > resolved, no_data"]);
    assert_eq!(world.no_data(240), NONE);
}

#[test]
fn fire_makes_one_alert_of_the_rule_fire_after_the_duration_until_data_is_back() {
    let mut world = world(NoData::Fire, 60, 0);
    world.members("a- b-", 0);
    assert_eq!(world.no_data(60), [": inactive > pending, no_data"]);
    assert_eq!(world.no_data(120), [": pending > firing, no_data"]);
    assert_eq!(world.state_of("a"), Some(AlertState::Inactive));
    assert_eq!(
        world.members("a+ b-", 180),
        [
            ": firing > resolved, data_is_back",
            "a: inactive > pending, condition_true"
        ]
    );
    assert_eq!(world.state_of(""), None);
}

#[test]
fn fire_honours_keep_firing_for_when_data_is_back() {
    let mut world = world(NoData::Fire, 0, 60);
    assert_eq!(world.no_data(0), [": inactive > firing, no_data"]);
    assert_eq!(world.members("a-", 60), NONE);
    assert_eq!(
        world.members("a-", 120),
        [": firing > resolved, data_is_back"]
    );
}

#[test]
fn fire_is_a_true_result_for_a_rule_without_labels() {
    let mut world = world(NoData::Fire, 120, 0);
    assert_eq!(
        world.members("+", 0),
        [": inactive > pending, condition_true"]
    );
    assert_eq!(world.no_data(60), NONE);
    assert_eq!(world.no_data(120), [": pending > firing, no_data"]);
    assert_eq!(world.members("+", 180), NONE);
    assert_eq!(
        world.members("-", 240),
        [": firing > resolved, condition_false"]
    );
}

#[test]
fn an_empty_list_of_members_is_no_data() {
    let mut world = world(NoData::Fire, 0, 0);
    assert_eq!(world.members("", 0), [": inactive > firing, no_data"]);
}

#[test]
fn an_alert_of_no_data_whose_series_came_may_be_missing_once_as_any_other() {
    let mut world = world(NoData::Fire, 0, 0);
    assert_eq!(world.no_data(0), [": inactive > firing, no_data"]);
    assert_eq!(world.members("+ a-", 60), NONE);
    assert_eq!(world.members("a-", 120), NONE);
    assert_eq!(world.members("a-", 180), [": firing > resolved, stale"]);
}
