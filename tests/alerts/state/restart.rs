//! Restarts: the state is saved as JSON and read again.

use std::time::{Duration, UNIX_EPOCH};

use proptest::collection::vec;
use proptest::prelude::*;
use tower_vitals::Error;
use tower_vitals::alerts::Level;
use tower_vitals::alerts::state::{
    AlertId, AlertState, CodeAlert, Matcher, SilenceTarget, State, Transition,
};
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

#[derive(Debug, Clone)]
enum Act {
    Members(String),
    NoData,
    Failed,
    Twice,
    Tick,
    Resolve(&'static str),
    Fire,
    ResolveFired,
    Clear,
    RemoveRule,
}

/// An alert that code fires, and that stays resolved for a while after a person resolved it.
fn fired() -> CodeAlert {
    CodeAlert::new("x", "t", Level::Info).auto_resolve(seconds(30))
}

fn of_people(result: Result<Vec<Transition>, Error>) -> Vec<String> {
    result.map_or_else(|error| vec![error.to_string()], |told| short(&told))
}

/// All that people and channels can see of the alerts, without values and times of evaluations.
fn seen(world: &World) -> Vec<(AlertId, AlertState, bool)> {
    let alerts = world.state.alerts();
    alerts
        .map(|alert| (alert.id, alert.state, alert.resolved_by_hand.is_some()))
        .collect()
}

fn act() -> impl Strategy<Value = (u64, bool, Act)> {
    let member = |name: &'static str| prop_oneof![4 => Just(format!("{name}+")), 4 => Just(format!("{name}-")), 1 => Just(String::new())];
    let act = prop_oneof![
        9 => (member("a"), member("b")).prop_map(|(a, b)| Act::Members(format!("{a} {b}"))),
        1 => Just(Act::NoData),
        1 => Just(Act::Failed),
        1 => Just(Act::Twice),
        2 => Just(Act::Tick),
        2 => prop_oneof![Just(Act::Resolve("a")), Just(Act::Resolve("b"))],
        2 => Just(Act::Fire),
        2 => Just(Act::ResolveFired),
        2 => Just(Act::Clear),
        1 => Just(Act::RemoveRule),
    ];
    (0_u64..40, any::<bool>(), act)
}

proptest! {
    /// Crashes after some acts, with a state that was last saved when its revision changed.
    #[test]
    fn the_time_of_the_last_call_is_enough_while_the_revision_stays(
        acts in vec(act(), 1..30),
        (lasts, keeps) in (0_u64..60, 0_u64..60),
    ) {
        let mut whole = World::new(lasts, keeps);
        let mut sparse = World { timing: whole.timing, ..World::default() };
        let mut saved = serde_json::to_string(&sparse.state).unwrap();
        let (mut now, mut last) = (0, None);
        for (step, crashes, act) in acts {
            now += step;
            let last = last.replace(now);
            if crashes && let Some(last) = last {
                whole.restart();
                sparse.state = serde_json::from_str(&saved).unwrap();
                sparse.state.set_seen(at(last));
            }
            let revision = sparse.state.revision();
            let mut told = Vec::new();
            for world in [&mut whole, &mut sparse] {
                told.push(match &act {
                    Act::Members(members) => world.members(members, now),
                    Act::NoData => world.no_data(now),
                    Act::Failed => world.failed(now),
                    Act::Twice => {
                        let twice = world.try_take(super::world::members("a+ a+"), at(now));
                        prop_assert!(twice.is_err());
                        Vec::new()
                    }
                    Act::Tick => world.tick(now),
                    Act::Resolve(name) => of_people(world.state.resolve(id(name), "ann", at(now))),
                    Act::Fire => short(&world.state.fire(fired(), at(now))),
                    Act::ResolveFired => {
                        of_people(world.state.resolve(fired().id(), "ann", at(now)))
                    }
                    Act::Clear => short(&world.state.clear(fired().id(), at(now))),
                    Act::RemoveRule => short(&world.state.remove_rule(RULE, at(now))),
                });
            }
            prop_assert_eq!(&told[0], &told[1]);
            prop_assert_eq!(seen(&whole), seen(&sparse));
            if sparse.state.revision() != revision {
                saved = serde_json::to_string(&sparse.state).unwrap();
            }
        }
    }
}

#[test]
fn a_state_that_was_saved_long_ago_auto_resolves_nothing_that_was_confirmed_since() {
    let mut world = World::new(0, 0);
    world.timing.auto_resolve = Some(seconds(500));
    world.members("a+", 0);
    let saved = serde_json::to_string(&world.state).unwrap();
    let revision = world.state.revision();
    (1..=100).for_each(|step| assert_eq!(world.members("a+", step * 60), NONE));
    assert_eq!(world.state.revision(), revision);
    world.state = serde_json::from_str(&saved).unwrap();
    world.state.set_seen(at(6_000));
    assert_eq!(world.tick(9_000), NONE);
    assert_eq!(world.tick(9_499), NONE);
    assert_eq!(world.tick(9_500), ["a: firing > resolved, auto_resolved"]);
}

#[test]
fn an_evaluation_that_marks_alerts_as_stale_changes_the_revision_once() {
    let mut world = World::new(0, 0);
    world.members("a+", 0);
    let mut revision = world.state.revision();
    for (text, is_change) in [
        ("a+ a+", true),
        ("a+ a+", false),
        ("a+", true),
        ("a+", false),
    ] {
        let result = world.try_take(super::world::members(text), at(1));
        assert_eq!(result.is_err(), text == "a+ a+");
        assert_eq!(world.state.revision() != revision, is_change, "{text}");
        revision = world.state.revision();
    }
}
