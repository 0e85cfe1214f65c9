//! The channel to Alertmanager, with real servers: version 0.25, a current one, and a cluster of two.

mod engine;
mod server;
mod sink;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio::time::Instant;
use tower_vitals::alerts::channels::NotificationReason::Sync;
use tower_vitals::alerts::channels::{Alertmanager, Channel, DeliveryError, NotifiedAlert};

use self::server::Server;
use super::paging::notifications::{firing, notification};

/// Polls `holds` until it returns true. Panics with `description` after a minute.
async fn until(description: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds() {
        assert!(Instant::now() < deadline, "after a minute: {description}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// One post of these alerts, now.
async fn post(
    channel: &Alertmanager,
    alerts: impl IntoIterator<Item = NotifiedAlert>,
) -> Result<(), DeliveryError> {
    let mut sync = notification(Sync, alerts);
    sync.at = SystemTime::now();
    channel.send(&sync).await
}

/// A name of this run, because the servers remember the notifications of the last one.
fn unique(name: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    format!("{name}{}", now.as_nanos())
}

fn new_alert(name: &str, member: &str) -> NotifiedAlert {
    let mut alert = firing(
        name,
        &[("member", member), ("empty", ""), ("k8s.pod", "p-1")],
    );
    alert.starts_at = whole_seconds(SystemTime::now());
    alert
}

fn resolve(alert: &NotifiedAlert) -> NotifiedAlert {
    let mut alert = alert.clone();
    alert.is_firing = false;
    alert.ends_at = Some(SystemTime::now());
    alert
}

fn whole_seconds(time: SystemTime) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(time.duration_since(UNIX_EPOCH).unwrap().as_secs())
}

fn time(value: &Value) -> SystemTime {
    let time: jiff::Timestamp = value.as_str().unwrap().parse().unwrap();
    time.into()
}

/// The state of a notification, and its alerts with their states: `firing: a=firing b=resolved`.
fn told(notification: &Value) -> String {
    let alerts = notification["alerts"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let alerts = alerts.iter().map(|alert| {
        let (member, status) = (&alert["labels"]["member"], &alert["status"]);
        format!(" {}={}", text(member), text(status))
    });
    let mut alerts: Vec<_> = alerts.collect();
    alerts.sort();
    format!("{}:{}", text(&notification["status"]), alerts.concat())
}

/// Waits until the server has sent this many notifications, and returns the last one.
async fn nth(server: &Server, name: &str, count: usize) -> Value {
    let what = format!("{count} notifications about {name}");
    until(&what, || server.notifications(name).len() >= count).await;
    server.notifications(name).pop().unwrap()
}

async fn lives_through_everything(server: &Server, name: &str) {
    let matcher = format!("alertname={name}");
    let shown = || server.members(&matcher, "member");
    let channel = Alertmanager::new([&server.url]).unwrap();

    // Firing.
    let mut a = new_alert(name, "a");
    post(&channel, [a.clone()]).await.unwrap();
    assert_eq!(told(&nth(server, name, 1).await), "firing: a=firing");
    let [alert] = &server.alerts(&matcher)[..] else {
        panic!()
    };
    assert_eq!(alert["annotations"]["summary"], "12 % of requests fail");
    let url = format!("https://shop.example.org/vitals/alerts/rules/{name}/explain");
    assert_eq!(alert["generatorURL"], url);
    assert_eq!(alert["labels"]["k8s_pod"], "p-1");
    assert_eq!(alert["labels"].get("empty"), None);
    assert_eq!(time(&alert["startsAt"]), a.starts_at);
    let left = time(&alert["endsAt"])
        .duration_since(SystemTime::now())
        .unwrap();
    assert!((280..=300).contains(&left.as_secs()), "{left:?}");

    // Updated: no notification, because nothing else changed.
    let more = "half of all requests fail".to_owned();
    a.annotations.insert("summary".to_owned(), more.clone());
    post(&channel, [a.clone()]).await.unwrap();
    let [alert] = &server.alerts(&matcher)[..] else {
        panic!()
    };
    assert_eq!(alert["annotations"]["summary"], more);
    assert_eq!(time(&alert["startsAt"]), a.starts_at);

    // Resolved, and posted again as such.
    let gone = resolve(&a);
    post(&channel, [gone.clone()]).await.unwrap();
    assert_eq!(shown(), [""; 0]);
    let notification = nth(server, name, 2).await;
    assert_eq!(told(&notification), "resolved: a=resolved");
    assert_eq!(notification["alerts"][0]["annotations"]["summary"], more);
    post(&channel, [gone]).await.unwrap();
    assert_eq!(shown(), [""; 0]);

    // Fired again.
    a.starts_at = SystemTime::now();
    post(&channel, [a.clone()]).await.unwrap();
    let notification = nth(server, name, 3).await;
    assert_eq!(told(&notification), "firing: a=firing");
    assert_eq!(time(&notification["alerts"][0]["startsAt"]), a.starts_at);

    // Silenced there: the notification about `c` does not name `b`, which fired before it.
    let silence = server.amtool(&[
        "silence",
        "add",
        &matcher,
        "member=b",
        "--duration=1h",
        "--author=tests",
        "--comment=tests",
    ]);
    let (b, c) = (new_alert(name, "b"), new_alert(name, "c"));
    post(&channel, [a.clone(), b.clone()]).await.unwrap();
    assert_eq!(shown(), ["a"]);
    post(&channel, [a.clone(), b.clone(), c.clone()])
        .await
        .unwrap();
    assert_eq!(
        told(&nth(server, name, 4).await),
        "firing: a=firing c=firing"
    );
    assert_eq!(shown(), ["a", "c"]);
    server.amtool(&["silence", "expire", silence.trim()]);
    assert_eq!(
        told(&nth(server, name, 5).await),
        "firing: a=firing b=firing c=firing"
    );
    assert_eq!(shown(), ["a", "b", "c"]);

    // Down and back: it has forgotten the alerts, but not its notifications.
    server.stop();
    let error = post(&channel, [a.clone(), b.clone(), c.clone()])
        .await
        .unwrap_err();
    assert!(
        matches!(error, DeliveryError::Retry { after: None, .. }),
        "{error:?}"
    );
    assert!(error.message().contains("cannot connect"), "{error}");
    server.start();
    assert_eq!(shown(), [""; 0]);
    post(&channel, [a.clone(), b.clone(), c.clone()])
        .await
        .unwrap();
    assert_eq!(shown(), ["a", "b", "c"]);
    let d = new_alert(name, "d");
    post(&channel, [a.clone(), b.clone(), c.clone(), d.clone()])
        .await
        .unwrap();
    let all = "firing: a=firing b=firing c=firing d=firing";
    assert_eq!(told(&nth(server, name, 6).await), all);

    // All resolved.
    post(&channel, [a, b, c, d].each_ref().map(resolve))
        .await
        .unwrap();
    let all = all.replace("firing", "resolved");
    assert_eq!(told(&nth(server, name, 7).await), all);
    assert_eq!(shown(), [""; 0]);
    assert_eq!(server.notifications(name).len(), 7);
}

/// Serializes the tests of a server, because one stops it.
static INSTALLED: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
static CURRENT: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
static CLUSTER: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test]
#[ignore = "needs Alertmanager: tests/run"]
async fn version_0_25_follows_the_alerts() {
    let _alone = INSTALLED.lock().await;
    let server = Server::installed();
    assert!(
        server.version().starts_with("0.25."),
        "{}",
        server.version()
    );
    lives_through_everything(&server, &unique("Life")).await;
}

#[tokio::test]
#[ignore = "needs Alertmanager: tests/run"]
async fn a_current_version_follows_the_alerts() {
    let _alone = CURRENT.lock().await;
    let Some(server) = Server::current() else {
        return;
    };
    assert!(
        !server.version().starts_with("0.25."),
        "{}",
        server.version()
    );
    lives_through_everything(&server, &unique("Life")).await;
}

/// Alertmanager refuses the whole batch of an alert that starts before the year 0.
async fn keeps_the_others(server: &Server, name: &str) {
    let members: Vec<_> = (0..100).map(|number| format!("{number:02}")).collect();
    let mut alerts: Vec<_> = members
        .iter()
        .map(|member| new_alert(name, member))
        .collect();
    let year = Duration::from_secs(366 * 24 * 60 * 60);
    alerts[42].starts_at = UNIX_EPOCH - 2_000 * year;
    let channel = Alertmanager::new([&server.url]).unwrap();
    let error = post(&channel, alerts.clone()).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Rejected { .. }), "{error:?}");
    let start = format!("Alertmanager refused 1 of 100 alerts ({name}): the response is 4");
    assert!(error.message().starts_with(&start), "{error}");
    let matcher = format!("alertname={name}");
    let mut kept = members;
    kept.remove(42);
    assert_eq!(server.members(&matcher, "member"), kept);
    alerts.remove(42);
    post(&channel, alerts.iter().map(resolve)).await.unwrap();
    assert_eq!(server.members(&matcher, "member"), [""; 0]);
}

