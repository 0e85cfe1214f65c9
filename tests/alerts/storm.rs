//! 200 flapping series for an hour, through the engine: what is told keeps to cooldown and cap, the summaries list what was held
//! back, and the history loses nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use metrics::{Gauge, Key, Metadata, Recorder};
use tower_vitals::Prometheus;
use tower_vitals::alerts::channels::{Notification, NotificationReason};
use tower_vitals::alerts::state::{AlertId, AlertState, Transition};
use tower_vitals::alerts::stores::{
    DeliveryResult, Event, HistoryQuery, MemoryAlerts, NotificationEvent,
};
use tower_vitals::alerts::{Alerts, Level, Receiver, Rule, Rules, Selector, Signal};

use super::kept::Kept;

const TICK: Duration = Duration::from_secs(15);
const HOUR: Duration = Duration::from_secs(3_600);
/// One hour.
const TICKS: u64 = 240;
/// Enough for all summaries.
const QUIET: u64 = 2 * TICKS;
const COOLDOWN: Duration = Duration::from_secs(300);
const CAP: usize = 10;

/// The series of each rule.
const SERIES: [(&str, u64); 3] = [("at_once", 120), ("pending", 70), ("critical", 10)];

/// The channels, each with the most notifications in an hour.
const CHANNELS: [(&str, usize); 4] = [
    ("default", CAP),
    ("each", CAP),
    ("roomy", 10_000),
    ("pager", CAP),
];

fn rules() -> Rules {
    let rule = |name: &str| {
        let load = Selector::new("load").eq("rule", name);
        Rule::new(name, Signal::max(load).by(["series"])).gt(0.5)
    };
    Rules::builder()
        .allow_unknown_metrics()
        .rule(rule("at_once"))
        .rule(rule("pending").consecutive(2).level(Level::Error))
        .rule(rule("critical").level(Level::Critical))
        .build()
        .unwrap()
}

/// A receiver that is told of each alert alone and at once.
fn each(name: &str, kept: &Kept) -> Receiver {
    Receiver::new(name, kept.clone())
        .group_by(["series"])
        .group_wait(Duration::ZERO)
        .group_interval(TICK)
}

/// Numbers that look random, the same in each run (`SplitMix64`).
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A series that is up for some ticks, then down for some, from its own phase on.
struct Series {
    gauge: Gauge,
    up: u64,
    down: u64,
    phase: u64,
}

impl Series {
    fn new(prometheus: &Prometheus, rule: &'static str, number: u64) -> Self {
        let labels = [
            ("rule", rule.to_owned()),
            ("series", format!("{rule}-{number}")),
        ];
        let metadata = Metadata::new("test", metrics::Level::INFO, None);
        let seed = mix(number ^ mix(rule.len() as u64));
        Self {
            gauge: prometheus.register_gauge(&Key::from_parts("load", &labels), &metadata),
            up: 1 + mix(seed) % 9,
            down: 1 + mix(seed + 1) % 9,
            phase: mix(seed + 2) % 100,
        }
    }

    fn is_up(&self, tick: u64) -> bool {
        (tick + self.phase) % (self.up + self.down) < self.up
    }
}

/// The hour and two quiet ones.
struct Storm {
    alerts: Alerts,
    channels: BTreeMap<&'static str, Kept>,
    /// All that the evaluations returned.
    transitions: Vec<Transition>,
    start: SystemTime,
}

impl Storm {
    async fn play() -> Self {
        let prometheus = Prometheus::builder().build().unwrap();
        let channels = CHANNELS.map(|(name, _)| (name, Kept::default()));
        let channels = BTreeMap::from(channels);
        let alerts = Alerts::builder()
            .rules(rules())
            .store(MemoryAlerts::new())
            .channel(Receiver::new("default", channels["default"].clone()))
            .channel(each("each", &channels["each"]))
            .channel(each("roomy", &channels["roomy"]).max_per_hour(10_000))
            .channel(Receiver::new("pager", channels["pager"].clone()).min_level(Level::Critical))
            .manual()
            .run()
            .unwrap();
        let mut series = Vec::new();
        for (rule, number) in SERIES {
            series.extend((0..number).map(|number| Series::new(&prometheus, rule, number)));
        }
        assert_eq!(series.len(), 200);
        let mut storm = Self {
            alerts,
            channels,
            transitions: Vec::new(),
            start: UNIX_EPOCH + Duration::from_secs(1_800_000_000),
        };
        for tick in 0..TICKS + QUIET {
            for series in &series {
                let is_up = tick < TICKS && series.is_up(tick);
                series.gauge.set(f64::from(u8::from(is_up)));
            }
            let now = storm.start + TICK * u32::try_from(tick).unwrap();
            let changes = storm.alerts.evaluate_at(&prometheus.snapshot(), now).await;
            storm.transitions.extend(changes.unwrap());
            // The channels get what is due.
            tokio::time::sleep(TICK).await;
        }
        storm
    }

