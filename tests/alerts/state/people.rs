//! Acknowledgements, resolutions by hand, silences and inhibitions.

use tower_vitals::ErrorKind;
use tower_vitals::alerts::NoData;
use tower_vitals::alerts::state::{
    AlertState, HeldBack, Inhibition, Matcher, SilenceId, SilenceTarget,
};

use super::world::{RULE, World, at, id, members, seconds, short};

const NONE: [&str; 0] = [];

fn silenced(world: &World, name: &str, second: u64) -> Vec<u64> {
    let explanation = world.state.explain_alert(id(name), at(second)).unwrap();
    let number = |cause: &HeldBack| match cause {
        HeldBack::Silenced { silence, .. } => silence.parse().ok(),
        _ => None,
    };
    explanation.held_back.iter().filter_map(number).collect()
}

#[test]
fn an_acknowledgement_is_a_transition_with_person_and_note_and_ends_with_the_firing() {
    let mut world = World::new(0, 0);
    world.members("a+", 0);
    let told = world
        .state
        .acknowledge(id("a"), "ann", Some("on it"), at(5))
        .unwrap();
    assert_eq!(short(&told), ["a: firing > firing, acknowledged"]);
    let told = &told[0];
    assert_eq!(
        (told.by.as_deref(), told.note.as_deref(), told.at),
        (Some("ann"), Some("on it"), at(5))
    );
    assert_eq!(world.members("a+", 60), NONE);
    let acknowledged = |world: &World| world.state.alerts().next().unwrap().acknowledged.clone();
    let act = acknowledged(&world).unwrap();
    assert_eq!(
        (&*act.by, act.note.as_deref(), act.at),
        ("ann", Some("on it"), at(5))
    );
    world.members("a-", 120);
    assert_eq!(acknowledged(&world), None);
    world.members("a+", 180);
    assert_eq!(acknowledged(&world), None);
}

#[test]
fn only_firing_alerts_can_be_acknowledged() {
    let mut world = World::new(60, 0);
    world.members("a+ b-", 0);
    for name in ["a", "b", "unknown"] {
        let error = world
            .state
            .acknowledge(id(name), "ann", None, at(1))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert_eq!(
            error.to_string(),
            format!("the alert {} does not fire", id(name))
        );
    }
    assert_eq!(world.state.history().count(), 1);
}

#[test]
fn an_alert_resolved_by_hand_stays_so_until_its_condition_was_false_once() {
    let mut world = World::new(60, 0);
    world.members("a+", 0);
    world.members("a+", 60);
    let told = world.state.resolve(id("a"), "ann", at(70)).unwrap();
    assert_eq!(short(&told), ["a: firing > resolved, resolved_by_hand"]);
    assert_eq!(told[0].by.as_deref(), Some("ann"));
    assert_eq!(world.members("a+", 120), NONE);
    assert_eq!(world.no_data(180), NONE);
    assert_eq!(world.failed(240), NONE);
    world.restart();
    assert_eq!(world.members("a+", 300), NONE);
    assert_eq!(world.members("a-", 360), NONE);
    assert_eq!(
        world.members("a+", 420),
        ["a: resolved > pending, condition_true"]
    );
    assert_eq!(
        world.members("a+", 480),
        ["a: pending > firing, condition_true"]
    );
}

#[test]
fn a_pending_alert_can_be_resolved_by_hand_and_an_inactive_one_cannot() {
    let mut world = World::new(60, 0);
    world.members("a+ b-", 0);
    let told = world.state.resolve(id("a"), "ann", at(1)).unwrap();
    assert_eq!(short(&told), ["a: pending > resolved, resolved_by_hand"]);
    assert_eq!(world.members("a+ b-", 120), NONE);
    for name in ["a", "b", "unknown"] {
        let error = world.state.resolve(id(name), "ann", at(121)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the alert {} is not active", id(name))
        );
    }
}

#[test]
fn a_resolution_by_hand_during_keep_firing_for_holds_nothing() {
    let mut world = World::new(0, 600);
    world.members("a+", 0);
    world.members("a-", 60);
    world.state.resolve(id("a"), "ann", at(61)).unwrap();
    assert_eq!(
        world.members("a+", 120),
        ["a: resolved > firing, condition_true"]
    );
}

#[test]
fn a_series_that_is_gone_or_no_data_that_resolves_end_a_resolution_by_hand() {
    let mut world = World::new(0, 0);
    world.timing.no_data = NoData::Resolve;
    world.members("a+ b+", 0);
    world.state.resolve(id("a"), "ann", at(1)).unwrap();
    world.state.resolve(id("b"), "ann", at(1)).unwrap();
    for second in [60, 120] {
        assert_eq!(world.members("b+", second), NONE);
    }
    assert_eq!(
        world.members("a+ b+", 180),
        ["a: inactive > firing, condition_true"]
    );
    assert_eq!(world.no_data(240), ["a: firing > resolved, no_data"]);
    assert_eq!(
        world.members("a- b+", 300),
        ["b: resolved > firing, condition_true"]
    );
}

