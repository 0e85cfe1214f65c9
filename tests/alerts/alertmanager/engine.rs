//! An engine with the channel, and real servers: `amtool` and the engine agree, whatever happens to either.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use metrics::{Gauge, Key, Metadata, Recorder};
use serde_json::Value;
use tokio::time::Instant;
use tower_vitals::Prometheus;
use tower_vitals::alerts::channels::{Alertmanager, Webhook};
use tower_vitals::alerts::state::{AlertId, AlertState, Matcher, SilenceTarget};
use tower_vitals::alerts::{Alerts, Labels, Level, Receiver, Rule, Rules, Selector, Signal};

use super::server::Server;
use super::{
    CLUSTER, CURRENT, INSTALLED, by_cluster, nth, sink, time, told, told_by_both, unique, until,
};
use crate::support::env;

/// A service whose queues have depths, and an engine that posts to these servers.
struct Service {
    name: String,
    prometheus: Prometheus,
    alerts: Alerts,
}

/// An alert as both sides show it: its annotations, and its start in milliseconds.
type Shown = BTreeMap<Labels, (Labels, u128)>;

impl Service {
    /// More than 5 jobs in a queue are an alert.
    fn new(name: &str, urls: &[&str]) -> Self {
        let prometheus = Prometheus::builder().build().unwrap();
        let depth = Signal::max(Selector::new("queue_depth")).by(["member"]);
        let rule = Rule::new(name, depth)
            .gt(5.0)
            .level(Level::Error)
            .summary("{{ value }} jobs wait in {{ labels.member }}")
            .runbook_url("https://wiki.example.org/queues?a=<b>&c=\"d\"")
            .label("team", "größe \"ops\" {1=2}");
        let rules = Rules::builder()
            .allow_unknown_metrics()
            .rule(rule)
            .build()
            .unwrap();
        let webhook = format!("http://{}/engine", env("VITALS_ALERTMANAGER_SINK"));
        let webhook = Receiver::from(Webhook::new(&webhook).unwrap().receiver("tests"))
            .group_wait(Duration::ZERO)
            .group_interval(Duration::from_secs(1))
            .cooldown(Duration::ZERO)
            .max_per_hour(1_000);
        let alertmanager = Alertmanager::new(urls).unwrap();
        let alerts = Alerts::builder()
            .metrics(prometheus.clone())
            .rules(rules)
            .channel(alertmanager.every(Duration::from_secs(2)))
            .channel(webhook)
            .interval(Duration::from_secs(1))
            .settle(Duration::ZERO)
            .service("shop")
            .external_url("https://shop.example.org/vitals/")
            .run()
            .unwrap();
        Self {
            name: name.to_owned(),
            prometheus,
            alerts,
        }
    }

    fn set(&self, member: &str, depth: f64) {
        let metadata = Metadata::new("test", metrics::Level::INFO, None);
        let labels = [("member", member.to_owned())];
        let gauge: Gauge = self
            .prometheus
            .register_gauge(&Key::from_parts("queue_depth", &labels), &metadata);
        gauge.set(depth);
    }

    /// The alerts that fire, but for those that a silence of the engine keeps from the server.
    fn firing(&self) -> Shown {
        let alerts = self.alerts.alerts().into_iter();
        let firing = alerts.filter(|it| it.state == AlertState::Firing && it.held_back.is_empty());
        let shown = firing.map(|mut alert| {
            alert.labels.insert("alertname".to_owned(), alert.name);
            (
                alert.labels,
                (alert.annotations.into(), milliseconds(alert.since)),
            )
        });
        shown.collect()
    }

    fn matcher(&self) -> String {
        format!("alertname={}", self.name)
    }

    /// The active and the silenced alerts of a server.
    fn known_to(&self, server: &Server) -> Shown {
        let args = ["alert", "query", "-a", "-s", "-o", "json", &self.matcher()];
        let alerts: Vec<Value> = serde_json::from_str(&server.amtool(&args)).unwrap();
        let shown = alerts.iter().map(|alert| {
            let labels = texts(&alert["labels"]);
            let id = AlertId::of(&self.name, &labels).to_string();
            assert_eq!(alert["fingerprint"], id);
            let shown = (texts(&alert["annotations"]), start(alert));
            (labels, shown)
        });
        shown.collect()
    }