    /// The whole history, page by page, the oldest first.
    async fn history(&self) -> Vec<Event> {
        let mut query = HistoryQuery::latest(333);
        let mut events = Vec::new();
        loop {
            let page = self.alerts.history(&query).await.unwrap();
            events.extend(page.events);
            if page.next.is_none() {
                break;
            }
            query.before = page.next;
        }
        events.reverse();
        events
    }
}

fn is_summary(notification: &Notification) -> bool {
    notification.reason == NotificationReason::Summary
}

/// The number of notifications that a summary stands for. An earlier one may have counted those of its alerts.
fn stands_for(summary: &Notification) -> usize {
    let text = summary.text.as_deref().unwrap();
    let text = text.strip_suffix(" held back by the cooldown or the hourly cap.");
    let (number, _) = text.unwrap().split_once(' ').unwrap();
    number.parse().unwrap_or(0)
}

/// In any hour at most the cap, and the last one of an hour is about a critical alert.
fn keeps_to_the_cap(name: &str, max: usize, sent: &[Notification]) {
    for (index, last) in sent.iter().enumerate() {
        let hour = sent[..=index].iter();
        let hour = hour.filter(|it| last.at.duration_since(it.at).unwrap() < HOUR);
        let number = hour.count();
        assert!(number <= max, "{name}: {number} in an hour");
        if number == max {
            assert_eq!(last.level(), Level::Critical, "{name}: {}", last.title());
        }
    }
}

/// What a receiver believes to fire, and when it was told so.
#[derive(Default)]
struct Viewer {
    firing: BTreeSet<AlertId>,
    announced: BTreeMap<AlertId, SystemTime>,
}

impl Viewer {
    /// An announcement is an alert that the receiver does not believe to fire, and each firing one of a summary. An alert that is
    /// listed along with others of its group is none.
    fn see(&mut self, name: &str, sent: &Notification) {
        for alert in &sent.alerts {
            let id = alert.id;
            if !alert.is_firing {
                let was_firing = self.firing.remove(&id);
                assert!(was_firing || is_summary(sent), "{name}: {id} never fired");
            } else if self.firing.insert(id) || is_summary(sent) {
                let before = self.announced.insert(id, sent.at);
                let age = before.map(|before| sent.at.duration_since(before).unwrap());
                assert!(
                    age.is_none_or(|age| age >= COOLDOWN),
                    "{name}: {id} again after {age:?}"
                );
            }
        }
    }

    fn is_cool(&self, id: AlertId, now: SystemTime) -> bool {
        let before = self.announced.get(&id);
        before.is_none_or(|before| now.duration_since(*before).unwrap() >= COOLDOWN)
    }
}

