//! Inactive, pending, firing and resolved, as in Prometheus.

use std::time::Duration;

use tower_vitals::alerts::state::Timing;

use super::world::{World, at, members, seconds, short};

const NONE: [&str; 0] = [];

#[test]
fn an_alert_fires_at_the_first_evaluation_at_which_it_has_held_for_the_duration() {
    let mut world = World::new(120, 0);
    assert_eq!(
        world.members("+", 0),
        [": inactive > pending, condition_true"]
    );
    assert_eq!(world.members("+", 60), NONE);
    assert_eq!(
        world.members("+", 120),
        [": pending > firing, condition_true"]
    );
    assert_eq!(world.members("+", 180), NONE);
    assert_eq!(
        world.members("-", 240),
        [": firing > resolved, condition_false"]
    );
    assert_eq!(world.members("-", 300), NONE);
    assert_eq!(
        world.members("+", 360),
        [": resolved > pending, condition_true"]
    );
}

#[test]
fn one_nanosecond_less_than_the_duration_is_not_enough() {
    let mut world = World::new(60, 0);
    world.members("+", 0);
    let early = at(60) - Duration::from_nanos(1);
    assert_eq!(short(&world.try_take(members("+"), early).unwrap()), NONE);
    assert_eq!(
        world.members("+", 60),
        [": pending > firing, condition_true"]
    );
}

#[test]
fn without_a_duration_an_alert_fires_at_once() {
    let mut world = World::new(0, 0);
    assert_eq!(
        world.members("+", 0),
        [": inactive > firing, condition_true"]
    );
    assert_eq!(
        world.members("-", 60),
        [": firing > resolved, condition_false"]
    );
    assert_eq!(
        world.members("+", 120),
        [": resolved > firing, condition_true"]
    );
}

#[test]
fn a_false_evaluation_drops_a_pending_alert_and_the_duration_begins_anew() {
    let mut world = World::new(120, 600);
    world.members("+", 0);
    assert_eq!(
        world.members("-", 60),
        [": pending > inactive, condition_false"]
    );
    assert_eq!(
        world.members("+", 120),
        [": inactive > pending, condition_true"]
    );
    assert_eq!(world.members("+", 180), NONE);
    assert_eq!(
        world.members("+", 240),
        [": pending > firing, condition_true"]
    );
}

#[test]
fn keep_firing_for_begins_at_the_first_false_evaluation_and_a_true_one_clears_it() {
    let mut world = World::new(60, 120);
    world.members("+", 0);
    world.members("+", 60);
    assert_eq!(world.members("-", 120), NONE);
    assert_eq!(world.members("-", 180), NONE);
    assert_eq!(world.members("+", 239), NONE);
    let active_at = world.state.alerts().next().unwrap().active_at;
    assert_eq!(active_at, Some(at(0)));
    assert_eq!(world.members("-", 240), NONE);
    assert_eq!(world.members("-", 359), NONE);
    assert_eq!(
        world.members("-", 360),
        [": firing > resolved, condition_false"]
    );
}

#[test]
fn members_live_on_their_own() {
    let mut world = World::new(60, 0);
    assert_eq!(
        world.members("a+ b-", 0),
        ["a: inactive > pending, condition_true"]
    );
    assert_eq!(
        world.members("a+ b+", 60),
        [
            "a: pending > firing, condition_true",
            "b: inactive > pending, condition_true"
        ]
    );
    assert_eq!(
        world.members("b+ a-", 120),
        [
            "a: firing > resolved, condition_false",
            "b: pending > firing, condition_true"
        ]
    );
}

#[test]
fn a_clock_that_goes_back_fires_and_resolves_nothing_and_time_counts_on_from_there() {
    let mut world = World::new(60, 60);
    world.timing.auto_resolve = Some(seconds(3600));
    world.members("+", 10_000);
    assert_eq!(world.members("+", 1_000), NONE);
    assert_eq!(world.members("+", 1_059), NONE);
    assert_eq!(
        world.members("+", 1_060),
        [": pending > firing, condition_true"]
    );
    assert_eq!(world.members("-", 1_100), NONE);
    assert_eq!(world.members("-", 0), NONE);
    assert_eq!(world.tick(0), NONE);
    assert_eq!(world.members("-", 59), NONE);
    assert_eq!(
        world.members("-", 60),
        [": firing > resolved, condition_false"]
    );
}

#[test]
fn auto_resolve_ends_an_alert_that_no_evaluation_confirms() {
    let mut world = World::new(0, 0);
    world.timing.auto_resolve = Some(seconds(300));
    world.members("+", 0);
    assert_eq!(world.members("+", 299), NONE);
    assert_eq!(world.failed(500), NONE);
    assert_eq!(world.tick(598), NONE);
    assert_eq!(world.tick(599), [": firing > resolved, auto_resolved"]);
    assert_eq!(world.failed(700), NONE);
    assert_eq!(world.no_data(800), NONE);
    assert_eq!(
        world.members("+", 900),
        [": resolved > firing, condition_true"]
    );
    assert_eq!(world.failed(1_200), [": firing > resolved, auto_resolved"]);
}

#[test]
fn auto_resolve_does_not_cut_keep_firing_for() {
    let mut world = World::new(0, 600);
    world.timing.auto_resolve = Some(seconds(120));
    world.members("+", 0);
    for second in (60..=600).step_by(60) {
        assert_eq!(world.members("-", second), NONE);
    }
    assert_eq!(
        world.members("-", 660),
        [": firing > resolved, condition_false"]
    );
}

#[test]
fn a_transition_tells_alert_value_level_and_time() {
    let mut world = World::new(0, 0);
    let transition = &world.try_take(members("a+"), at(7)).unwrap()[0];
    assert_eq!(
        serde_json::to_value(transition).unwrap(),
        serde_json::json!({
            "alert": super::world::id("a").to_string(), "name": "too_slow", "labels": {"pod": "a"}, "level": "error",
            "text": null, "value": "1", "from": "inactive", "to": "firing", "reason": "condition_true",
            "at": "2027-01-15T08:00:07Z", "by": null, "note": null
        })
    );
}

#[test]
fn the_durations_of_a_rule_may_change_while_an_alert_is_active() {
    let mut world = World::new(600, 0);
    world.members("+", 0);
    assert_eq!(world.members("+", 60), NONE);
    world.timing = Timing {
        for_duration: seconds(90),
        ..Timing::default()
    };
    assert_eq!(
        world.members("+", 90),
        [": pending > firing, condition_true"]
    );
}

#[test]
fn the_alerts_of_a_removed_rule_end() {
    let mut world = World::new(0, 0);
    world.members("a+ b-", 0);
    let removed = world.state.remove_rule(super::world::RULE, at(1));
    assert_eq!(short(&removed), ["a: firing > resolved, rule_removed"]);
    assert_eq!(world.state.alerts().count(), 0);
}

/// Another thread may take the time for a tick before an evaluation, and come to the state after it.
#[test]
fn a_tick_between_evaluations_lets_no_time_count_twice() {
    let mut world = World::new(120, 0);
    world.members("+", 0);
    world.tick(61);
    assert_eq!(world.members("+", 60), NONE);
    assert_eq!(world.members("+", 119), NONE);
    assert_eq!(
        world.members("+", 120),
        [": pending > firing, condition_true"]
    );
}
