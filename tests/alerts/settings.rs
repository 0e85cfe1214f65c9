//! Settings give the engine its channels, its cooldown and its maximum per hour.

use std::time::{Duration, SystemTime};

use axum::Router;
use axum::http::StatusCode;
use serde_json::Value as Json;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tower_vitals::alerts::channels::NotificationReason;
use tower_vitals::alerts::{Alert, Alerts, AlertsBuilder, Receiver, Rules};
use tower_vitals::{Prometheus, Settings};

use crate::engine::Kept;
use crate::support::log::Log;

const SLACK: &str = "https://hooks.slack.com/services/T0/B0/XYZZYXYZZYXYZZY";
const TOKEN: &str = "123456789:XYZZYXYZZYXYZZY";
const MINUTE: Duration = Duration::from_secs(60);

fn settings<const N: usize>(vars: [(&str, &str); N]) -> Settings {
    Settings::from_vars(vars).unwrap()
}

fn builder<const N: usize>(vars: [(&str, &str); N]) -> AlertsBuilder {
    Alerts::builder().settings(&settings(vars))
}

/// The name and the kind of each channel, as soon as the store was read.
async fn channels(alerts: &Alerts) -> Vec<(String, &'static str)> {
    let read = async {
        while alerts.stats().channels.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(MINUTE / 6, read).await.unwrap();
    let channels = alerts.stats().channels.into_iter();
    channels
        .map(|channel| (channel.name, channel.kind))
        .collect()
}

#[tokio::test]
async fn channels_are_those_that_the_variables_name() {
    let webhook = ("ALERT_WEBHOOK_URL", "https://example.org/alerts");
    let discord = (
        "ALERT_WEBHOOK_URL",
        "https://discord.com/api/webhooks/1/XYZZYXYZZY",
    );
    let token = ("TELEGRAM_TOKEN", TOKEN);
    let chat = ("MANAGER_CHAT_ID", "-1001234567890");
    for (builder, kinds) in [
        (builder([]), vec!["log"]),
        (builder([webhook]), vec!["webhook"]),
        (builder([("ALERT_WEBHOOK_URL", SLACK)]), vec!["slack"]),
        (builder([discord]), vec!["discord"]),
        (builder([token, chat]), vec!["telegram"]),
        (builder([webhook, token, chat]), vec!["webhook", "telegram"]),
        (builder([token]), vec!["log"]),
    ] {
        let expected: Vec<_> = kinds
            .iter()
            .map(|kind| ((*kind).to_owned(), *kind))
            .collect();
        assert_eq!(channels(&builder.run().unwrap()).await, expected);
    }
    let alerts = builder([webhook])
        .channel(Receiver::new("operators", Kept::default()))
        .run()
        .unwrap();
    assert_eq!(
        channels(&alerts).await,
        [
            ("webhook".to_owned(), "webhook"),
            ("operators".to_owned(), "kept")
        ]
    );
}

#[tokio::test]
async fn half_of_telegram_is_a_mistake_or_a_log_line() {
    let error = builder([("MANAGER_CHAT_ID", "1")]).run().unwrap_err();
    assert_eq!(
        error.to_string(),
        "MANAGER_CHAT_ID is set and TELEGRAM_TOKEN is not: alerts to Telegram need both"
    );
    let (log, _guard) = Log::of_this_thread();
    builder([("TELEGRAM_TOKEN", TOKEN)]).run().unwrap();
    let line = "TELEGRAM_TOKEN is set and MANAGER_CHAT_ID is not: no alerts go to Telegram";
    assert_eq!(log.count(line), 1, "{}", log.text());
    assert!(!log.text().contains("XYZZY"), "{}", log.text());
}

/// Everything that a new user writes.
#[tokio::test]
async fn alert_webhook_url_alone_is_a_working_setup() {
    let (to, mut received) = mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "http://{}/hooks/XYZZYXYZZYXYZZYXYZZY",
        listener.local_addr().unwrap()
    );
    let sink = Router::new().fallback(async move |body: axum::Json<Json>| {
        to.send(body.0).unwrap();
    });
    tokio::spawn(async { axum::serve(listener, sink).await });
    let prometheus = Prometheus::builder().build().unwrap();

    let settings = settings([("ALERT_WEBHOOK_URL", &url)]);
    let rules = Rules::builder().defaults(&settings);
    let builder = Alerts::builder().metrics(prometheus).rules(rules);
    let alerts = builder.settings(&settings).run().unwrap();

    assert_eq!(alerts.rules().len(), 13);
    alerts.fire(Alert::critical("the queue is full").component("scheduler"));
    let body = timeout(MINUTE / 6, received.recv()).await.unwrap().unwrap();
    assert_eq!(body["version"], "4");
    assert_eq!(body["status"], "firing");
    assert_eq!(
        body["alerts"][0]["annotations"]["summary"],
        "the queue is full"
    );
    assert_eq!(body["alerts"][0]["labels"]["component"], "scheduler");
    let shown = format!("{alerts:?} {settings:?} {body}");
    assert!(!shown.contains("XYZZY"), "{shown}");
}

