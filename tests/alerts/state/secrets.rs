//! Secrets in labels and texts are not saved, and the alerts go on nevertheless.

use tower_vitals::alerts::state::{
    Alert, AlertId, CodeAlert, HeldBack, Matcher, SilenceId, SilenceTarget,
};
use tower_vitals::alerts::{Evaluated, Evaluation, Labels, Level};

use super::world::{RULE, World, at};

const NONE: [&str; 0] = [];

/// Two series that differ in a secret only, and a third one.
fn labels() -> [Labels; 3] {
    let labels = |pairs: [(&str, &str); 2]| {
        pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    };
    [
        labels([("api_token", "pl4nted-1"), ("pod", "a")]),
        labels([("api_token", "pl4nted-2"), ("pod", "a")]),
        labels([("dsn", "postgres://shop:pl4nted-3@db/shop"), ("pod", "b")]),
    ]
}

fn all() -> Evaluation {
    let members = labels().map(|labels| Evaluated {
        labels,
        value: 1.0,
        holds: true,
    });
    Evaluation::Members(members.into())
}

fn silences() -> [Matcher; 2] {
    [
        Matcher::equal("api_token", "pl4nted-2"),
        Matcher::equal("dsn", "postgres://shop:pl4nted-3@db/shop"),
    ]
}

/// The silences that hold back the alerts of the rule.
fn silenced(world: &World, seconds: u64) -> Vec<Option<String>> {
    let explained = world.state.explain(RULE, at(seconds)).unwrap();
    let by_id = labels().map(|labels| {
        let id = AlertId::of(RULE, &labels);
        let mut members = explained.members.iter();
        let member = members.find(|member| member.alert.id == id).unwrap();
        member.held_back.iter().find_map(|cause| match cause {
            HeldBack::Silenced { silence, .. } => Some(silence.clone()),
            _ => None,
        })
    });
    by_id.into()
}

#[test]
fn saved_labels_have_no_secrets_and_their_alerts_and_silences_go_on() {
    let mut world = World::new(0, 0);
    assert_eq!(world.take(all(), 0).len(), 3);
    for matcher in silences() {
        let target = SilenceTarget::Labels(vec![matcher]);
        let note = Some("token=pl4nted-note");
        let made = world
            .state
            .suppress(target, at(9_000), "ann password=pl4nted-by", note, at(1));
        made.unwrap();
    }
    let second = AlertId::of(RULE, &labels()[1]);
    let acknowledged = world.state.acknowledge(second, "bob", None, at(1));
    acknowledged.unwrap();
    let expected = [None, Some("1".to_owned()), Some("2".to_owned())];
    assert_eq!(silenced(&world, 2), expected);

    let saved = serde_json::to_string(&world.state).unwrap();
    assert!(!saved.contains("pl4nted"), "{saved}");
    world.restart();
    // Also before the first evaluation.
    assert_eq!(silenced(&world, 3), expected);
    assert_eq!(world.take(all(), 4), NONE);
    assert_eq!(silenced(&world, 5), expected);
    let known: Vec<_> = world.state.alerts().map(|alert| &alert.labels).collect();
    assert_eq!(known, labels().each_ref());
    let mut alerts = world.state.alerts();
    let alert = alerts.find(|alert| alert.id == second).unwrap();
    assert_eq!(alert.acknowledged.as_ref().unwrap().by, "bob");
    drop(alerts);
    // A silence of the other secret still does not match.
    world.state.unsuppress(SilenceId(1), at(6)).unwrap();
    assert_eq!(silenced(&world, 6), [None, None, Some("2".to_owned())]);
}

#[test]
fn a_saved_series_that_is_gone_resolves() {
    let mut world = World::new(0, 0);
    world.take(all(), 0);
    world.restart();
    let [_, _, third] = labels();
    let only = || {
        let (labels, value) = (third.clone(), 1.0);
        Evaluation::Members(vec![Evaluated {
            labels,
            value,
            holds: true,
        }])
    };
    assert_eq!(world.take(only(), 10), NONE);
    assert_eq!(
        world.take(only(), 20),
        ["a: firing > resolved, stale", "a: firing > resolved, stale"]
    );
}

#[test]
fn alerts_of_code_mask_secrets_when_they_are_made() {
    let alert = |secret: &str| {
        Alert::error(format!("Authorization: Bearer {secret} is refused"))
            .component("s3://key:pl4nted-component@bucket")
            .label("api_key", secret)
            .label("url", format!("https://me:{secret}@host"))
    };
    let (one, other) = (alert("pl4nted-one"), alert("pl4nted-other"));
    assert_eq!(one.text(), other.text());
    assert_eq!(one.text(), "Authorization: Bearer [redacted] is refused");
    // Their labels tell them apart.
    assert_ne!(one.id(), other.id());
    assert_eq!(one.id(), alert("pl4nted-one").id());

    let mut world = World::new(0, 0);
    world.state.fire(one.clone(), at(0));
    world.state.fire(other.clone(), at(0));
    let target = SilenceTarget::Labels(vec![Matcher::equal("url", "https://me:pl4nted-one@host")]);
    let made = world.state.suppress(target, at(9_000), "ann", None, at(1));
    let silence = made.unwrap();
    for _ in 0..2 {
        let held_back = [&one, &other].map(|alert: &CodeAlert| {
            let explained = world.state.explain_alert(alert.id(), at(2)).unwrap();
            let mut causes = explained.held_back.into_iter();
            causes.any(|it| matches!(it, HeldBack::Silenced { silence: by, .. } if by == silence.to_string()))
        });
        assert_eq!(held_back, [true, false]);
        let saved = serde_json::to_string(&world.state).unwrap();
        assert!(!saved.contains("pl4nted"), "{saved}");
        world.restart();
    }
    assert_eq!(world.state.fire(one.clone(), at(3)).len(), 0);
    assert_eq!(world.state.clear(one.id(), at(4)).len(), 1);
    let left: Vec<_> = world
        .state
        .firing(at(5))
        .map(|(alert, _)| alert.id)
        .collect();
    assert_eq!(left, [other.id()]);
    assert_eq!(
        other.text(),
        CodeAlert::new("a", other.text(), Level::Info).text()
    );
}
