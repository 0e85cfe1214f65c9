//! Restarts: the state is saved as JSON and read again.

use std::time::{Duration, UNIX_EPOCH};

use tower_vitals::alerts::Level;
use tower_vitals::alerts::state::{CodeAlert, Matcher, SilenceTarget, State};
use tower_vitals::alerts::{Evaluated, Evaluation, NoData};

use super::world::{RULE, World, at, id, pod, seconds, short};

const NONE: [&str; 0] = [];

#[test]
fn the_time_down_does_not_count_and_the_time_until_the_last_call_does() {
    let mut world = World::new(120, 0);
    world.members("a+", 0);
    world.members("a+", 60);
    world.tick(75);
    world.restart();
    // 75 s have counted, and at 1000 s the evaluations go on.
    assert_eq!(world.members("a+", 1_000), NONE);
    assert_eq!(world.members("a+", 1_044), NONE);
    assert_eq!(
        world.members("a+", 1_045),
        ["a: pending > firing, condition_true"]
    );
}

#[test]
fn keep_firing_for_and_auto_resolve_go_on_over_a_restart() {
    let mut world = World::new(0, 100);
    world.timing.auto_resolve = Some(seconds(500));
    world.members("a+", 0);
    world.members("a-", 10);
    world.restart();
    assert_eq!(world.members("a-", 5_000), NONE);
    assert_eq!(world.members("a-", 5_099), NONE);
    world.restart();
    assert_eq!(world.tick(9_000), NONE);
    assert_eq!(
        world.members("a-", 9_001),
        ["a: firing > resolved, condition_false"]
    );
}

#[test]
fn a_firing_alert_is_not_announced_again() {
    let mut world = World::new(0, 0);
    assert_eq!(world.members("a+", 0).len(), 1);
    world
        .state
        .acknowledge(id("a"), "ann", None, at(1))
        .unwrap();
    world.restart();
    assert_eq!(world.members("a+", 1_000), NONE);
    let alert = world.state.alerts().next().unwrap();
    assert_eq!((alert.since, alert.active_at), (at(0), Some(at(0))));
    assert_eq!(alert.acknowledged.as_ref().unwrap().by, "ann");
    assert_eq!(world.state.history().count(), 2);
}

#[test]
fn a_clock_that_is_back_after_the_restart_fires_nothing() {
    let mut world = World::new(60, 0);
    world.members("a+", 10_000);
    world.restart();
    assert_eq!(world.members("a+", 100), NONE);
    assert_eq!(world.members("a+", 159), NONE);
    assert_eq!(
        world.members("a+", 160),
        ["a: pending > firing, condition_true"]
    );
}

#[test]
fn resuming_makes_the_deadlines_of_explanations_right() {
    let mut world = World::new(120, 0);
    world.members("a+", 0);
    world.members("a+", 50);
    world.restart();
    world.state.resume(at(1_000));
    let explanation = world.state.explain_alert(id("a"), at(1_010)).unwrap();
    assert_eq!(explanation.deadline, Some(at(1_070)));
}

#[test]
fn silences_end_while_the_service_is_down() {
    let mut world = World::default();
    let target = SilenceTarget::Alert(id("a"));
    world
        .state
        .suppress(target, at(100), "ann", None, at(0))
        .unwrap();
    world.restart();
    world.tick(100);
    assert_eq!(world.state.silences(at(0)).count(), 0);
}

/// Everything at once: `World::restart` asserts that nothing is lost.
#[test]
fn the_whole_state_survives_json() {
    let mut world = World::new(0, 60);
    world.timing.no_data = NoData::Fire;
    let values = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.1 + 0.2,
        f64::MIN_POSITIVE,
        -0.0,
    ];
    let results = values.iter().zip(["a", "b", "c", "d", "e", "f"]);
    let results = results.map(|(&value, name)| Evaluated {
        labels: pod(name),
        value,
        holds: name != "f",
    });
    let now = UNIX_EPOCH + Duration::new(1_800_000_000, 123_456_789);
    world
        .try_take(Evaluation::Members(results.collect()), now)
        .unwrap();
    world.failed(1);
    world
        .state
        .acknowledge(id("a"), "ann", Some("\u{0}\"ü"), at(2))
        .unwrap();
    world.state.resolve(id("b"), "bob", at(3)).unwrap();
    let matchers = vec![Matcher::equal("pod", "c"), Matcher::not_equal("zone", "")];
    let far = UNIX_EPOCH + Duration::from_secs(200_000_000_000);
    world
        .state
        .suppress(SilenceTarget::Labels(matchers), far, "ann", None, at(4))
        .unwrap();
    world.state.fire(
        CodeAlert::new("x", "t", Level::Info).auto_resolve(seconds(9)),
        at(5),
    );
    world.restart();
    let seen: Vec<_> = world
        .state
        .alerts()
        .filter_map(|alert| alert.value)
        .collect();
    assert_eq!(
        seen.iter().map(|value| value.to_bits()).collect::<Vec<_>>(),
        values.map(f64::to_bits)
    );
    assert_eq!(world.state.history().next().unwrap().at, now);
    assert_eq!(world.state.explain(RULE, at(6)).unwrap().members.len(), 6);
    let told = world.state.tick(at(13));
    assert_eq!(short(&told), NONE);
    assert_eq!(
        short(&world.state.tick(at(22))),
        [": firing > resolved, auto_resolved"]
    );
}

#[test]
fn times_before_1970_survive_json() {
    let mut world = World::new(0, 0);
    let now = UNIX_EPOCH - Duration::from_nanos(1_500_000_001);
    world.try_take(super::world::members("a+"), now).unwrap();
    world.restart();
    assert_eq!(world.state.alerts().next().unwrap().since, now);
}

#[test]
fn text_that_is_no_state_is_an_error() {
    assert!(serde_json::from_str::<State>("{}").is_err());
    let saved = serde_json::to_string(&State::default()).unwrap();
    assert!(serde_json::from_str::<State>(&saved.replace("null", "\"soon\"")).is_err());
}

#[test]
fn the_time_before_the_restart_counts_also_if_the_clock_is_back_after_it() {
    let mut world = World::new(60, 0);
    world.members("a+", 10_000);
    world.tick(10_030);
    world.restart();
    assert_eq!(world.members("a+", 100), NONE);
    assert_eq!(world.members("a+", 129), NONE);
    assert_eq!(
        world.members("a+", 130),
        ["a: pending > firing, condition_true"]
    );
}
