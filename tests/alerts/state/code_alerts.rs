//! Alerts that code fires.

use tower_vitals::alerts::Level;
use tower_vitals::alerts::state::{AlertState, CodeAlert, HeldBack, Matcher, SilenceTarget};

use super::world::{World, at, seconds, short};

const NONE: [&str; 0] = [];

fn failed(text: &str, level: Level) -> CodeAlert {
    CodeAlert::new("billing", text, level).name("invoices_failed")
}

#[test]
fn an_alert_from_code_fires_at_once_and_again_is_the_same_alert() {
    let mut world = World::default();
    let told = world.state.fire(failed("3 failed", Level::Error), at(0));
    assert_eq!(short(&told), [": inactive > firing, fired_by_code"]);
    assert_eq!(told[0].text.as_deref(), Some("3 failed"));
    assert_eq!(
        (&*told[0].name, told[0].level),
        ("invoices_failed", Level::Error)
    );
    assert_eq!(told[0].labels["component"], "billing");
    assert_eq!(told[0].alert, failed("", Level::Info).id());
    assert!(
        world
            .state
            .fire(failed("5 failed", Level::Critical), at(10))
            .is_empty()
    );
    let alerts: Vec<_> = world.state.alerts().collect();
    assert_eq!(alerts.len(), 1);
    assert_eq!(
        (alerts[0].text.as_deref(), alerts[0].level),
        (Some("5 failed"), Level::Critical)
    );
    assert_eq!(alerts[0].since, at(0));
}

#[test]
fn component_name_and_labels_are_the_identity() {
    let mut world = World::default();
    let alerts = [
        CodeAlert::new("billing", "failed", Level::Error),
        CodeAlert::new("mail", "failed", Level::Error),
        CodeAlert::new("billing", "other", Level::Error),
        CodeAlert::new("billing", "failed", Level::Error).label("shop", "eu"),
    ];
    for alert in &alerts {
        assert_eq!(world.state.fire(alert.clone(), at(0)).len(), 1);
    }
    let disguised = CodeAlert::new("billing", "failed", Level::Info)
        .label("component", "mail")
        .label("source", "x");
    assert!(world.state.fire(disguised, at(0)).is_empty());
    assert_eq!(world.state.alerts().count(), 4);
}

#[test]
fn it_resolves_when_it_was_not_fired_again_for_its_time() {
    let mut world = World::default();
    let alert = || failed("failed", Level::Error).auto_resolve(seconds(300));
    world.state.fire(alert(), at(0));
    world.state.fire(alert(), at(100));
    assert_eq!(world.tick(399), NONE);
    let explanation = world.state.explain_alert(alert().id(), at(399)).unwrap();
    assert_eq!(explanation.deadline, Some(at(400)));
    assert_eq!(world.tick(400), [": firing > resolved, auto_resolved"]);
    assert_eq!(world.state.alerts().count(), 0);
    assert_eq!(
        short(&world.state.fire(alert(), at(500))),
        [": inactive > firing, fired_by_code"]
    );
    assert_eq!(
        short(&world.state.fire(alert(), at(800))),
        [
            ": firing > resolved, auto_resolved",
            ": resolved > firing, fired_by_code"
        ]
    );
}

#[test]
fn code_clears_its_alert() {
    let mut world = World::default();
    let alert = failed("failed", Level::Error);
    world.state.fire(alert.clone(), at(0));
    let told = world.state.clear(alert.id(), at(9));
    assert_eq!(short(&told), [": firing > resolved, cleared_by_code"]);
    assert!(world.state.clear(alert.id(), at(10)).is_empty());
    assert_eq!(world.state.alerts().count(), 0);
}

#[test]
fn resolved_by_hand_it_stays_so_until_it_was_not_fired_for_its_time() {
    let mut world = World::default();
    let alert = || failed("failed", Level::Error).auto_resolve(seconds(60));
    world.state.fire(alert(), at(0));
    world.state.resolve(alert().id(), "ann", at(10)).unwrap();
    assert!(world.state.fire(alert(), at(20)).is_empty());
    assert!(world.state.fire(alert(), at(79)).is_empty());
    assert_eq!(
        world.state.alerts().next().unwrap().state,
        AlertState::Resolved
    );
    assert_eq!(
        short(&world.state.fire(alert(), at(139))),
        [": resolved > firing, fired_by_code"]
    );
}

#[test]
fn resolved_by_hand_without_a_time_it_may_fire_anew() {
    let mut world = World::default();
    let alert = || failed("failed", Level::Error);
    world.state.fire(alert(), at(0));
    let told = world.state.resolve(alert().id(), "ann", at(10)).unwrap();
    assert_eq!(short(&told), [": firing > resolved, resolved_by_hand"]);
    assert_eq!(world.state.alerts().count(), 0);
    assert_eq!(world.state.fire(alert(), at(20)).len(), 1);
}

#[test]
fn it_can_be_acknowledged_and_silenced() {
    let mut world = World::default();
    let alert = failed("failed", Level::Error);
    world.state.fire(alert.clone(), at(0));
    let told = world
        .state
        .acknowledge(alert.id(), "ann", None, at(1))
        .unwrap();
    assert_eq!(short(&told), [": firing > firing, acknowledged"]);
    let target = SilenceTarget::Labels(vec![Matcher::equal("component", "billing")]);
    let silence = world
        .state
        .suppress(target, at(60), "ann", None, at(2))
        .unwrap();
    let explanation = world.state.explain_alert(alert.id(), at(3)).unwrap();
    let until = at(60);
    assert_eq!(
        explanation.held_back,
        [HeldBack::Silenced {
            silence: silence.to_string(),
            until
        }]
    );
}
