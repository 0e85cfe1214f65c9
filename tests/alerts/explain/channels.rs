//! Causes that hold an alert back on one channel.

use metrics::{Key, Metadata, Recorder};
use serde_json::{Value, json};
use tower_vitals::alerts::channels::DeliveryError;
use tower_vitals::alerts::state::{AlertId, Matcher};
use tower_vitals::alerts::{Announcer, Level, Receiver, Rule, Signal};

use super::world::{World, chat, firing, id, rule, seconds, view};
use crate::kept::Kept;

/// The view of a queue's alert with these causes on the channel `chat`.
fn held(queue: &str, causes: Value) -> Value {
    firing(queue, json!({"channels": {"chat": causes}}))
}

#[tokio::test]
async fn level() {
    let chat = chat(&Kept::default()).min_level(Level::Error);
    let world = World::new([rule()], chat);
    world.evaluate(0, &[("mail", 20.0)]).await;
    assert_eq!(world.explain(), view(&[held("mail", json!(["level"]))]));
}

#[tokio::test]
async fn labels() {
    let chat = chat(&Kept::default()).matcher(Matcher::equal("queue", "b"));
    let world = World::new([rule()], chat);
    world.evaluate(0, &[("a", 20.0), ("b", 20.0)]).await;
    let expected = [held("a", json!(["labels"])), firing("b", json!({}))];
    assert_eq!(world.explain(), view(&expected));
}

#[tokio::test]
async fn other_channels() {
    let world = World::with([rule().channels(["mail"])], |builder| {
        let mail = Receiver::new("mail", Kept::default()).group_wait(seconds(0));
        builder.channel(chat(&Kept::default())).channel(mail)
    });
    world.evaluate(0, &[("mail", 20.0)]).await;
    let expected = [held("mail", json!(["other_channels"]))];
    assert_eq!(world.explain(), view(&expected));
}

#[tokio::test]
async fn announced_by_prometheus() {
    let kept = Kept::default();
    let rule = Rule::new("HighCpu", Signal::max("system_cpu_usage_ratio"))
        .gt(0.5)
        .level(Level::Critical)
        .announced_by(Announcer::Prometheus);
    let world = World::new([rule], chat(&kept));
    let metadata = Metadata::new("test", metrics::Level::INFO, None);
    let gauge = Key::from_name("system_cpu_usage_ratio");
    world.prometheus.register_gauge(&gauge, &metadata).set(0.75);
    world.evaluate(0, &[]).await;
    let expected = json!({
        "kind": "rule", "name": "HighCpu", "level": "critical", "comparison": ">", "threshold": 0.5, "data": "current", "stale": null,
        "alerts": [{
            "id": AlertId::of("HighCpu", &[].into()).to_string(), "name": "HighCpu", "level": "critical", "state": "firing",
            "labels": {"severity": "critical"}, "annotations": {}, "value": "0.75", "since": "+0", "active_at": "+0",
            "deadline": null, "acknowledged": null, "held_back": [], "channels": {"chat": ["announced_by_prometheus"]},
        }],
    });
    assert_eq!(world.explain_rule("HighCpu"), expected);
    world.alerts.shutdown(seconds(1)).await;
    assert_eq!(kept.sent(), [], "the engine never notifies");
}

#[tokio::test]
async fn group_wait() {
    let chat = chat(&Kept::default()).group_wait(seconds(30));
    let world = World::new([rule()], chat);
    world.evaluate(0, &[("mail", 20.0)]).await;
    let expected = [held("mail", json!([{"group_wait": {"until": "+30"}}]))];
    assert_eq!(world.explain(), view(&expected));
}

#[tokio::test]
async fn group_interval() {
    let chat = chat(&Kept::default()).group_by(["alertname"]);
    let world = World::new([rule()], chat);
    world.evaluate(0, &[("a", 20.0), ("b", 0.0)]).await;
    world.evaluate(15, &[("a", 20.0), ("b", 20.0)]).await;
    let second = json!({
        "since": "+15", "active_at": "+15", "channels": {"chat": [{"group_interval": {"until": "+300"}}]},
    });
    let expected = [firing("a", json!({})), firing("b", second)];
    assert_eq!(world.explain(), view(&expected));
}

