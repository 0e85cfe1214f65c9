//! The texts of notifications.

use tower_vitals::alerts::Level;
use tower_vitals::alerts::notify::Description;
use tower_vitals::redact::register;

use super::desk::{Desk, alert, at, chat, id, saved, seconds};

#[test]
fn an_alert_has_the_labels_of_its_rule_and_its_own() {
    let mut desk = Desk::new([chat().group_wait(seconds(0))]);
    desk.describe = |alert| {
        let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Description {
            labels: [label("team", "payments"), label("pod", "of the rule")].into(),
            annotations: [label(
                "summary",
                &format!("{} is down", alert.labels["pod"]),
            )]
            .into(),
            ..Description::default()
        }
    };
    desk.fire("down/a", 5);
    let decisions = desk.decide(at(7));
    let notification = &decisions.queued[0].1;
    assert_eq!((notification.at, notification.left_out), (at(7), 0));
    let alert = &notification.alerts[0];
    assert_eq!((alert.id, &*alert.name), (id("down/a"), "down"));
    let labels: Vec<_> = alert
        .labels
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let expected = [
        "alertname=down",
        "component=shop",
        "pod=of the rule",
        "severity=error",
        "source=code",
        "team=payments",
    ];
    assert_eq!(labels, expected);
    assert_eq!(alert.annotations["summary"], "a is down");
    assert_eq!((alert.starts_at, alert.ends_at), (at(5), None));
    assert!(alert.is_firing && alert.level == Level::Error);
}

#[test]
fn a_label_severity_stays() {
    let mut desk = Desk::new([chat().group_wait(seconds(0))]);
    let page = alert("down", Level::Error).label("severity", "page");
    desk.state.fire(page, at(0));
    let decisions = desk.decide(at(0));
    assert_eq!(decisions.queued[0].1.alerts[0].labels["severity"], "page");
}

#[test]
fn texts_are_those_of_the_time_of_the_notification() {
    let mut desk = Desk::new([chat()]);
    desk.fire("down", 0);
    desk.tick(0);
    let later = alert("down", Level::Error).name("down");
    desk.state.fire(later, at(20));
    desk.describe = |_| Description {
        annotations: [("summary".to_owned(), "later".to_owned())].into(),
        ..Description::default()
    };
    let decisions = desk.decide(at(30));
    assert_eq!(
        decisions.queued[0].1.alerts[0].annotations["summary"],
        "later"
    );
}

#[test]
fn secrets_do_not_arrive() {
    const PLANTED: [&str; 4] = [
        "planted-secret-1",
        "planted-secret-2",
        "planted-secret-3",
        "planted-secret-4",
    ];
    register(PLANTED[0]);
    let mut desk = Desk::new([chat()
        .group_wait(seconds(0))
        .group_by(["..."])
        .takes_acknowledgements(true)]);
    desk.describe = |_| Description {
        labels: [("api_key".to_owned(), "planted-secret-2".to_owned())].into(),
        annotations: [(
            "summary".to_owned(),
            "postgres://shop:planted-secret-3@db/shop is down".to_owned(),
        )]
        .into(),
        ..Description::default()
    };
    let secret = alert("down", Level::Error).label("url", format!("/hook/{}", PLANTED[0]));
    let id = secret.id();
    desk.state.fire(secret, at(0));
    let mut all = format!("{:?}", desk.decide(at(0)));
    let note = Some("password=planted-secret-4");
    desk.state.acknowledge(id, "ann", note, at(10)).unwrap();
    let acknowledged = format!("{:?}", desk.decide(at(10)));
    assert!(acknowledged.contains("Acknowledged"));
    all += &acknowledged;
    desk.state.clear(id, at(20));
    let resolved = format!("{:?}", desk.decide(at(300)));
    assert!(resolved.contains("AllResolved"));
    all += &resolved;
    all += &saved(&desk.notifier);
    assert!(all.contains("postgres://shop:[redacted]@db/shop is down"));
    for planted in PLANTED {
        assert!(!all.contains(planted), "{planted} in {all}");
    }
}