#[test]
fn a_silence_holds_an_alert_back_until_its_end_and_leaves_the_state_alone() {
    let mut world = World::new(0, 0);
    world.members("a+ b+", 0);
    let target = SilenceTarget::Alert(id("a"));
    let silence = world
        .state
        .suppress(target, at(100), "ann", Some("deploy"), at(10))
        .unwrap();
    assert_eq!(silence, SilenceId(1));
    let listed: Vec<_> = world.state.silences(at(50)).collect();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (&*listed[0].by, listed[0].note.as_deref()),
        ("ann", Some("deploy"))
    );
    assert_eq!((listed[0].created_at, listed[0].until), (at(10), at(100)));
    assert_eq!(silenced(&world, "a", 99), [1]);
    assert_eq!(silenced(&world, "b", 99), [0_u64; 0]);
    assert_eq!(world.state_of("a"), Some(AlertState::Firing));
    assert_eq!(
        world.members("a- b+", 99),
        ["a: firing > resolved, condition_false"]
    );
    assert_eq!(silenced(&world, "a", 100), [0_u64; 0]);
    assert_eq!(world.state.silences(at(100)).count(), 0);
    world.tick(100);
    assert_eq!(world.state.silences(at(0)).count(), 0);
    let again = SilenceTarget::Alert(id("b"));
    let next = world
        .state
        .suppress(again, at(300), "ann", None, at(200))
        .unwrap();
    assert_eq!(next, SilenceId(2));
}

#[test]
fn a_silence_can_end_before_its_time() {
    let mut world = World::new(0, 0);
    world.members("a+", 0);
    let target = SilenceTarget::Alert(id("a"));
    let silence = world
        .state
        .suppress(target, at(100), "ann", None, at(0))
        .unwrap();
    assert_eq!(world.state.unsuppress(silence, at(1)).unwrap().by, "ann");
    assert_eq!(world.state.unsuppress(silence, at(1)), None);
    assert_eq!(silenced(&world, "a", 1), [0_u64; 0]);
}

#[test]
fn matchers_of_a_silence_all_hold_for_labels_name_and_level() {
    let cases: [(&[Matcher], [bool; 2]); 9] = [
        (&[Matcher::equal("pod", "a")], [true, false]),
        (
            &[
                Matcher::not_equal("pod", "a"),
                Matcher::equal("alertname", RULE),
            ],
            [false, true],
        ),
        (&[Matcher::equal("alertname", RULE)], [true, true]),
        (&[Matcher::equal("alertname", "other")], [false, false]),
        (&[Matcher::equal("level", "error")], [true, true]),
        (&[Matcher::equal("level", "info")], [false, false]),
        (
            &[Matcher::equal("pod", "b"), Matcher::equal("zone", "")],
            [false, true],
        ),
        (
            &[Matcher::equal("pod", "a"), Matcher::equal("pod", "b")],
            [false, false],
        ),
        (&[Matcher::not_equal("pod", "")], [true, true]),
    ];
    for (matchers, expected) in cases {
        let mut world = World::new(0, 0);
        world.members("a+ b+", 0);
        let target = SilenceTarget::Labels(matchers.into());
        world
            .state
            .suppress(target, at(100), "ann", None, at(0))
            .unwrap();
        let held = ["a", "b"].map(|name| !silenced(&world, name, 1).is_empty());
        assert_eq!(held, expected, "{matchers:?}");
    }
}

#[test]
fn a_silence_that_is_over_or_matches_everything_is_an_error() {
    let mut world = World::new(0, 0);
    let target = || SilenceTarget::Alert(id("a"));
    let past = world
        .state
        .suppress(target(), at(5), "ann", None, at(5))
        .unwrap_err();
    assert_eq!(past.to_string(), "a silence must end in the future");
    for matchers in [
        vec![],
        vec![Matcher::equal("pod", "")],
        vec![Matcher::not_equal("pod", "x")],
    ] {
        let wide = SilenceTarget::Labels(matchers);
        let error = world
            .state
            .suppress(wide, at(9), "ann", None, at(5))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "a silence needs a matcher that does not match the empty text"
        );
    }
    let long = "n".repeat(257);
    let error = world
        .state
        .suppress(target(), at(9), &long, None, at(5))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the name is too long: allowed are 256 characters"
    );
    assert_eq!(world.state.silences(at(5)).count(), 0);
}

#[test]
fn a_firing_alert_of_another_rule_inhibits_those_with_equal_labels() {
    let mut world = World::new(0, 0);
    world.inhibited_by = vec![Inhibition::by("down").equal(["pod"])];
    world.members("a+ b+ c+", 0);
    world.timing.for_duration = seconds(60);
    world.take_as("down", members("a+ b- c+"), at(0)).unwrap();
    let inhibited = |world: &World, name: &str| {
        let explanation = world.state.explain_alert(id(name), at(60)).unwrap();
        explanation.held_back
    };
    assert_eq!(inhibited(&world, "a"), []);
    world.take_as("down", members("a+ b- c+"), at(60)).unwrap();
    let source = |name: &str| {
        let labels = super::world::pod(name);
        tower_vitals::alerts::state::AlertId::of("down", &labels)
    };
    let by = |name: &str| HeldBack::Inhibited {
        rule: "down".into(),
        alert: source(name),
    };
    assert_eq!(inhibited(&world, "a"), [by("a")]);
    assert_eq!(inhibited(&world, "b"), []);
    assert_eq!(inhibited(&world, "c"), [by("c")]);
    world.state.resolve(source("c"), "ann", at(61)).unwrap();
    assert_eq!(inhibited(&world, "c"), []);
}

#[test]
fn a_rule_does_not_inhibit_its_own_alert_and_without_equal_labels_one_source_inhibits_all() {
    let mut world = World::new(0, 0);
    world.inhibited_by = vec![Inhibition::by(RULE).equal(["pod"]), Inhibition::by("down")];
    world.members("a+ b+", 0);
    let causes = |world: &World, name: &str| {
        world
            .state
            .explain_alert(id(name), at(0))
            .unwrap()
            .held_back
            .len()
    };
    assert_eq!((causes(&world, "a"), causes(&world, "b")), (0, 0));
    world.take_as("down", members("z+"), at(0)).unwrap();
    assert_eq!((causes(&world, "a"), causes(&world, "b")), (1, 1));
}