#[tokio::test]
async fn cooldown() {
    let chat = chat(&Kept::default()).group_interval(seconds(15));
    let world = World::new([rule()], chat);
    world.evaluate(0, &[("mail", 20.0)]).await;
    world.evaluate(15, &[("mail", 0.0)]).await;
    world.evaluate(30, &[("mail", 20.0)]).await;
    let alert = json!({
        "since": "+30", "active_at": "+30", "channels": {"chat": [{"cooldown": {"until": "+300"}}]},
    });
    assert_eq!(world.explain(), view(&[firing("mail", alert)]));
}

#[tokio::test]
async fn cap() {
    let world = World::new([rule()], chat(&Kept::default()).max_per_hour(1));
    world.evaluate(0, &[("a", 20.0), ("b", 20.0)]).await;
    let expected = [
        firing("a", json!({})),
        held("b", json!([{"cap": {"until": "+3600"}}])),
    ];
    assert_eq!(world.explain(), view(&expected));
}

#[tokio::test]
async fn acknowledged() {
    let world = World::new([rule()], chat(&Kept::default()));
    world.evaluate(0, &[("mail", 20.0)]).await;
    let done = world.alerts.acknowledge(id("mail"), "ann", Some("on it"));
    done.await.unwrap();
    let alert = json!({
        "acknowledged": {"by": "ann", "note": "on it", "at": "now"},
        "channels": {"chat": ["acknowledged"]},
    });
    assert_eq!(world.explain(), view(&[firing("mail", alert)]));
}

/// Waits until a channel is stopped.
async fn until_stopped(world: &World) {
    for _ in 0..1000 {
        let channels = world.alerts.stats().channels;
        if channels.iter().any(|channel| channel.stopped.is_some()) {
            return;
        }
        tokio::time::sleep(seconds(1)).await;
    }
    panic!("{:?}", world.alerts.stats().channels);
}

#[tokio::test(start_paused = true)]
async fn stopped() {
    let kept = Kept::default();
    kept.refuse(DeliveryError::stopped("404: no such webhook"));
    let world = World::new([rule()], chat(&kept).min_level(Level::Warning));
    world.evaluate(0, &[("mail", 20.0)]).await;
    until_stopped(&world).await;
    let cause =
        json!([{"stopped": {"since": "now", "error": "404: no such webhook", "instead": null}}]);
    assert_eq!(world.explain(), view(&[held("mail", cause)]));
    kept.accept();
    world.alerts.test_channel("chat").await.unwrap();
    assert_eq!(world.explain(), view(&[firing("mail", json!({}))]));
}

#[tokio::test(start_paused = true)]
async fn stopped_with_a_fallback_for_the_alerts_that_it_takes() {
    let (kept, mail) = (Kept::default(), Kept::default());
    kept.refuse(DeliveryError::stopped("403: invalid token"));
    let world = World::with([rule()], |builder| {
        let chat = chat(&kept).matcher(Matcher::equal("queue", "b"));
        let mail = Receiver::new("mail", mail.clone()).min_level(Level::Critical);
        builder.channel(chat.fallback("mail")).channel(mail)
    });
    world.evaluate(0, &[("a", 20.0), ("b", 20.0)]).await;
    until_stopped(&world).await;
    let stopped =
        json!({"stopped": {"since": "now", "error": "403: invalid token", "instead": "mail"}});
    let expected = [
        firing(
            "a",
            json!({"channels": {"chat": ["labels"], "mail": ["level"]}}),
        ),
        firing(
            "b",
            json!({"channels": {"chat": [stopped], "mail": ["level"]}}),
        ),
    ];
    assert_eq!(world.explain(), view(&expected));
    assert_eq!(mail.sent().len(), 1);
}
