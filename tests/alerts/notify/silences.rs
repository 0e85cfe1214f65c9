//! Notices about silences.

use tower_vitals::alerts::state::{Matcher, SilenceTarget};
use tower_vitals::alerts::stores::Event;

use super::desk::{Desk, at, channel, chat, id, seconds};

fn silence(desk: &mut Desk, until: u64, time: u64) {
    let matchers = vec![
        Matcher::equal("pod", "a"),
        Matcher::not_equal("zone", "b\""),
    ];
    let target = SilenceTarget::Labels(matchers);
    let note = Some("deploy with password=hunter2hunter2");
    let done = desk
        .state
        .suppress(target, at(until), "ann", note, at(time));
    done.unwrap();
}

#[test]
fn begin_and_end_are_told_where_the_policy_wants_it() {
    let mut desk = Desk::new([chat().announce_silences(true), channel("mail")]);
    assert_eq!(desk.tick(0), [""; 0]);
    silence(&mut desk, 100, 10);
    let text = "pod=\"a\", zone!=\"b\\\"\", until 2027-01-15T08:01:40Z, by ann: deploy with password=[redacted]";
    assert_eq!(
        desk.tick(15),
        [format!("chat silence_began (Silence 1 began: {text})")]
    );
    assert_eq!(desk.tick(99), [""; 0]);
    let decisions = desk.decide(at(115));
    let notice = &decisions.queued[0].1;
    assert_eq!(notice.text, Some(format!("Silence 1 ended: {text}")));
    assert_eq!(notice.title(), format!("Silence 1 ended: {text}"));
    let [Event::Silence(event)] = &*decisions.events else {
        panic!("{:?}", decisions.events);
    };
    assert_eq!((event.at, event.began), (at(100), false));
    assert_eq!(event.ended_by, None);
}

#[test]
fn a_person_ends_a_silence() {
    let mut desk = Desk::new([chat().announce_silences(true)]);
    desk.tick(0);
    let target = SilenceTarget::Alert(id("down"));
    let silence = desk.state.suppress(target, at(100), "ann", None, at(0));
    let began = format!(
        "chat silence_began (Silence 1 began: alert {}, until 2027-01-15T08:01:40Z, by ann)",
        id("down")
    );
    assert_eq!(desk.tick(10), [began]);
    desk.state.unsuppress(silence.unwrap(), at(20));
    let told = desk.tick(30);
    assert_eq!(told.len(), 1, "the caller writes this event: {told:?}");
    assert!(told[0].starts_with("chat silence_ended (Silence 1 ended: alert"));
}

#[test]
fn silences_from_before_the_first_tick_are_no_news() {
    let mut desk = Desk::new([chat().announce_silences(true)]);
    silence(&mut desk, 1_000, 0);
    assert_eq!(desk.tick(10), [""; 0]);
}

#[test]
fn over_the_cap_they_are_only_counted() {
    let policy = chat()
        .announce_silences(true)
        .max_per_hour(1)
        .group_wait(seconds(0));
    let mut desk = Desk::new([policy]);
    desk.fire("down", 0);
    assert_eq!(desk.tick(0), ["chat first +down"]);
    silence(&mut desk, 10_000, 10);
    assert_eq!(desk.tick(15), ["held chat silence_began"]);
    desk.clear("down", 20);
    let told = desk.ticks(30, 3_700, 30);
    let summary = "3600: chat summary -down (2 notifications were held back by the cooldown or the hourly cap.)";
    let expected = ["300: held chat all_resolved down", summary];
    assert_eq!(told, expected);
}