#[tokio::test]
#[ignore = "needs Alertmanager: tests/run"]
async fn a_refused_alert_does_not_lose_its_batch() {
    {
        let _alone = INSTALLED.lock().await;
        keeps_the_others(&Server::installed(), &unique("Batch")).await;
    }
    let _alone = CURRENT.lock().await;
    if let Some(server) = Server::current() {
        keeps_the_others(&server, &unique("Batch")).await;
    }
}

fn by_cluster(name: &str) -> Vec<String> {
    let all = sink::notifications(&["alertmanager-a", "alertmanager-b"], name);
    all.iter().map(told).collect()
}

/// The notifications of both instances, once each has decided about a notification after it had made this many look-ups.
async fn told_by_both(servers: &[Server; 2], name: &str, before: [f64; 2]) -> Vec<String> {
    until("both instances have decided", || {
        let after = servers.each_ref().map(Server::lookups);
        after[0] > before[0] && after[1] > before[1]
    })
    .await;
    by_cluster(name)
}

#[tokio::test]
#[ignore = "needs Alertmanager: tests/run"]
async fn two_clustered_instances_send_one_notification() {
    let _alone = CLUSTER.lock().await;
    let Some(servers) = Server::cluster() else {
        return;
    };
    let [first, second] = &servers;
    let name = &unique("Clustered");
    let matcher = format!("alertname={name}");
    let channel = Alertmanager::new([&first.url, &second.url]).unwrap();
    let alert = new_alert(name, "a");
    let before = servers.each_ref().map(Server::lookups);
    post(&channel, [alert.clone()]).await.unwrap();
    for server in &servers {
        assert_eq!(server.members(&matcher, "member"), ["a"]);
    }
    let mut expected = vec!["firing: a=firing"];
    assert_eq!(told_by_both(&servers, name, before).await, expected);

    // One is down: the other tells it.
    second.stop();
    let both = [alert, new_alert(name, "b")];
    let error = post(&channel, both.clone()).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Retry { .. }), "{error:?}");
    let start = "1 of 2 instances of Alertmanager failed: cannot connect";
    assert!(error.message().starts_with(start), "{error}");
    expected.push("firing: a=firing b=firing");
    until("the first instance tells it", || {
        by_cluster(name) == expected
    })
    .await;

    // The next post after its return makes it agree, and it does not tell it again.
    second.start();
    let before = [first.lookups(), 0.0];
    post(&channel, both.clone()).await.unwrap();
    for server in &servers {
        assert_eq!(server.members(&matcher, "member"), ["a", "b"]);
    }
    assert_eq!(told_by_both(&servers, name, before).await, expected);

    // Not while the second instance waits with the alerts that it had before.
    let waiting = servers.iter().find(|server| server.is_second()).unwrap();
    let lookups = waiting.lookups();
    until("the second instance has decided", || {
        waiting.lookups() > lookups
    })
    .await;
    let before = servers.each_ref().map(Server::lookups);
    post(&channel, both.each_ref().map(resolve)).await.unwrap();
    expected.push("resolved: a=resolved b=resolved");
    assert_eq!(told_by_both(&servers, name, before).await, expected);
    for server in &servers {
        assert_eq!(server.members(&matcher, "member"), [""; 0]);
    }
}
