//! Kills the service, and compares what it printed with what its store holds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use tower_vitals::alerts::state::{AlertState, Reason, Transition};
use tower_vitals::alerts::stores::{AlertStore, DeliveryResult, Event, HistoryQuery};

use super::child::{self, nanos};
use super::killed::{End, Killed};
use super::random::Random;
use super::vendors::{self, Incidents, Vendors};

const KILLS: usize = 30;
/// The first kills hit while the tables are created.
const NEW: usize = 3;
/// Each second one of the last kills hits a service that starts.
const STARTING: std::ops::Range<usize> = 12..KILLS;

/// The words of the lines that begin with this one.
fn words<'a>(lines: &'a [String], first: &str) -> Vec<Vec<&'a str>> {
    let words = lines.iter().map(|line| line.split(' ').collect::<Vec<_>>());
    words
        .filter(|words| words[0] == first)
        .map(|words| words[1..].to_vec())
        .collect()
}

/// The history of a ledger, the oldest first.
async fn history(store: &dyn AlertStore, ledger: &str) -> Vec<Event> {
    let mut query = HistoryQuery::latest(10_000);
    query.ledger = Some(ledger.to_owned());
    let mut events = Vec::new();
    loop {
        let page = store.history(&query).await.unwrap();
        events.extend(page.events);
        query.before = page.next;
        if query.before.is_none() {
            events.reverse();
            return events;
        }
    }
}

fn key(transition: &Transition) -> String {
    format!(
        "{} {} {} {}",
        transition.alert,
        transition.from,
        transition.to,
        nanos(transition.at)
    )
}

/// The alerts that are active with the notes of their acknowledgements, and the notes of the silences, as the history tells them.
#[derive(Debug, Default, PartialEq)]
struct Told {
    active: BTreeMap<String, String>,
    silences: BTreeSet<String>,
}

impl Told {
    /// As a service tells it when it has its ledger.
    fn by(lines: &[String]) -> Self {
        let active = words(lines, "active").into_iter();
        let silences = words(lines, "silence").into_iter();
        Self {
            active: active
                .map(|words| (words[0].to_owned(), words[1].to_owned()))
                .collect(),
            silences: silences.map(|words| words[0].to_owned()).collect(),
        }
    }
}

/// Follows the history, in which each change must follow from the one before.
fn follow(events: &[Event]) -> Told {
    let mut told = Told::default();
    let mut states = BTreeMap::new();
    let mut acts = BTreeSet::new();
    for event in events {
        match event {
            Event::Transition(it) => {
                let before = states.insert(it.alert, it.to);
                let before = before.unwrap_or(AlertState::Inactive);
                let is_forgotten =
                    it.from == AlertState::Inactive && before == AlertState::Resolved;
                assert!(it.from == before || is_forgotten, "{it:?} after {before}");
                let id = it.alert.to_string();
                if it.reason == Reason::Acknowledged {
                    let note = it.note.clone().unwrap();
                    assert!(acts.insert(note.clone()), "{note} is there twice");
                    told.active.insert(id, note);
                } else if it.to.is_active() {
                    told.active.insert(id, "-".to_owned());
                } else {
                    told.active.remove(&id);
                }
            }
            Event::Silence(it) => {
                let note = it.silence.note.clone().unwrap();
                if it.began {
                    assert!(acts.insert(note.clone()), "{note} is there twice");
                    told.silences.insert(note);
                } else {
                    assert!(told.silences.remove(&note), "{note} ends twice");
                }
            }
            _ => {}
        }
    }
    told
}

/// The notifications that the service prints whose delivery is in the history, with their channels.
fn recorded(events: &[Event]) -> BTreeSet<(String, String)> {
    let mut recorded = BTreeSet::new();
    for event in events {
        if let Event::Notification(it) = event
            && it.result == DeliveryResult::Delivered
            && child::PRINTED.contains(&&*it.channel)
        {
            let delivery = (it.channel.clone(), it.notification.to_string());
            assert!(recorded.insert(delivery), "{it:?} is there twice");
        }
    }
    recorded
}

