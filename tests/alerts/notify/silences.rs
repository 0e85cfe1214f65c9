//! Notices about silences.

use std::time::SystemTime;

use tower_vitals::alerts::notify::Decisions;
use tower_vitals::alerts::state::{Matcher, Recurrence, SilenceTarget};
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

/// Every day from 08:05 to 08:15. The desk's time begins at 08:00.
fn every_morning(desk: &mut Desk, time: u64) {
    let recurrence = Recurrence::new("5 8 * * *", "UTC", seconds(600)).unwrap();
    let target = SilenceTarget::Alert(id("down"));
    let done = desk
        .state
        .suppress_recurring(target, recurrence, None, "ann", None, at(time));
    done.unwrap();
}

/// The times and the kinds of the silences' events.
fn events(decisions: &Decisions) -> Vec<(SystemTime, bool)> {
    let events = decisions.events.iter().filter_map(|event| match event {
        Event::Silence(event) => Some((event.at, event.began)),
        _ => None,
    });
    events.collect()
}

#[test]
fn a_silence_that_recurs_begins_and_ends_each_time() {
    const DAY: u64 = 24 * 60 * 60;
    let mut desk = Desk::new([chat().announce_silences(true).group_wait(seconds(0))]);
    assert_eq!(desk.tick(0), [""; 0]);
    every_morning(&mut desk, 10);
    desk.fire("down", 20);
    assert_eq!(desk.tick(30), ["chat first +down"], "it is not active yet");
    for day in [0, DAY] {
        let decisions = desk.decide(at(day + 310));
        assert_eq!(events(&decisions), [(at(day + 300), true)]);
        let texts = |decisions: &Decisions| {
            let texts = decisions.queued.iter();
            let texts = texts.filter_map(|(_, notice)| notice.text.clone());
            texts.collect::<Vec<_>>()
        };
        let until = if day == 0 { "2027-01-15" } else { "2027-01-16" };
        let said = format!("alert {}, until {until}T08:15:00Z, by ann", id("down"));
        assert_eq!(texts(&decisions), [format!("Silence 1 began: {said}")]);
        assert_eq!(events(&desk.decide(at(day + 899))), []);
        let decisions = desk.decide(at(day + 915));
        assert_eq!(events(&decisions), [(at(day + 900), false)]);
        assert_eq!(texts(&decisions), [format!("Silence 1 ended: {said}")]);
    }
}

#[test]
fn an_occurrence_that_ends_while_the_service_is_down_ends_at_its_time() {
    let mut desk = Desk::new([chat().announce_silences(true)]);
    desk.tick(0);
    every_morning(&mut desk, 10);
    assert_eq!(events(&desk.decide(at(400))), [(at(300), true)]);
    let day = 24 * 60 * 60;
    // It is active again, and was not meanwhile.
    let later = events(&desk.decide(at(day + 400)));
    assert_eq!(later, [(at(900), false), (at(day + 300), true)]);
    let silence = desk.state.silences(at(day)).next().unwrap().id;
    desk.state.unsuppress(silence, at(day + 410));
    let decisions = desk.decide(at(day + 420));
    assert_eq!(events(&decisions), [], "the caller writes this event");
    assert_eq!(decisions.queued.len(), 1);
}