#[tokio::test]
async fn a_refused_webhook_is_logged_without_its_secret() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "http://{}/hooks/XYZZYXYZZYXYZZYXYZZY",
        listener.local_addr().unwrap()
    );
    let sink =
        Router::new().fallback(async || (StatusCode::NOT_FOUND, "/hooks/XYZZYXYZZYXYZZYXYZZY"));
    tokio::spawn(async { axum::serve(listener, sink).await });
    let (log, _guard) = Log::of_this_thread();
    let alerts = builder([("ALERT_WEBHOOK_URL", &url)]).run().unwrap();
    alerts.fire(Alert::critical("the queue is full"));
    let stopped = async {
        let is_stopped = || {
            alerts
                .stats()
                .channels
                .iter()
                .any(|it| it.stopped.is_some())
        };
        while !is_stopped() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(MINUTE / 6, stopped).await.unwrap();
    assert!(log.count("webhook") > 0, "{}", log.text());
    let shown = format!("{} {:?}", log.text(), alerts.stats());
    assert!(!shown.contains("XYZZY"), "{shown}");
}

/// An engine with a channel of its own values beside one of the settings' values.
struct World {
    alerts: Alerts,
    own: Kept,
    set: Kept,
    now: SystemTime,
}

impl World {
    fn new(variable: &str, value: &str, own: impl Fn(Receiver) -> Receiver) -> Self {
        let kept = [Kept::default(), Kept::default()];
        let [mine, set] = kept.clone();
        let receiver = |name, kept: &Kept| {
            let receiver = Receiver::new(name, kept.clone());
            receiver.group_wait(Duration::ZERO).group_interval(MINUTE)
        };
        let builder = builder([(variable, value)]).manual();
        let builder = builder.channel(own(receiver("own", &mine)));
        let alerts = builder.channel(receiver("set", &set)).run().unwrap();
        let now = SystemTime::now();
        Self {
            alerts,
            own: mine,
            set,
            now,
        }
    }

    async fn tick(&mut self) {
        self.now += MINUTE;
        let snapshot = Prometheus::builder().build().unwrap().snapshot();
        self.alerts.evaluate_at(&snapshot, self.now).await.unwrap();
    }

    fn fire(&self, text: &str) {
        self.alerts.fire(Alert::warning(text));
    }
}

/// The number of notifications about an alert that fires.
fn firing(kept: &Kept) -> usize {
    let sent = kept.0.lock();
    let of_firing = |reason| {
        use NotificationReason::{First, NewAlerts};
        matches!(reason, First | NewAlerts)
    };
    sent.iter().filter(|sent| of_firing(sent.reason)).count()
}

#[tokio::test]
async fn the_maximum_per_hour_is_that_of_channels_without_one() {
    let mut world = World::new("ALERT_MAX_NOTIFICATIONS_PER_HOUR", "1", |own| {
        own.max_per_hour(4)
    });
    for text in ["one", "two", "three"] {
        world.fire(text);
        world.tick().await;
    }
    world.own.wait_for(3).await;
    world.set.wait_for(1).await;
    assert_eq!((firing(&world.own), firing(&world.set)), (3, 1));
}

#[tokio::test]
async fn the_cooldown_is_that_of_channels_without_one() {
    let mut world = World::new("ALERT_COOLDOWN_MINUTES", "30", |own| {
        own.cooldown(Duration::ZERO)
    });
    for _ in 0..2 {
        world.fire("odd");
        world.tick().await;
        let id = world.alerts.alerts()[0].id;
        world.alerts.clear(id);
        // Longer than the default.
        for _ in 0..8 {
            world.tick().await;
        }
    }
    world.own.wait_for(4).await;
    world.set.wait_for(2).await;
    assert_eq!((firing(&world.own), firing(&world.set)), (2, 1));
}
