//! Causes that hold an alert back on all channels.

use metrics::{Key, Metadata, Recorder};
use serde_json::json;
use tower_vitals::alerts::state::{AlertId, AlertState, Inhibition, Limits, SilenceTarget};
use tower_vitals::alerts::{Level, NoData, Rule, Selector, Signal};

use super::world::{RULE, World, chat, firing, id, rule, seconds, view, with};
use crate::kept::Kept;

fn world(rule: Rule) -> World {
    World::new([rule], chat(&Kept::default()))
}

#[tokio::test]
async fn nothing() {
    let world = world(rule());
    world.evaluate(0, &[("mail", 20.0)]).await;
    assert_eq!(world.explain(), view(&[firing("mail", json!({}))]));
    assert!(world.alerts.explain("unknown").is_none());
}

#[tokio::test]
async fn pending() {
    let world = world(rule().for_duration(seconds(45)));
    world.evaluate(0, &[("mail", 5.0)]).await;
    world.evaluate(15, &[("mail", 20.0)]).await;
    let alert = json!({
        "state": "pending", "since": "+15", "active_at": "+15", "deadline": "+60", "held_back": ["pending"],
    });
    assert_eq!(world.explain(), view(&[firing("mail", alert)]));
}

#[tokio::test]
async fn limit_reached() {
    let mut limits = Limits::default();
    limits.active = 1;
    let world = World::with([rule()], |builder| {
        builder.limits(limits).channel(chat(&Kept::default()))
    });
    world.evaluate(0, &[("a", 20.0), ("b", 20.0)]).await;
    let second = json!({"state": "inactive", "active_at": null, "held_back": ["limit_reached"]});
    let expected = [firing("a", json!({})), firing("b", second)];
    assert_eq!(world.explain(), view(&expected));
}

#[tokio::test]
async fn silence() {
    let world = world(rule());
    world.evaluate(0, &[("a", 20.0), ("b", 20.0)]).await;
    let until = world.at(600);
    let target = SilenceTarget::Alert(id("b"));
    let ids = world.alerts.suppress(target, until, "ann", Some("known"));
    assert_eq!(ids.await.unwrap(), ["local-1"]);
    let second = json!({"held_back": [{"silenced": {"silence": "local-1", "until": "+600"}}]});
    let expected = [firing("a", json!({})), firing("b", second)];
    assert_eq!(world.explain(), view(&expected));
}

#[tokio::test]
async fn inhibition() {
    let other = Rule::new("QueueDown", Signal::computed("lengths")).gt(30.0);
    let inhibited = rule().inhibited_by("QueueDown");
    let world = World::new([inhibited, other], chat(&Kept::default()));
    world.evaluate(0, &[("mail", 20.0), ("b", 20.0)]).await;
    let source = world.alerts.alerts();
    let source = source.iter().find(|alert| alert.name == "QueueDown");
    let cause =
        json!({"inhibited": {"rule": "QueueDown", "alert": source.unwrap().id.to_string()}});
    let held = || json!({"held_back": [cause]});
    assert_eq!(
        world.explain(),
        view(&[firing("b", held()), firing("mail", held())])
    );
}

#[tokio::test]
async fn labels_that_rules_add_count_for_inhibitions() {
    let inhibited = rule()
        .label("team", "mail")
        .inhibited_by(Inhibition::by("QueueDown").equal(["team"]));
    for (team, is_held) in [("mail", true), ("shop", false)] {
        let other = Rule::new("QueueDown", Signal::computed("lengths")).gt(30.0);
        let rules = [inhibited.clone(), other.label("team", team)];
        let world = World::new(rules, chat(&Kept::default()));
        world.evaluate(0, &[("mail", 20.0), ("b", 20.0)]).await;
        let explained = world.explain();
        let held = explained["alerts"][0]["held_back"].as_array().unwrap();
        assert_eq!(!held.is_empty(), is_held, "{team}: {held:?}");
    }
}

#[tokio::test]
async fn resolved_by_hand() {
    let world = world(rule());
    world.evaluate(0, &[("mail", 20.0)]).await;
    world.alerts.resolve(id("mail"), "ann").await.unwrap();
    let alert = json!({
        "state": "resolved", "since": "now",
        "held_back": [{"resolved_by_hand": {"by": "ann", "at": "now"}}],
    });
    assert_eq!(world.explain(), view(&[firing("mail", alert)]));
}