/// All that the service said was done is in the history.
fn nothing_is_lost(lines: &[String], events: &[Event]) {
    let mut changes = BTreeSet::new();
    let mut acts = BTreeSet::new();
    for event in events {
        match event {
            Event::Transition(it) => {
                assert!(changes.insert(key(it)), "{it:?} is there twice");
                match it.reason {
                    Reason::Acknowledged => drop(acts.insert(("acknowledged", it.note.clone()))),
                    Reason::ResolvedByHand => drop(acts.insert(("resolved", it.by.clone()))),
                    _ => {}
                }
            }
            Event::Silence(it) => {
                let act = if it.began {
                    "suppressed"
                } else {
                    "unsuppressed"
                };
                acts.insert((act, it.silence.note.clone()));
            }
            _ => {}
        }
    }
    for done in words(lines, "done") {
        let done = done.join(" ");
        assert!(changes.contains(&done), "{done} is lost");
    }
    for act in ["acknowledged", "resolved", "suppressed", "unsuppressed"] {
        for done in words(lines, act) {
            let note = Some(done[0].to_owned());
            assert!(acts.contains(&(act, note)), "{act} {done:?} is lost");
        }
    }
}

#[derive(Debug, Default)]
struct Arrivals {
    /// The alerts and the time of each notification, by channel and notification.
    all: BTreeMap<(String, String), (String, Vec<String>)>,
    repeated: usize,
    most_repeated: usize,
}

impl Arrivals {
    /// Adds those of a run. Only those that were not recorded before may arrive again.
    fn add(&mut self, lines: &[String], recorded: &BTreeSet<(String, String)>) {
        let mut repeated = 0;
        let mut run = BTreeSet::new();
        for arrived in words(lines, "arrived") {
            let notification = (arrived[0].to_owned(), arrived[1].to_owned());
            assert!(!recorded.contains(&notification), "{notification:?}");
            assert!(run.insert(notification.clone()), "{notification:?}");
            let alerts = arrived[3].split(',').map(str::to_owned).collect();
            let content = (arrived[2].to_owned(), alerts);
            let before = self.all.insert(notification, content.clone());
            repeated += usize::from(before.is_some());
            assert!(before.is_none_or(|before| before == content));
        }
        self.repeated += repeated;
        self.most_repeated = self.most_repeated.max(repeated);
    }

    /// Each alert at each time, with `F` or `R`.
    fn of(&self, channel: &str) -> Vec<(String, String)> {
        let own = self.all.iter().filter(|((name, _), _)| name == channel);
        own.flat_map(|(_, (at, alerts))| alerts.iter().map(|alert| (alert.clone(), at.clone())))
            .collect()
    }
}

