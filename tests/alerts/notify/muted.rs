//! Pending, silenced and inhibited alerts are not told as firing.

use tower_vitals::alerts::state::{AlertId, Inhibition, RuleHead, SilenceTarget, State, Timing};
use tower_vitals::alerts::{Evaluated, Evaluation, Labels, Level};

use super::desk::{Desk, at, chat, id, seconds};

fn evaluate(state: &mut State, name: &str, inhibited_by: &[Inhibition], pods: &str, time: u64) {
    let timing = Timing {
        for_duration: seconds(if name == "late" { 60 } else { 0 }),
        ..Timing::default()
    };
    let head = RuleHead {
        name,
        level: Level::Error,
        timing,
        inhibited_by,
    };
    let member = |pod: &str| Evaluated {
        labels: pod_of(pod.trim_end_matches('-')),
        value: 1.0,
        holds: !pod.ends_with('-'),
    };
    let members = Evaluation::Members(pods.split_whitespace().map(member).collect());
    state.evaluate(&head, members, at(time)).unwrap();
}

fn pod_of(pod: &str) -> Labels {
    [("pod".to_owned(), pod.to_owned())].into()
}

#[test]
fn pending() {
    let mut desk = Desk::new([chat()]);
    for time in (0..120).step_by(15) {
        evaluate(&mut desk.state, "late", &[], "a", time);
        let told = desk.tick(time);
        let is_due = time == 90;
        assert_eq!(told.is_empty(), !is_due, "{time}: {told:?}");
    }
}

#[test]
fn silenced_until_the_end_of_the_silence() {
    let mut desk = Desk::new([chat()]);
    let target = SilenceTarget::Alert(id("down"));
    desk.state
        .suppress(target, at(100), "ann", None, at(0))
        .unwrap();
    desk.fire("down", 0);
    let told = desk.ticks(0, 400, 15);
    let expected = ["105: silence 1 began false", "330: chat first +down"];
    assert_eq!(told, expected, "at the next judgement");
}

#[test]
fn a_silenced_alert_is_not_repeated() {
    let mut desk = Desk::new([chat().repeat_interval(seconds(600))]);
    desk.fire("down", 0);
    assert_eq!(desk.ticks(0, 45, 15), ["30: chat first +down"]);
    let target = SilenceTarget::Alert(id("down"));
    desk.state
        .suppress(target, at(2_000), "ann", None, at(45))
        .unwrap();
    let expected = ["2010: silence 1 began false", "2130: chat repeat +down"];
    assert_eq!(desk.ticks(45, 2_300, 15), expected);
}

#[test]
fn inhibited_by_an_alert_with_equal_labels() {
    let inhibited = [Inhibition::by("host").equal(["pod"])];
    let mut desk = Desk::new([chat()]);
    evaluate(&mut desk.state, "host", &[], "a", 0);
    evaluate(&mut desk.state, "service", &inhibited, "a b", 0);
    let told = desk.ticks(0, 45, 15);
    assert_eq!(
        told,
        ["30: chat first +host/a", "30: chat first +service/b"]
    );
    evaluate(&mut desk.state, "host", &[], "a-", 45);
    evaluate(&mut desk.state, "service", &inhibited, "a b", 45);
    let told = desk.ticks(45, 400, 15);
    let expected = [
        "330: chat new_alerts +service/a +service/b",
        "330: chat all_resolved -host/a",
    ];
    assert_eq!(told, expected);
}

#[test]
fn an_announced_alert_that_is_inhibited_is_told_when_it_resolves() {
    let inhibited = [Inhibition::by("host")];
    let mut desk = Desk::new([chat()]);
    evaluate(&mut desk.state, "service", &inhibited, "a b", 0);
    let first = ["30: chat first +service/a +service/b"];
    assert_eq!(desk.ticks(0, 45, 15), first);
    evaluate(&mut desk.state, "host", &[], "x", 45);
    evaluate(&mut desk.state, "service", &inhibited, "a- b", 45);
    let told = desk.ticks(45, 400, 15);
    let expected = [
        "75: chat first +host/x",
        "330: chat some_resolved -service/a",
    ];
    assert_eq!(told, expected, "service/b still fires");
}

#[test]
fn the_state_says_the_same_of_all_alerts_as_of_each() {
    let inhibited = [Inhibition::by("host").equal(["pod"])];
    let mut state = State::default();
    evaluate(&mut state, "host", &[], "a b-", 0);
    evaluate(&mut state, "service", &inhibited, "a b c d", 0);
    evaluate(&mut state, "late", &[], "a", 0);
    let silenced = AlertId::of("service", &pod_of("c"));
    let target = SilenceTarget::Alert(silenced);
    state.suppress(target, at(10), "ann", None, at(0)).unwrap();
    let firing = |time| {
        let firing = state.firing(at(time));
        let named = firing.map(|(alert, is_muted)| {
            let held = state.explain_alert(alert.id, at(time)).unwrap().held_back;
            assert_eq!(is_muted, !held.is_empty());
            format!("{}/{} {is_muted}", alert.name, alert.labels["pod"])
        });
        named.collect::<Vec<_>>()
    };
    let expected = [
        "host/a false",
        "service/a true",
        "service/b false",
        "service/c true",
        "service/d false",
    ];
    assert_eq!(firing(9), expected);
    assert_eq!(firing(10)[3], "service/c false");
}