    /// Waits until the server and the engine show the same alerts, with these summaries.
    async fn agrees_with(&self, server: &Server, summaries: &[&str]) {
        let deadline = Instant::now() + Duration::from_secs(90);
        loop {
            let (own, there) = (self.firing(), self.known_to(server));
            let told = own
                .values()
                .map(|(annotations, _)| &*annotations["summary"]);
            if own == there && told.eq(summaries.iter().copied()) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{summaries:?}\nhere: {own:#?}\nthere: {there:#?}"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The last news of each alert in the notifications of the server.
    fn told_by(&self, server: &Server) -> String {
        let mut last = BTreeMap::new();
        for notification in server.notifications(&self.name) {
            for alert in notification["alerts"].as_array().unwrap() {
                let member = alert["labels"]["member"].as_str().unwrap().to_owned();
                last.insert(member, alert["status"].as_str().unwrap().to_owned());
            }
        }
        let last = last
            .iter()
            .map(|(member, status)| format!("{member}={status}"));
        last.collect::<Vec<_>>().join(" ")
    }

    /// The last error of the channel.
    fn error(&self) -> Option<String> {
        self.alerts.stats().channels[0].last_error.clone()
    }
}

fn texts(map: &Value) -> Labels {
    serde_json::from_value(map.clone()).unwrap()
}

fn milliseconds(time: SystemTime) -> u128 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_millis()
}

fn start(alert: &Value) -> u128 {
    milliseconds(time(&alert["startsAt"]))
}

/// The payload without what differs: the addresses of the senders, the reason that old versions do not tell, and the fractions of
/// milliseconds, which Alertmanager does not keep.
fn comparable(notification: &Value) -> Value {
    let mut payload = notification.clone();
    let fields = payload.as_object_mut().unwrap();
    fields.remove("externalURL").unwrap();
    fields.remove("notification_reason");
    for alert in payload["alerts"].as_array_mut().unwrap() {
        for field in ["startsAt", "endsAt"] {
            if alert[field] != "0001-01-01T00:00:00Z" {
                alert[field] = milliseconds(time(&alert[field])).to_string().into();
            }
        }
    }
    payload
}

/// Waits until the webhook of the engine got this many notifications, and compares the last one with that of the servers.
async fn assert_same_payload(service: &Service, theirs: &Value, count: usize) {
    let own = || sink::notifications(&["engine"], &service.name);
    until("the webhook gets it", || own().len() == count).await;
    let own = own().pop().unwrap();
    assert_eq!(comparable(&own), comparable(theirs), "{count}");
}

async fn agrees_through_everything(server: &Server) {
    let name = unique("Queue");
    let service = Service::new(&name, &[&server.url]);

    // Firing.
    service.set("a", 7.0);
    service.agrees_with(server, &["7 jobs wait in a"]).await;
    let firing = nth(server, &name, 1).await;
    assert_eq!(told(&firing), "firing: a=firing");
    assert_same_payload(&service, &firing, 1).await;
    let first = service.firing();

    // Updated: the same alert with another annotation, and no notification.
    service.set("a", 9.0);
    service.agrees_with(server, &["9 jobs wait in a"]).await;
    let starts = |shown: &Shown| shown.values().map(|(_, start)| *start).collect::<Vec<_>>();
    assert_eq!(starts(&service.firing()), starts(&first));

    // Resolved. The text is that of the time when it fired.
    service.set("a", 0.0);
    service.agrees_with(server, &[]).await;
    let resolved = nth(server, &name, 2).await;
    assert_eq!(told(&resolved), "resolved: a=resolved");
    assert_eq!(
        resolved["alerts"][0]["annotations"]["summary"],
        "9 jobs wait in a"
    );

    // The webhook's group is judged at a time of its own, and would not see an end before it.
    let own = || sink::notifications(&["engine"], &service.name);
    until("the webhook gets the end", || own().len() == 2).await;

    // Fired again, with another start.
    service.set("a", 8.0);
    service.agrees_with(server, &["8 jobs wait in a"]).await;
    let again = nth(server, &name, 3).await;
    assert_eq!(told(&again), "firing: a=firing");
    assert_same_payload(&service, &again, 3).await;
    assert!(starts(&service.firing()) > starts(&first));

    // Silenced there: both know the alert, and it is not told before the silence ends.
    let matcher = service.matcher();
    let add = ["silence", "add", &matcher, "member=b", "--duration=1h"];
    let silence = server.amtool(&[&add[..], &["--author=tests", "--comment=tests"]].concat());
    service.set("b", 7.0);
    let two = ["8 jobs wait in a", "7 jobs wait in b"];
    service.agrees_with(server, &two).await;
    assert_eq!(server.members(&matcher, "member"), ["a"]);
    service.set("c", 7.0);
    let three = [two[0], two[1], "7 jobs wait in c"];
    service.agrees_with(server, &three).await;
    assert_eq!(
        told(&nth(server, &name, 4).await),
        "firing: a=firing c=firing"
    );
    server.amtool(&["silence", "expire", silence.trim()]);
    assert_eq!(
        told(&nth(server, &name, 5).await),
        "firing: a=firing b=firing c=firing"
    );
    service.agrees_with(server, &three).await;

    // Down for a minute, in which one alert resolves, one fires and one changes.
    server.stop();
    let back = Instant::now() + Duration::from_mins(1);
    service.set("a", 0.0);
    service.set("b", 11.0);
    service.set("d", 7.0);
    until("the channel fails", || {
        service
            .error()
            .is_some_and(|it| it.contains("cannot connect"))
    })
    .await;
    tokio::time::sleep_until(back).await;
    assert!(service.error().is_some());
    server.start();
    let three = ["11 jobs wait in b", "7 jobs wait in c", "7 jobs wait in d"];
    service.agrees_with(server, &three).await;
    until("the server has told of all changes", || {
        service.told_by(server) == "a=resolved b=firing c=firing d=firing"
    })
    .await;
    assert_eq!(service.error(), None);

    silenced_here(&service, server, &three).await;

    // All resolved.
    for member in ["b", "c", "d", "e"] {
        service.set(member, 0.0);
    }
    service.agrees_with(server, &[]).await;
    until("the server has told of all ends", || {
        service.told_by(server) == "a=resolved b=resolved c=resolved d=resolved e=resolved"
    })
    .await;
    service.alerts.shutdown(Duration::from_secs(5)).await;
}

/// Silences of the engine: the server learns of an alert when the silence ends, and one that fires already stays there.
async fn silenced_here(service: &Service, server: &Server, three: &[&str; 3]) {
    let mut silences = Vec::new();
    for member in ["b", "e"] {
        let target = SilenceTarget::Labels(vec![Matcher::equal("member", member)]);
        let until = SystemTime::now() + Duration::from_hours(1);
        let made = service.alerts.suppress(target, until, "tests", None);
        silences.extend(made.await.unwrap());
    }
    service.set("e", 7.0);
    until("it fires", || {
        let alerts = service.alerts.alerts();
        let firing = alerts.iter().filter(|it| it.state == AlertState::Firing);
        firing.count() == 4
    })
    .await;
    let known: Vec<_> = ["b", "c", "d"].map(str::to_owned).into();
    let fired = SystemTime::now();
    until("two posts after it", || {
        let posted = service.alerts.stats().channels[0].last_success;
        posted.is_some_and(|posted| posted > fired + Duration::from_secs(2))
    })
    .await;
    assert_eq!(server.members(&service.matcher(), "member"), known);
    for silence in silences {
        assert!(service.alerts.unsuppress(&silence, "tests").await.unwrap());
    }
    let four = [three[0], three[1], three[2], "7 jobs wait in e"];
    service.agrees_with(server, &four).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Alertmanager: tests/run"]
async fn an_engine_and_version_0_25_agree() {
    let _alone = INSTALLED.lock().await;
    agrees_through_everything(&Server::installed()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Alertmanager: tests/run"]
async fn an_engine_and_a_current_version_agree() {
    let _alone = CURRENT.lock().await;
    if let Some(server) = Server::current() {
        agrees_through_everything(&server).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Alertmanager: tests/run"]
async fn a_cluster_tells_each_change_of_an_engine_once() {
    let _alone = CLUSTER.lock().await;
    let Some(servers) = Server::cluster() else {
        return;
    };
    let name = unique("Queues");
    let urls = servers.each_ref().map(|server| &*server.url);
    let before = servers.each_ref().map(Server::lookups);
    let service = Service::new(&name, &urls);
    service.set("a", 7.0);
    for server in &servers {
        service.agrees_with(server, &["7 jobs wait in a"]).await;
    }
    let mut expected = vec!["firing: a=firing"];
    assert_eq!(told_by_both(&servers, &name, before).await, expected);
    let last = || sink::notifications(&servers.each_ref().map(Server::name), &name).pop();
    assert_same_payload(&service, &last().unwrap(), 1).await;
    let before = servers.each_ref().map(Server::lookups);
    service.set("a", 0.0);
    for server in &servers {
        service.agrees_with(server, &[]).await;
    }
    expected.push("resolved: a=resolved");
    until("the end is told", || by_cluster(&name).len() > 1).await;
    assert_eq!(told_by_both(&servers, &name, before).await, expected);
    assert_same_payload(&service, &last().unwrap(), 2).await;
}
