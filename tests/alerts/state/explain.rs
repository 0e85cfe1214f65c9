//! Explanations.

use tower_vitals::alerts::state::{AlertState, HeldBack, SilenceTarget};

use super::world::{RULE, World, at, id, pod};

#[test]
fn a_rule_that_was_never_evaluated_and_an_unknown_alert_have_no_explanation() {
    let world = World::default();
    assert!(world.state.explain(RULE, at(0)).is_none());
    assert!(world.state.explain_alert(id("a"), at(0)).is_none());
}

#[test]
fn each_member_has_value_state_begin_deadline_and_causes() {
    let mut world = World::new(100, 50);
    world.members("a+ b+ c- d+", 0);
    world.members("a+ b+ c+ d+", 100);
    world.members("a- b+ c+", 110);
    let target = SilenceTarget::Alert(id("b"));
    let silence = world
        .state
        .suppress(target, at(500), "ann", None, at(110))
        .unwrap();
    let explanation = world.state.explain(RULE, at(120)).unwrap();
    assert_eq!((&*explanation.rule, explanation.stale), (RULE, None));
    assert_eq!(explanation.timing, world.timing);
    let members: Vec<_> = explanation
        .members
        .into_iter()
        .map(|member| {
            let alert = member.alert;
            (
                alert.labels,
                alert.value,
                alert.state,
                alert.since,
                member.deadline,
                member.held_back,
            )
        })
        .collect();
    let until = at(500);
    let missing = HeldBack::Stale {
        reason: "missing from the last evaluation".into(),
    };
    assert_eq!(
        members,
        [
            (
                pod("a"),
                Some(0.0),
                AlertState::Firing,
                at(100),
                Some(at(160)),
                vec![]
            ),
            (
                pod("b"),
                Some(1.0),
                AlertState::Firing,
                at(100),
                None,
                vec![HeldBack::Silenced {
                    silence: silence.to_string(),
                    until
                }]
            ),
            (
                pod("c"),
                Some(1.0),
                AlertState::Pending,
                at(100),
                Some(at(200)),
                vec![HeldBack::Pending]
            ),
            (
                pod("d"),
                Some(1.0),
                AlertState::Firing,
                at(100),
                None,
                vec![missing]
            ),
        ]
    );
}

#[test]
fn errors_missing_data_and_people_hold_back() {
    let mut world = World::new(0, 0);
    world.members("a+", 0);
    world.state.resolve(id("a"), "ann", at(1)).unwrap();
    let by_hand = || HeldBack::ResolvedByHand {
        by: "ann".into(),
        at: at(1),
    };
    let causes = |world: &World| {
        world
            .state
            .explain_alert(id("a"), at(100))
            .unwrap()
            .held_back
    };
    assert_eq!(causes(&world), [by_hand()]);
    world.failed(60);
    let failed = HeldBack::Stale {
        reason: "no snapshot: broken".into(),
    };
    assert_eq!(causes(&world), [by_hand(), failed]);
    world.no_data(70);
    assert_eq!(
        causes(&world),
        [
            by_hand(),
            HeldBack::Stale {
                reason: "no data".into()
            }
        ]
    );
    world.members("a-", 80);
    assert_eq!(causes(&world), []);
}

#[test]
fn an_explanation_is_json() {
    let mut world = World::new(60, 0);
    world.members("a+", 0);
    let json = serde_json::to_value(world.state.explain(RULE, at(1)).unwrap()).unwrap();
    assert_eq!(
        json["members"][0]["alert"],
        serde_json::json!({
            "id": id("a").to_string(), "name": "too_slow", "labels": {"pod": "a"}, "level": "error", "text": null,
            "state": "pending", "since": "2027-01-15T08:00:00Z", "active_at": "2027-01-15T08:00:00Z", "fired_at": null, "value": "1", "true_value": "1",
            "holds": true, "acknowledged": null, "resolved_by_hand": null
        })
    );
    assert_eq!(json["members"][0]["deadline"], "2027-01-15T08:01:00Z");
    assert_eq!(
        json["members"][0]["held_back"],
        serde_json::json!(["pending"])
    );
}
