//! The alerts that the engine gives to receivers that group and deduplicate themselves.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use metrics::{Gauge, Key, Metadata, Recorder};
use parking_lot::Mutex;
use tower_vitals::Prometheus;
use tower_vitals::alerts::channels::{Channel, DeliveryError, Mode, Notification};
use tower_vitals::alerts::state::{Matcher, SilenceTarget};
use tower_vitals::alerts::stores::MemoryAlerts;
use tower_vitals::alerts::{Alert, Alerts, Rule, Rules, Selector, Signal};

use crate::support::until;

const TICK: Duration = Duration::from_secs(15);

/// Keeps the last post.
#[derive(Clone, Default)]
struct Posts(Arc<Mutex<(usize, Option<Notification>)>>);

impl Channel for Posts {
    fn kind(&self) -> &'static str {
        "posts"
    }

    fn mode(&self) -> Mode {
        Mode::Alerts {
            every: Duration::from_millis(1),
        }
    }

    fn send<'a>(&'a self, sent: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        let mut last = self.0.lock();
        *last = (last.0 + 1, Some(sent.clone()));
        Box::pin(async { Ok(()) })
    }
}

struct World {
    store: MemoryAlerts,
    rules: Rules,
    prometheus: Prometheus,
    posts: Posts,
    alerts: Alerts,
    now: SystemTime,
}

impl World {
    fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        let prometheus = Prometheus::builder().build().unwrap();
        let posts = Posts::default();
        let rules = Rules::builder().allow_unknown_metrics().rules(rules);
        let (rules, store) = (rules.build().unwrap(), MemoryAlerts::default());
        Self {
            alerts: engine(&rules, &store, &posts),
            store,
            rules,
            prometheus,
            posts,
            // A silence that begins in the test begins after the alerts.
            now: SystemTime::now() - 12 * TICK,
        }
    }

    fn set(&self, metric: &'static str, value: f64) {
        let metadata = Metadata::new("test", metrics::Level::INFO, None);
        let key = Key::from_static_name(metric);
        let gauge: Gauge = self.prometheus.register_gauge(&key, &metadata);
        gauge.set(value);
    }

    /// The engine ends without a word, and another one goes on.
    fn restart(&mut self) {
        self.alerts = engine(&self.rules, &self.store, &self.posts);
    }

    /// Evaluates the rules, and returns the next post: `Queue firing: 7 jobs wait`.
    async fn post(&mut self) -> Vec<String> {
        self.now += TICK;
        let posts = self.posts.0.lock().0;
        let snapshot = self.prometheus.snapshot();
        self.alerts.evaluate_at(&snapshot, self.now).await.unwrap();
        until("it is posted", async || self.posts.0.lock().0 > posts).await;
        let sent = self.posts.0.lock().1.clone().unwrap();
        let alerts = sent.alerts.iter().map(|alert| {
            let state = if alert.is_firing {
                "firing"
            } else {
                "resolved"
            };
            format!("{} {state}: {}", alert.name, alert.summary())
        });
        alerts.collect()
    }
}

fn engine(rules: &Rules, store: &MemoryAlerts, posts: &Posts) -> Alerts {
    let alerts = Alerts::builder()
        .rules(rules.clone())
        .channel(posts.clone())
        .store(store.clone())
        .manual();
    alerts.run().unwrap()
}

fn rule(name: &str, metric: &str) -> Rule {
    let summary = format!("{{{{ value }}}} in {metric}");
    Rule::new(name, Signal::value(Selector::new(metric)))
        .gt(5.0)
        .summary(summary)
}

#[tokio::test]
async fn the_text_follows_the_value_while_the_condition_is_true() {
    let mut world = World::new([rule("Queue", "depth").keep_firing_for(2 * TICK)]);
    world.set("depth", 7.0);
    assert_eq!(world.post().await, ["Queue firing: 7 in depth"]);
    world.set("depth", 9.0);
    assert_eq!(world.post().await, ["Queue firing: 9 in depth"]);
    world.set("depth", 1.0);
    for _ in 0..2 {
        assert_eq!(world.post().await, ["Queue firing: 9 in depth"]);
    }
    assert_eq!(world.post().await, ["Queue resolved: 9 in depth"]);
    let alert = world.alerts.alerts().remove(0);
    assert_eq!(alert.annotations["summary"], "9 in depth");
    assert_eq!(alert.value, Some(1.0));
    world.set("depth", 8.0);
    assert_eq!(world.post().await, ["Queue firing: 8 in depth"]);
}

#[tokio::test]
async fn an_alert_that_was_posted_does_not_vanish_when_it_is_inhibited_or_silenced() {
    let inhibited = |name, metric| rule(name, metric).inhibited_by("Down");
    let rules = [
        rule("Down", "down"),
        inhibited("Before", "before"),
        inhibited("After", "after"),
    ];
    let mut world = World::new(rules);
    for metric in ["down", "before", "after"] {
        world.set(metric, 0.0);
    }
    world.set("before", 6.0);
    assert_eq!(world.post().await, ["Before firing: 6 in before"]);
    world.set("down", 6.0);
    world.set("after", 6.0);
    let both = ["Before firing: 6 in before", "Down firing: 6 in down"];
    let sorted = |mut posted: Vec<String>| {
        posted.sort();
        posted
    };
    assert_eq!(sorted(world.post().await), both);
    let target = SilenceTarget::Labels(vec![Matcher::equal("alertname", "Before")]);
    let until = SystemTime::now() + Duration::from_secs(3_600);
    let silenced = world.alerts.suppress(target, until, "ann", None);
    silenced.await.unwrap();
    world.set("before", 7.0);
    let both = ["Before firing: 7 in before", "Down firing: 6 in down"];
    assert_eq!(sorted(world.post().await), both);
    // The inhibition ends: the other one is posted, too.
    world.set("down", 0.0);
    let all = [
        "After firing: 6 in after",
        "Before firing: 7 in before",
        "Down resolved: 6 in down",
    ];
    assert_eq!(sorted(world.post().await), all);
}

