//! Silences that recur.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tower_vitals::ErrorKind;
use tower_vitals::alerts::Level;
use tower_vitals::alerts::state::{
    CodeAlert, HeldBack, Recurrence, Silence, SilenceId, SilenceTarget, State,
};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

fn at(text: &str) -> SystemTime {
    text.parse::<Timestamp>().unwrap().into()
}

fn shown(time: SystemTime) -> String {
    Timestamp::try_from(time).unwrap().to_string()
}

/// Maintenance, every Sunday from 02:00 to 04:00 in Berlin.
fn sundays() -> Recurrence {
    Recurrence::new("0 2 * * SUN", "Europe/Berlin", 2 * HOUR).unwrap()
}

fn alert() -> CodeAlert {
    CodeAlert::new("db", "down", Level::Critical)
}

/// An alert that fires, and its silence.
fn silenced(until: Option<SystemTime>) -> State {
    let now = at("2026-11-25T12:00:00Z");
    let mut state = State::default();
    state.fire(alert(), now);
    let target = SilenceTarget::Alert(alert().id());
    let made = state.suppress_recurring(target, sundays(), until, "ann", Some("patches"), now);
    assert_eq!(made.unwrap().0, 1);
    state
}

/// The end that holds the alert back.
fn held_until(state: &State, time: &str) -> Option<String> {
    let held = state
        .explain_alert(alert().id(), at(time))
        .unwrap()
        .held_back;
    let is_muted = state.firing(at(time)).next().unwrap().1;
    assert_eq!(is_muted, !held.is_empty());
    held.into_iter().find_map(|cause| match cause {
        HeldBack::Silenced { until, .. } => Some(shown(until)),
        _ => None,
    })
}

#[test]
fn it_holds_back_in_its_times_alone() {
    let state = silenced(None);
    let (first, second) = ("2026-11-29T03:00:00Z", "2026-12-06T03:00:00Z");
    for (time, expected) in [
        ("2026-11-25T12:00:01Z", None),
        ("2026-11-29T00:59:59.999Z", None),
        ("2026-11-29T01:00:00Z", Some(first)),
        ("2026-11-29T02:59:59.999Z", Some(first)),
        ("2026-11-29T03:00:00Z", None),
        ("2026-12-06T01:30:00Z", Some(second)),
        // The clock is set back.
        ("2026-11-29T01:00:00Z", Some(first)),
    ] {
        assert_eq!(held_until(&state, time).as_deref(), expected, "{time}");
    }
    let silence = state.silences(at("2099-01-01T00:00:00Z")).next().unwrap();
    let next = silence.occurrence(at("2026-11-26T00:00:00Z")).unwrap();
    assert_eq!(
        (shown(next.0).as_str(), shown(next.1).as_str()),
        ("2026-11-29T01:00:00Z", first)
    );
    assert_eq!(silence.active(at("2026-11-26T00:00:00Z")), None);
}

#[test]
fn its_last_time_ends_with_it() {
    let end = "2026-12-06T02:00:00Z";
    let mut state = silenced(Some(at(end)));
    assert_eq!(
        held_until(&state, "2026-12-06T01:30:00Z").as_deref(),
        Some(end)
    );
    assert_eq!(held_until(&state, end), None);
    let silence = state.silences(at("2026-12-06T01:59:59Z")).next().unwrap();
    assert_eq!(silence.occurrence(at(end)), None);
    // It has ended by itself, so nobody can end it.
    assert_eq!(state.unsuppress(SilenceId(1), at(end)), None);
    state.tick(at(end));
    assert_eq!(state.silences(at("2026-01-01T00:00:00Z")).count(), 0);
    // No time of it is before this end.
    let now = at("2026-11-25T12:00:00Z");
    let target = SilenceTarget::Alert(alert().id());
    let until = Some(at("2026-11-28T00:00:00Z"));
    let error = state
        .suppress_recurring(target, sundays(), until, "ann", None, now)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert_eq!(
        error.to_string(),
        "the silence ends before it begins: a later end is needed"
    );
    assert_eq!(state.silences(now).count(), 0);
}

#[test]
fn all_mistakes_are_in_one_error() {
    let error = Recurrence::new("0 25 * * SUN", "Europe/Berlim", Duration::ZERO).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert_eq!(
        error.to_string(),
        "3 mistakes: the duration of a silence is 0ns: 1 minute to 31 days are allowed; cron \"0 25 * * SUN\" is invalid: \
         the hour is \"25\": 0-23 is allowed, as a number, list (1,2), range (1-5), step (*/2, 1-5/2) or *; time zone \
         \"Europe/Berlim\" is not in this system's database: a name such as \"Europe/Berlin\" or \"UTC\" is allowed"
    );
    for (cron, duration, expected) in [
        (
            "0 0 30 2 *",
            HOUR,
            "cron \"0 0 30 2 *\" never matches: a day that exists in its months is required",
        ),
        (
            "0 2 * * *",
            24 * HOUR,
            "the duration of a silence is 86400s, and 86400s after one begin it begins again: a shorter duration is needed, so that it ends",
        ),
        (
            "*/5 * * * *",
            6 * MINUTE,
            "the duration of a silence is 360s, and 300s after one begin",
        ),
        (
            "0 0 1 1 *",
            32 * 24 * HOUR,
            "the duration of a silence is 2764800s: 1 minute to 31 days are allowed",
        ),
        (
            "0 0 1 * *",
            29 * 24 * HOUR,
            "the duration of a silence is 2505600s, and 2419200s after one begin",
        ),
    ] {
        let error = Recurrence::new(cron, "UTC", duration)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(expected), "{cron}: {error}");
    }
    assert!(Recurrence::new("0 2 * * *", "UTC", Duration::from_secs(86_340)).is_ok());
}

