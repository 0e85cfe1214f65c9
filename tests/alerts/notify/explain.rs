//! Explanations: one test for each cause.

use tower_vitals::alerts::Level;
use tower_vitals::alerts::notify::Cause;
use tower_vitals::alerts::state::Matcher;

use super::desk::{Desk, at, channel, chat, id, seconds};

fn causes(desk: &Desk, name: &str, time: u64) -> Vec<(String, Vec<Cause>)> {
    let held = desk.notifier.held_back(id(name), at(time));
    held.into_iter()
        .map(|held| (held.channel, held.causes))
        .collect()
}

fn only(cause: Cause) -> Vec<(String, Vec<Cause>)> {
    vec![("chat".to_owned(), vec![cause])]
}

#[test]
fn the_group_waits() {
    let mut desk = Desk::new([chat()]);
    desk.fire("down", 0);
    assert_eq!(causes(&desk, "down", 0), [], "before the first tick");
    desk.tick(0);
    assert_eq!(
        causes(&desk, "down", 0),
        only(Cause::GroupWait { until: at(30) })
    );
    desk.tick(30);
    assert_eq!(causes(&desk, "down", 30), []);
}

#[test]
fn the_group_was_just_judged() {
    let mut desk = Desk::new([chat()]);
    desk.fire("down/a", 0);
    desk.ticks(0, 45, 15);
    desk.fire("down/b", 45);
    desk.tick(45);
    let until = at(330);
    assert_eq!(
        causes(&desk, "down/b", 45),
        only(Cause::GroupInterval { until })
    );
}

#[test]
fn the_policy_excludes_it() {
    let mut desk = Desk::new([
        chat().min_level(Level::Critical),
        channel("pods").matcher(Matcher::equal("pod", "b")),
    ]);
    desk.fire("down/a", 0);
    desk.tick(0);
    let expected = [
        ("chat".to_owned(), vec![Cause::Level]),
        ("pods".to_owned(), vec![Cause::Labels]),
    ];
    assert_eq!(causes(&desk, "down/a", 0), expected);
}

#[test]
fn its_rule_names_other_channels() {
    let mut desk = Desk::new([chat(), channel("mail")]);
    desk.describe = |_| {
        let mut description = tower_vitals::alerts::notify::Description::default();
        description.channels.push("mail".into());
        description
    };
    desk.fire("down", 0);
    desk.ticks(0, 45, 15);
    assert_eq!(causes(&desk, "down", 45), only(Cause::OtherChannels));
}

#[test]
fn a_cooldown() {
    let policy = chat().group_wait(seconds(0)).cooldown(seconds(600));
    let mut desk = Desk::new([policy]);
    desk.fire("down", 0);
    desk.tick(0);
    desk.clear("down", 10);
    desk.tick(300);
    desk.fire("down", 301);
    desk.tick(301);
    assert_eq!(
        causes(&desk, "down", 301),
        only(Cause::Cooldown { until: at(600) })
    );
}

#[test]
fn the_cap() {
    let policy = chat()
        .group_wait(seconds(0))
        .group_by(["pod"])
        .max_per_hour(1);
    let mut desk = Desk::new([policy]);
    desk.fire("down/a", 0);
    desk.tick(0);
    desk.fire("down/b", 10);
    desk.tick(10);
    assert_eq!(
        causes(&desk, "down/b", 10),
        only(Cause::Cap { until: at(3_600) })
    );
    assert_eq!(causes(&desk, "down/a", 10), []);
}

#[test]
fn an_acknowledgement() {
    let mut desk = Desk::new([chat()]);
    desk.fire("down", 0);
    desk.ticks(0, 45, 15);
    desk.acknowledge("down", 45);
    desk.tick(45);
    assert_eq!(causes(&desk, "down", 45), only(Cause::Acknowledged));
    desk.clear("down", 50);
    desk.tick(60);
    assert_eq!(causes(&desk, "down", 60), []);
}

#[test]
fn causes_are_json() {
    let causes = [
        Cause::Level,
        Cause::GroupWait { until: at(30) },
        Cause::Acknowledged,
    ];
    let json = serde_json::to_string(&causes).unwrap();
    let expected = r#"["level",{"group_wait":{"until":"2027-01-15T08:00:30Z"}},"acknowledged"]"#;
    assert_eq!(json, expected);
    assert_eq!(serde_json::from_str::<Vec<Cause>>(&json).unwrap(), causes);
}