/// `life` is the longest life of the service after its start.
pub(super) async fn kill_thirty_times<S: AlertStore>(
    place: &str,
    ledger: &str,
    alertmanager: Option<&str>,
    life: Duration,
    open: impl Fn() -> S,
) {
    let seed = std::env::var(child::SEED).ok();
    let seed = seed.map(|seed| seed.parse().unwrap());
    let seed = seed.unwrap_or_else(|| u64::try_from(nanos(SystemTime::now()) >> 10).unwrap());
    println!("{}={seed}", child::SEED);
    let (told, sink) = Vendors::serve().await;
    let mut random = Random(seed);
    let mut killed = Killed {
        place,
        vendors: sink.url(),
        alertmanager,
        start_up: Duration::from_millis(50),
    };
    let store = open();
    let mut arrivals = Arrivals::default();
    let mut events = Vec::new();
    let mut all: Vec<String> = Vec::new();
    let (mut kills_in_start_up, mut silences_in_doubt) = (0, 0);
    for kill in 0..=KILLS {
        let mut below = |longest: Duration| {
            Duration::from_micros(random.next() % u64::try_from(longest.as_micros()).unwrap())
        };
        let in_start_up = kill < NEW || (STARTING.contains(&kill) && kill.is_multiple_of(2));
        let end = if kill == KILLS {
            End::Settled
        } else if in_start_up {
            End::InStartUp(below(killed.start_up))
        } else {
            End::After(below(life))
        };
        let seed = random.next();
        let lines = tokio::task::block_in_place(|| killed.run(seed, end));
        if lines.iter().any(|line| line == "started") {
            let (told, known) = (Told::by(&lines), follow(&events));
            assert_eq!(told.active, known.active, "after kill {kill}");
            // A shared silence and its event are two writes, and the kill may fall between them: then the event follows at the start,
            // which the service waits for. Nobody saw such an act done.
            let in_doubt = told.silences.symmetric_difference(&known.silences);
            let in_doubt: Vec<_> = in_doubt.collect();
            let most = usize::from(store.is_shared());
            assert!(
                in_doubt.len() <= most,
                "after kill {kill}: {told:?} {known:?}"
            );
            for note in in_doubt {
                let is_new = told.silences.contains(note);
                let act = if is_new { "suppress" } else { "unsuppress" };
                let last = all.iter().rev().find(|line| line.ends_with(note.as_str()));
                assert_eq!(
                    last,
                    Some(&format!("try {act} {note}")),
                    "after kill {kill}"
                );
                silences_in_doubt += 1;
            }
        } else {
            kills_in_start_up += 1;
        }
        arrivals.add(&lines, &recorded(&events));
        all.extend(lines);
        // Opening the store creates its tables.
        if kill + 1 >= NEW {
            events = history(&open(), ledger).await;
        }
        nothing_is_lost(&all, &events);
    }
    assert_eq!(all.last().map(String::as_str), Some("settled"));
    let saved = open().load(ledger).await.unwrap();
    assert_eq!(saved.outbox, []);
    let delivered = recorded(&events);
    let arrived: BTreeSet<_> = arrivals.all.keys().cloned().collect();
    assert_eq!(delivered, arrived);
    each_change_is_told(&events, &arrivals);
    let capped = arrivals.all.keys().filter(|(name, _)| name == "capped");
    assert_eq!(
        capped.count(),
        child::CAP - 1,
        "the last one is for critical alerts"
    );
    let cooled = arrivals.of("cooled").into_iter();
    let cooled: Vec<_> = cooled.filter(|(alert, _)| alert.ends_with('F')).collect();
    let alerts: BTreeSet<_> = cooled.iter().map(|(alert, _)| alert).collect();
    assert_eq!(
        alerts.len(),
        cooled.len(),
        "an alert is told twice in its cooldown"
    );
    {
        let told = told.lock();
        vendors::assert_agree(&told, &events);
        let count = |incidents: &Incidents| incidents.values().flatten().count();
        println!(
            "incidents: {} at PagerDuty, {} at Opsgenie, {} at Alertmanager, of {}; {} requests changed nothing",
            count(&told.pagerduty),
            count(&told.opsgenie),
            count(&told.alertmanager),
            count(&vendors::firings(&events)),
            told.repeated,
        );
    }
    if let Some(url) = alertmanager {
        vendors::assert_alertmanager_agrees(url, &killed.vendors, &events);
    }
    assert!(
        kills_in_start_up >= 5,
        "{kills_in_start_up} kills in start-up"
    );
    println!(
        "{kills_in_start_up} kills in start-up, {silences_in_doubt} between a silence and its event, {} events, {} notifications, {} arrivals again, at most {} of them after one kill",
        events.len(),
        arrivals.all.len(),
        arrivals.repeated,
        arrivals.most_repeated
    );
}

/// Each begin and each end of an alert that no person changed is told once, at its time.
fn each_change_is_told(events: &[Event], arrivals: &Arrivals) {
    let plain: Vec<_> = child::plain_ids();
    let mut expected = Vec::new();
    for event in events {
        if let Event::Transition(it) = event
            && plain.contains(&it.alert)
        {
            let letter = match it.to {
                AlertState::Firing => 'F',
                AlertState::Resolved => 'R',
                _ => continue,
            };
            expected.push((format!("{}={letter}", it.alert), nanos(it.at).to_string()));
        }
    }
    let ids: Vec<_> = plain.iter().map(ToString::to_string).collect();
    let mut found = arrivals.of("all");
    found.retain(|(alert, _)| ids.iter().any(|id| alert.starts_with(id.as_str())));
    expected.sort();
    found.sort();
    assert!(!expected.is_empty());
    assert_eq!(found, expected);
}
