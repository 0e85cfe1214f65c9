//! After a restart, windows begin empty: too few events in them end no alert that fired before.

use std::time::{Duration, SystemTime};

use metrics::{Key, Metadata, Recorder};
use tower_vitals::Prometheus;
use tower_vitals::alerts::state::AlertState;
use tower_vitals::alerts::stores::MemoryAlerts;
use tower_vitals::alerts::{Alerts, Rule, Rules, Selector, Signal};

const TICK: Duration = Duration::from_secs(15);
const WINDOW: Duration = Duration::from_secs(120);

struct World {
    prometheus: Prometheus,
    alerts: Alerts,
    now: SystemTime,
}

impl World {
    fn start(store: &MemoryAlerts, now: SystemTime) -> Self {
        let prometheus = Prometheus::builder().build().unwrap();
        let all = Selector::new("errors_total");
        let timeouts = Selector::new("errors_total").eq("error_type", "timeout");
        let ratio = Signal::ratio(timeouts, all, WINDOW).by(["component"]);
        let rule = Rule::new("Timeouts", ratio).gt(0.5).min_events(20);
        let alerts = Alerts::builder()
            .metrics(prometheus.clone())
            .rules(Rules::builder().rule(rule).build().unwrap())
            .store(store.clone())
            .manual();
        Self {
            alerts: alerts.run().unwrap(),
            prometheus,
            now,
        }
    }

    /// So many timeouts in each component, then an evaluation. Returns the states of the components.
    async fn tick(&mut self, timeouts: [u64; 2]) -> [Option<AlertState>; 2] {
        let metadata = Metadata::new("test", metrics::Level::INFO, None);
        for (component, timeouts) in ["db", "mail"].iter().zip(timeouts) {
            let labels = [("error_type", "timeout"), ("component", *component)];
            let counter = self
                .prometheus
                .register_counter(&Key::from_parts("errors_total", &labels), &metadata);
            counter.increment(timeouts);
        }
        self.now += TICK;
        let snapshot = self.prometheus.snapshot();
        self.alerts.evaluate_at(&snapshot, self.now).await.unwrap();
        let alerts = self.alerts.alerts();
        ["db", "mail"].map(|component| {
            let mut alerts = alerts.iter();
            let alert = alerts.find(|alert| alert.labels["component"] == component);
            alert.map(|alert| alert.state)
        })
    }
}

#[tokio::test]
async fn too_few_events_since_the_start_end_no_alert_until_the_window_is_full() {
    let store = MemoryAlerts::default();
    let start = SystemTime::now() - Duration::from_secs(3_600);
    let mut world = World::start(&store, start);
    world.tick([5, 0]).await;
    let mut states = [None; 2];
    for _ in 0..8 {
        states = world.tick([5, 1]).await;
    }
    let (firing, inactive) = (Some(AlertState::Firing), Some(AlertState::Inactive));
    assert_eq!(states, [firing, inactive], "40 and 8 events");
    world.alerts.shutdown(Duration::from_secs(5)).await;

    let mut world = World::start(&store, world.now);
    world.tick([0, 0]).await;
    // 1 event in each interval: the window of 2 minutes never has 20. It is full after 8 intervals.
    for tick in 1..8 {
        let states = world.tick([1, 1]).await;
        assert_eq!(states, [firing, inactive], "{tick}");
    }
    let states = world.tick([1, 1]).await;
    assert_eq!(states[0], Some(AlertState::Resolved));
    assert_eq!(states[1], inactive);
}