#[tokio::test]
async fn a_failed_evaluation_keeps_the_state() {
    let world = world(rule());
    world.evaluate(0, &[("mail", 20.0)]).await;
    world.fail(15, "no route to the queue").await;
    world.fail(30, "no route to the queue").await;
    let error = "computing \"lengths\" failed: no route to the queue";
    let stale = json!({"held_back": [{"stale": {"reason": error}}]});
    let failed = json!({"data": "failed", "stale": error});
    assert_eq!(
        world.explain(),
        with(view(&[firing("mail", stale)]), failed)
    );
    let listed = world.alerts.alerts().remove(0);
    assert_eq!(listed.state, AlertState::Firing);
    assert_eq!(
        serde_json::to_value(listed.held_back).unwrap(),
        json!([{"stale": {"reason": error}}])
    );
    world.evaluate(45, &[("mail", 20.0)]).await;
    assert_eq!(world.explain(), view(&[firing("mail", json!({}))]));
}

#[tokio::test]
async fn data_that_is_gone() {
    let world = world(rule());
    world.evaluate(0, &[("mail", 20.0)]).await;
    world.evaluate(15, &[]).await;
    let stale = json!({"held_back": [{"stale": {"reason": "no data"}}]});
    let gone = json!({"data": "gone", "stale": "no data"});
    assert_eq!(world.explain(), with(view(&[firing("mail", stale)]), gone));
    world.fail(30, "broken").await;
    world.evaluate(45, &[]).await;
    assert_eq!(world.explain()["data"], "gone");
}

#[tokio::test]
async fn a_series_that_is_missing() {
    let world = world(rule());
    world.evaluate(0, &[("a", 20.0), ("b", 20.0)]).await;
    world.evaluate(15, &[("a", 20.0)]).await;
    let reason = "missing from the last evaluation";
    let stale = json!({"held_back": [{"stale": {"reason": reason}}]});
    let expected = [firing("a", json!({})), firing("b", stale)];
    assert_eq!(world.explain(), view(&expected));
}

#[tokio::test]
async fn no_data_yet_is_no_fault() {
    let world = world(rule());
    let never = with(view(&[]), json!({"data": "not_evaluated"}));
    assert_eq!(world.explain(), never);
    for time in [0, 15, 30] {
        world.evaluate(time, &[]).await;
        let none = with(view(&[]), json!({"data": "none_yet"}));
        assert_eq!(world.explain(), none);
    }
    world.fail(45, "broken").await;
    let error = "computing \"lengths\" failed: broken";
    let failed = with(view(&[]), json!({"data": "failed", "stale": error}));
    assert_eq!(world.explain(), failed);
    world.evaluate(60, &[]).await;
    assert_eq!(world.explain()["data"], "none_yet");
}

#[tokio::test]
async fn an_alert_about_missing_data_is_not_stale() {
    let world = world(rule().no_data(NoData::Fire).summary("no lengths"));
    let alert = || {
        json!({
            "id": AlertId::of(RULE, &[].into()).to_string(),
            "labels": {"severity": "warning"}, "annotations": {"summary": "no lengths"}, "value": null,
        })
    };
    world.evaluate(0, &[]).await;
    let expected = with(view(&[firing("", alert())]), json!({"data": "none_yet"}));
    assert_eq!(world.explain(), expected);
}

/// Too few requests for a ratio. A window before the first sample is estimated, and no counter goes below zero there.
#[tokio::test]
async fn too_few_events() {
    let requests = || Selector::new("http_requests_total");
    let failed = requests().starts_with("status", "5");
    let signal = Signal::ratio(failed, requests(), seconds(300));
    let rule = Rule::new("Errors", signal).gt(0.5).level(Level::Critical);
    let world = World::new([rule], chat(&Kept::default()));
    let metadata = Metadata::new("test", metrics::Level::INFO, None);
    let count = |status: &'static str| {
        let labels = [("method", "GET"), ("endpoint", "/"), ("status", status)];
        let key = Key::from_parts("http_requests_total", &labels);
        world.prometheus.register_counter(&key, &metadata)
    };
    let (good, bad) = (count("200"), count("500"));
    good.increment(1);
    bad.increment(1);
    world.evaluate(0, &[]).await;
    good.increment(1);
    bad.increment(3);
    world.evaluate(15, &[]).await;
    let view = world.explain_rule("Errors");
    let id = AlertId::of("Errors", &[].into());
    let expected = json!({
        "kind": "rule", "name": "Errors", "level": "critical", "comparison": ">", "threshold": 0.5, "data": "current", "stale": null,
        "alerts": [{
            "id": id.to_string(), "name": "Errors", "level": "critical", "state": "inactive", "labels": {"severity": "critical"},
            "annotations": {}, "value": "0.7272727272727273", "since": "+15", "active_at": null, "deadline": null, "acknowledged": null,
            "held_back": [{"too_few_events": {"minimum": 10}}], "channels": {},
        }],
    });
    assert_eq!(view, expected);
}