#[test]
fn a_saved_silence_recurs_after_a_restart_and_older_documents_load() {
    let state = silenced(None);
    let text = serde_json::to_string(&state).unwrap();
    let restored: State = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&restored).unwrap(), text);
    assert_eq!(held_until(&restored, "2026-11-29T00:30:00Z"), None);
    let until = held_until(&restored, "2026-11-29T01:30:00Z");
    assert_eq!(until.as_deref(), Some("2026-11-29T03:00:00Z"));

    let mut document: Json = serde_json::from_str(&text).unwrap();
    let silence = &mut document["silences"][0];
    let form = json!({"cron": "0 2 * * SUN", "time_zone": "Europe/Berlin", "duration": 7200.0});
    assert_eq!(silence["recurrence"], form);
    // This system's database may lack the zone: alerts are told then, and the rest of the document is read.
    silence["recurrence"]["time_zone"] = "Mars/Olympus".into();
    let unknown: State = serde_json::from_value(document.clone()).unwrap();
    assert_eq!(held_until(&unknown, "2026-11-29T01:30:00Z"), None);
    assert_eq!(serde_json::to_value(&unknown).unwrap(), document);

    let old = document["silences"][0].as_object_mut().unwrap();
    old.remove("recurrence");
    let old: Silence = serde_json::from_value(document["silences"][0].take()).unwrap();
    assert_eq!(old.recurrence, None);
    assert!(old.active(at("2026-11-27T00:00:00Z")).is_some());
}

/// The minutes around a day on which the clocks change.
struct Span {
    zone: TimeZone,
    first: Date,
}

impl Span {
    const DAYS: i64 = 5;

    fn new(zone: &str, change: Date) -> Self {
        let zone = TimeZone::get(zone).unwrap();
        let first = change.checked_sub(2.days()).unwrap();
        Self { zone, first }
    }

    fn begin(&self) -> Timestamp {
        self.first.to_zoned(self.zone.clone()).unwrap().timestamp()
    }

    fn minutes(&self) -> impl Iterator<Item = Timestamp> {
        let begin = self.begin();
        (0..Self::DAYS * 24 * 60).map(move |minute| begin + minute.minutes())
    }

    /// The minutes at which the silence is active, found without a cron library: on each day that is named, it begins at the first
    /// minute whose local time is not before the time of day.
    fn active(
        &self,
        times: &[(i8, i8)],
        weekdays: &BTreeSet<i8>,
        duration: i64,
    ) -> BTreeSet<Timestamp> {
        let mut active = BTreeSet::new();
        for (hour, minute) in times {
            let mut begun = BTreeSet::new();
            for time in self.minutes() {
                let local = time.to_zoned(self.zone.clone());
                let weekday = local.weekday().to_sunday_zero_offset();
                let is_there = (local.hour(), local.minute()) >= (*hour, *minute);
                if weekdays.contains(&weekday) && is_there && begun.insert(local.date()) {
                    active.extend((0..duration).map(|passed| time + passed.minutes()));
                }
            }
        }
        active
    }
}

fn changes() -> impl Strategy<Value = (&'static str, Date)> {
    let date = jiff::civil::date;
    prop::sample::select(vec![
        ("Europe/Berlin", date(2026, 3, 29)),
        ("Europe/Berlin", date(2026, 10, 25)),
        ("America/New_York", date(2026, 3, 8)),
        ("America/New_York", date(2026, 11, 1)),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// At each minute around a change of the clocks, the silence is active if a search minute by minute says so, and it knows when
    /// that ends, or begins again.
    #[test]
    fn it_is_active_when_an_oracle_says_so(
        (zone, change) in changes(),
        minute in 0_i8..60,
        // Most of them near the change.
        hours in prop::collection::btree_set(prop_oneof![3 => 0_i8..5, 1 => 0_i8..24], 1..3),
        weekdays in prop::collection::btree_set(0_i8..7, 1..7),
        duration in prop_oneof![1_i64..240, 240_i64..1300],
    ) {
        let list = |numbers: &BTreeSet<i8>| {
            let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
            numbers.join(",")
        };
        let cron = format!("{minute} {} * * {}", list(&hours), list(&weekdays));
        let length = MINUTE * u32::try_from(duration).unwrap();
        let Ok(recurrence) = Recurrence::new(&*cron, zone, length) else {
            return Err(TestCaseError::reject("it overlaps"));
        };
        let times: Vec<_> = hours.iter().map(|hour| (*hour, minute)).collect();
        let span = Span::new(zone, change);
        let active = span.active(&times, &weekdays, duration);
        // Before the second day, a time of the day before the first may still last.
        let idle: BTreeSet<_> = span.minutes().filter(|time| !active.contains(time)).collect();
        let last = span.minutes().last().unwrap();
        for time in span.minutes().skip(24 * 60) {
            let now = SystemTime::from(time);
            let Some((begin, end)) = recurrence.occurrence(now) else {
                return Err(TestCaseError::fail(format!("{cron} ends at {time}")));
            };
            let is_active = begin <= now;
            prop_assert_eq!(is_active, active.contains(&time), "{} in {} at {}", cron, zone, time);
            if is_active {
                if let Some(over) = idle.range(time..).next() {
                    prop_assert_eq!(end, (*over).into(), "{} in {} at {}", cron, zone, time);
                }
            } else if let Some(next) = active.range(time..=last).next() {
                prop_assert_eq!(begin, (*next).into(), "{} in {} at {}", cron, zone, time);
            }
        }
    }
}
