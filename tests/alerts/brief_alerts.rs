//! Alerts of code that fire and are cleared before the engine looks.

use std::time::{Duration, UNIX_EPOCH};

use tower_vitals::Prometheus;
use tower_vitals::alerts::state::CodeAlert;
use tower_vitals::alerts::{Alert, Alerts, Receiver};

use super::kept::Kept;

const TICK: Duration = Duration::from_secs(15);

/// Plays what code asks for before one evaluation and 30 more, and returns the transitions and what was told.
async fn play(ask: impl FnOnce(&Alerts)) -> (Vec<String>, Vec<String>) {
    let prometheus = Prometheus::builder().build().unwrap();
    let kept = Kept::default();
    let receiver = Receiver::from(kept.clone()).group_by(["alertname"]);
    let alerts = Alerts::builder().channel(receiver).manual().run().unwrap();
    ask(&alerts);
    let mut transitions = Vec::new();
    let start = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    for tick in 0..31 {
        let snapshot = prometheus.snapshot();
        let changes = alerts.evaluate_at(&snapshot, start + TICK * tick);
        let changes = changes.await.unwrap();
        transitions.extend(
            changes
                .iter()
                .map(|it| format!("{tick}: {} {}", it.name, it.to)),
        );
        tokio::time::sleep(TICK).await;
    }
    let told = kept.sent().into_iter().map(|sent| {
        let age = sent.at.duration_since(start).unwrap().as_secs();
        format!("{}: {}", age / 15, sent.title())
    });
    (transitions, told.collect())
}

fn brief(name: &str, alert: impl FnOnce(String) -> CodeAlert) -> CodeAlert {
    alert(format!("{name} broke")).name(name)
}

#[tokio::test(start_paused = true)]
async fn a_critical_one_is_told_and_then_its_end() {
    let (transitions, told) = play(|alerts| {
        let id = alerts.fire(brief("disk", Alert::critical));
        alerts.clear(id);
    })
    .await;
    assert_eq!(transitions, ["0: disk firing", "0: disk resolved"]);
    assert_eq!(told, ["0: [FIRING:1] disk", "20: [RESOLVED:1] disk"]);
}

#[tokio::test(start_paused = true)]
async fn one_whose_group_waits_is_never_told() {
    let (transitions, told) = play(|alerts| {
        let id = alerts.fire(brief("disk", Alert::error));
        alerts.clear(id);
    })
    .await;
    assert_eq!(transitions, ["0: disk firing", "0: disk resolved"]);
    assert_eq!(told, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn one_that_flaps_is_told_once_and_its_last_state_counts() {
    let (transitions, told) = play(|alerts| {
        for _ in 0..3 {
            let id = alerts.fire(brief("disk", Alert::critical));
            alerts.clear(id);
        }
        alerts.fire(brief("disk", Alert::critical));
        let id = alerts.fire(brief("net", Alert::critical));
        alerts.clear(id);
    })
    .await;
    let expected = [
        "0: disk firing",
        "0: net firing",
        "0: disk resolved",
        "0: disk firing",
        "0: disk resolved",
        "0: disk firing",
        "0: disk resolved",
        "0: disk firing",
        "0: net resolved",
    ];
    assert_eq!(transitions, expected);
    let expected = [
        "0: [FIRING:1] disk",
        "0: [FIRING:1] net",
        "20: [RESOLVED:1] net",
    ];
    assert_eq!(told, expected);
}