/// Adds the level, by which the alerts of code differ here.
async fn post_with_levels(world: &mut World) -> Vec<String> {
    let posted = world.post().await;
    let sent = world.posts.0.lock().1.clone().unwrap();
    let levels = sent.alerts.iter().map(|alert| alert.level);
    let mut all: Vec<_> = posted
        .iter()
        .zip(levels)
        .map(|(text, level)| format!("{text} ({level})"))
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn an_alert_that_the_state_forgets_is_posted_as_resolved() {
    let mut world = World::new([rule("Queue", "depth")]);
    world.set("depth", 1.0);
    world
        .alerts
        .fire(Alert::error("7 jobs failed").name("Jobs"));
    let fired = post_with_levels(&mut world).await;
    assert_eq!(fired, ["Jobs firing: 7 jobs failed (error)"]);
    // Its labels change with its level, so the old ones end.
    let worse = Alert::critical("8 jobs failed").name("Jobs");
    let id = world.alerts.fire(worse);
    let both = [
        "Jobs firing: 8 jobs failed (critical)",
        "Jobs resolved: 7 jobs failed (error)",
    ];
    assert_eq!(post_with_levels(&mut world).await, both);
    world.alerts.clear(id);
    let both = [
        "Jobs resolved: 7 jobs failed (error)",
        "Jobs resolved: 8 jobs failed (critical)",
    ];
    assert_eq!(post_with_levels(&mut world).await, both);
}

#[tokio::test]
async fn a_series_that_is_gone_is_posted_as_resolved() {
    let per_pod = Signal::value(Selector::new("depth")).by(["pod"]);
    let mut world = World::new([Rule::new("Queue", per_pod)
        .gt(5.0)
        .summary("{{ labels.pod }}")]);
    let metadata = Metadata::new("test", metrics::Level::INFO, None);
    for pod in ["a", "b"] {
        let key = Key::from_parts("depth", vec![metrics::Label::new("pod", pod)]);
        world.prometheus.register_gauge(&key, &metadata).set(7.0);
    }
    assert_eq!(world.post().await.len(), 2);
    world.prometheus.remove("depth", &[("pod", "a")]);
    world.post().await;
    let mut posted = world.post().await;
    posted.sort();
    assert_eq!(posted, ["Queue firing: b", "Queue resolved: a"]);
}

#[tokio::test]
async fn a_silence_that_another_one_extends_keeps_an_alert_from_being_posted() {
    let mut world = World::new([rule("Queue", "depth"), rule("Other", "other")]);
    world.set("depth", 0.0);
    world.set("other", 7.0);
    let now = SystemTime::now();
    let silence = async |world: &World, from_now| {
        let target = SilenceTarget::Labels(vec![Matcher::equal("alertname", "Queue")]);
        let until = now + Duration::from_secs(from_now);
        let silence = world.alerts.suppress(target, until, "ann", None);
        silence.await.unwrap();
    };
    silence(&world, 20).await;
    world.now = now;
    world.set("depth", 7.0);
    assert_eq!(world.post().await, ["Other firing: 7 in other"]);
    silence(&world, 3_600).await;
    world.now += TICK;
    world.set("other", 8.0);
    assert_eq!(world.post().await, ["Other firing: 8 in other"]);
}

#[tokio::test]
async fn the_end_of_an_alert_that_nothing_remembers_is_posted_for_five_minutes_over_a_restart() {
    let mut world = World::new([rule("Queue", "depth")]);
    world.set("depth", 1.0);
    let alert = Alert::error("a disk is full").name("Disk");
    world.alerts.fire(alert.clone());
    assert_eq!(world.post().await, ["Disk firing: a disk is full"]);
    world.alerts.clear(alert.id());
    assert_eq!(world.post().await, ["Disk resolved: a disk is full"]);
    assert!(!world.alerts.knows(alert.id()));
    world.restart();
    assert_eq!(world.post().await, ["Disk resolved: a disk is full"]);
    world.alerts.fire(alert.clone());
    assert_eq!(world.post().await, ["Disk firing: a disk is full"]);
    world.restart();
    world.alerts.clear(alert.id());
    assert_eq!(world.post().await, ["Disk resolved: a disk is full"]);

    // With an alert beside it, the next post is not empty.
    world.set("depth", 7.0);
    for _ in 0..20 {
        let both = ["Queue firing: 7 in depth", "Disk resolved: a disk is full"];
        assert_eq!(world.post().await, both);
    }
    // The delivery has its own memory and clock.
    world.restart();
    assert_eq!(world.post().await, ["Queue firing: 7 in depth"]);
}