/// What must have been held back from a receiver that is told of each alert alone and at once, by the transitions alone: each change
/// that it was not told in the same moment.
fn lists_what_was_held_back(name: &str, sent: &[Notification], transitions: &[Transition]) {
    let mut by_time: BTreeMap<SystemTime, (Vec<&Notification>, Vec<&Transition>)> = BTreeMap::new();
    for notification in sent {
        by_time
            .entry(notification.at)
            .or_default()
            .0
            .push(notification);
    }
    for transition in transitions {
        by_time.entry(transition.at).or_default().1.push(transition);
    }
    let (mut viewer, mut held, mut summaries) = (Viewer::default(), BTreeSet::new(), 0);
    let mut states = BTreeMap::new();
    for (now, (sent, transitions)) in by_time {
        for it in &transitions {
            states.insert(it.alert, it.to);
        }
        let fires = |id: &AlertId| states.get(id) == Some(&AlertState::Firing);
        for (index, notification) in sent.iter().enumerate() {
            if is_summary(notification) {
                assert_eq!(index, 0, "{name}: the summary comes first");
                summaries += 1;
                let is_ready = |id: &AlertId| {
                    let must_tell_end = !fires(id) && viewer.firing.contains(id);
                    must_tell_end || viewer.is_cool(*id, now)
                };
                let expected: BTreeSet<_> = held.iter().copied().filter(is_ready).collect();
                let listed: BTreeSet<_> = notification.alerts.iter().map(|it| it.id).collect();
                assert_eq!(listed, expected, "{name}: summary {summaries}");
                assert_eq!(notification.left_out, 0, "{name}");
                held.retain(|id| !listed.contains(id));
            }
            for alert in &notification.alerts {
                assert_eq!(
                    alert.is_firing,
                    fires(&alert.id),
                    "{name}: the latest state"
                );
            }
        }
        let was_firing = viewer.firing.clone();
        for notification in &sent {
            viewer.see(name, notification);
        }
        let is_told = |id: AlertId| {
            let mut alerts = sent.iter().flat_map(|it| &it.alerts);
            alerts.any(|alert| alert.id == id)
        };
        let news = transitions.iter().filter(|it| match it.to {
            AlertState::Firing => true,
            AlertState::Resolved => was_firing.contains(&it.alert),
            AlertState::Inactive | AlertState::Pending => false,
        });
        held.extend(news.map(|it| it.alert).filter(|id| !is_told(*id)));
    }
    assert!(summaries > 0, "{name}");
    assert_eq!(held, BTreeSet::new(), "{name}: held back for ever");
    assert_eq!(viewer.firing, BTreeSet::new(), "{name}: never ended");
}

/// The history's notifications are those that were sent and those that were held back, which the summaries list and count.
fn has_each_notification(name: &str, sent: &[Notification], events: &[&NotificationEvent]) {
    let of_result = |result| events.iter().filter(move |event| event.result == result);
    let delivered = of_result(DeliveryResult::Delivered);
    let delivered: Vec<_> = delivered.map(|event| event.notification).collect();
    let ids: Vec<_> = sent.iter().map(|sent| sent.id).collect();
    assert_eq!(delivered, ids, "{name}: delivered");
    let held: Vec<_> = of_result(DeliveryResult::HeldBack).collect();
    assert_eq!(events.len(), delivered.len() + held.len(), "{name}");
    let counted: usize = sent
        .iter()
        .filter(|it| is_summary(it))
        .map(stands_for)
        .sum();
    assert_eq!(held.len(), counted, "{name}: held back");
    let held: BTreeSet<_> = held.iter().flat_map(|event| &event.alerts).collect();
    let summaries = sent.iter().filter(|it| is_summary(it));
    let listed = summaries.flat_map(|it| &it.alerts);
    let listed: BTreeSet<_> = listed.map(|alert| &alert.id).collect();
    assert_eq!(listed, held, "{name}: listed");
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_200_flapping_series() {
    let storm = Storm::play().await;
    let fired = storm.transitions.iter();
    let fired = fired.filter(|it| it.to == AlertState::Firing).count();
    let ended = storm.transitions.iter();
    let ended = ended.filter(|it| it.to == AlertState::Resolved).count();
    assert!(fired > 3_000, "{fired}");
    assert_eq!(fired, ended);
    let history = storm.history().await;
    let transitions: Vec<_> = history
        .iter()
        .filter_map(|event| match event {
            Event::Transition(transition) => Some(transition.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(transitions.len(), storm.transitions.len());
    assert_eq!(transitions, storm.transitions);
    for (name, max) in CHANNELS {
        let sent = storm.channels[name].sent();
        keeps_to_the_cap(name, max, &sent);
        let mut viewer = Viewer::default();
        for sent in &sent {
            viewer.see(name, sent);
        }
        assert_eq!(viewer.firing, BTreeSet::new(), "{name}: never ended");
        let events: Vec<_> = history
            .iter()
            .filter_map(|event| match event {
                Event::Notification(event) if event.channel == name => Some(event),
                _ => None,
            })
            .collect();
        has_each_notification(name, &sent, &events);
    }
    for name in ["each", "roomy"] {
        let sent = storm.channels[name].sent();
        lists_what_was_held_back(name, &sent, &storm.transitions);
    }
}
