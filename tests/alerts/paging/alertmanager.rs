//! `Alertmanager`, against sinks.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tower_vitals::alerts::channels::NotificationReason::{Sync, Test};
use tower_vitals::alerts::channels::{Alertmanager, Channel, Mode};

use super::notifications::{firing, labels, noon, notification, resolved};
use super::sink::{Reply, Sink, assert_common, kind, says};
use crate::support::log::Log;

const MINUTE: Duration = Duration::from_secs(60);

fn alertmanager(url: &str) -> Alertmanager {
    Alertmanager::new([url]).unwrap()
}

/// The names of the posted alerts, a set for each request.
fn names(sink: &Sink) -> Vec<Vec<String>> {
    let name = |alert: &Value| alert["labels"]["alertname"].as_str().unwrap().to_owned();
    let names = |body: Value| body.as_array().unwrap().iter().map(name).collect();
    sink.bodies().into_iter().map(names).collect()
}

#[tokio::test]
async fn alerts_have_a_start_and_an_end() {
    let sink = Sink::always(says(200, "")).await;
    let url = sink.url().replace("://", "://vitals:pl4nted@") + "/prefix/";
    let channel = alertmanager(&url);
    let both = [
        firing("Rate §", &[("endpoint", "/pay")]),
        resolved("Latency", &[]),
    ];
    assert_eq!(channel.send(&notification(Sync, both)).await, Ok(()));
    let [request] = &sink.received()[..] else {
        panic!()
    };
    assert_eq!(
        (&*request.method, &*request.target),
        ("POST", "/prefix/api/v2/alerts")
    );
    assert_eq!(request.header("content-type"), Some("application/json"));
    // vitals:pl4nted
    assert_eq!(
        request.header("authorization"),
        Some("Basic dml0YWxzOnBsNG50ZWQ=")
    );
    let explain = "https://shop.example.org/vitals/alerts/rules";
    let expected = json!([
        {
            "labels": { "alertname": "Rate §", "endpoint": "/pay" },
            "annotations": { "summary": "12 % of requests fail" },
            "startsAt": "2026-08-01T11:55:00Z",
            "endsAt": "2026-08-01T12:05:00Z",
            "generatorURL": format!("{explain}/Rate%20%C2%A7/explain"),
        },
        {
            "labels": { "alertname": "Latency" },
            "annotations": { "summary": "12 % of requests fail" },
            "startsAt": "2026-08-01T11:55:00Z",
            "endsAt": "2026-08-01T12:00:00Z",
            "generatorURL": format!("{explain}/Latency/explain"),
        },
    ]);
    assert_eq!(request.json(), expected);
    assert_eq!(channel.mode(), Mode::Alerts { every: MINUTE });
    assert!(channel.deduplicates() && !channel.takes_acknowledgements());
}

#[tokio::test]
async fn what_alertmanager_refuses_is_not_posted() {
    let sink = Sink::always(says(200, "")).await;
    let mut alert = firing(
        "A",
        &[
            ("empty", ""),
            ("k8s.pod", "p"),
            ("k8s_pod", "q"),
            ("0", "z"),
        ],
    );
    let annotations = labels(&[("more.info", ""), ("summary", "s")]);
    alert.annotations = annotations
        .iter()
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect();
    // The clock was set back.
    alert.starts_at = noon() + 60 * MINUTE;
    let mut gone = resolved("B", &[]);
    gone.starts_at = noon() + MINUTE;
    let mut endless = resolved("C", &[]);
    endless.ends_at = None;
    let mut sync = notification(Sync, [alert, gone, endless]);
    sync.external_url = Some("abc".to_owned());
    let channel = alertmanager(&sink.url()).every(2 * MINUTE);
    assert_eq!(channel.send(&sync).await, Ok(()));
    let body = &sink.bodies()[0];
    let alert = json!({
        "labels": { "alertname": "A", "k8s_pod": "q", "k8s_pod_": "p", "_0": "z" },
        "annotations": { "more_info": "", "summary": "s" },
        "startsAt": "2026-08-01T12:08:00Z",
        "endsAt": "2026-08-01T12:08:00Z",
    });
    assert_eq!(body[0], alert);
    let times = |alert: &Value| [alert["startsAt"].clone(), alert["endsAt"].clone()];
    assert_eq!(
        times(&body[1]),
        ["2026-08-01T12:00:00Z", "2026-08-01T12:00:00Z"]
    );
    assert_eq!(
        times(&body[2]),
        ["2026-08-01T11:55:00Z", "2026-08-01T12:00:00Z"]
    );
}

#[tokio::test]
async fn batches_are_small_and_a_refused_alert_is_found() {
    let (log, _guard) = Log::of_this_thread();
    let kept = Arc::new(Mutex::new(BTreeSet::new()));
    let taken = Arc::clone(&kept);
    // Refuses a whole batch for one alert, as Alertmanager does.
    let sink = Sink::new(move |_, request| {
        let batch = request.json();
        let batch = batch.as_array().unwrap();
        let names = batch
            .iter()
            .map(|alert| alert["labels"]["alertname"].to_string());
        let names: Vec<_> = names.collect();
        if names.iter().any(|name| name.contains("Bad")) {
            return says(422, r#"{"code":601,"message":"bad alert"}"#);
        }
        taken.lock().unwrap().extend(names);
        says(200, "")
    })
    .await;
    let name = |number| match number {
        7 | 77 => format!("Bad{number}"),
        _ => format!("Good{number}"),
    };
    let alerts = (0..150).map(|number| firing(&name(number), &[]));
    let channel = alertmanager(&sink.url());
    let sync = notification(Sync, alerts);
    let error = channel.send(&sync).await.unwrap_err();
    assert_eq!(kind(&Err(error.clone())), ("rejected", None));
    let start = "Alertmanager refused 2 of 150 alerts (Bad7, Bad77): the response is 422";
    assert!(error.message().starts_with(start), "{error}");
    assert_eq!(kept.lock().unwrap().len(), 148);
    let sizes: Vec<_> = names(&sink).iter().map(Vec::len).collect();
    assert_eq!(sizes.iter().max(), Some(&64));
    // Three batches, and two halves for each of six splits of two of them.
    assert_eq!(sizes.len(), 3 + 2 * 2 * 6);
    assert_eq!(log.count("Alertmanager refused alerts"), 1);
    channel.send(&sync).await.unwrap_err();
    // At most once a minute.
    assert_eq!(log.count("Alertmanager refused alerts"), 1);
}

#[tokio::test]
async fn if_everything_is_refused_the_requests_are_bounded() {
    let sink = Sink::always(says(400, "no")).await;
    let alerts = (0..1_000).map(|number| firing(&format!("Bad{number}"), &[]));
    let error = alertmanager(&sink.url())
        .send(&notification(Sync, alerts))
        .await
        .unwrap_err();
    assert!(
        error
            .message()
            .contains("refused 1000 of 1000 alerts (Bad0, Bad1, Bad2, Bad3, Bad4, ..)"),
        "{error}"
    );
    // 16 batches, and two halves for each of 128 splits.
    assert_eq!(sink.received().len(), 16 + 2 * 128);
}

#[tokio::test]
async fn every_instance_gets_the_alerts_whatever_the_others_do() {
    let ok = || Sink::always(says(200, ""));
    let sync = notification(Sync, [firing("A", &[])]);
    for (reply, part) in [
        (says(503, "starting"), "503"),
        (says(401, "who"), "401"),
        (says(302, ""), "302"),
        (Reply::Resets, "no response from"),
        (Reply::Hangs, "did not answer within 100ms"),
    ] {
        let (first, broken, last) = (ok().await, Sink::always(reply.clone()).await, ok().await);
        let urls = [&first, &broken, &last].map(Sink::url);
        let channel = Alertmanager::new(urls)
            .unwrap()
            .timeout(Duration::from_millis(100));
        let result = channel.send(&sync).await;
        assert_eq!(kind(&result), ("retry", None), "{reply:?}");
        let message = result.unwrap_err().message().to_owned();
        assert!(
            message.starts_with("1 of 3 instances of Alertmanager failed: "),
            "{message}"
        );
        assert!(message.contains(part), "{message}");
        assert_eq!(
            [&first, &broken, &last].map(|sink| names(sink).len()),
            [1, 1, 1]
        );
    }
    let refusing = [
        Sink::always(says(401, "")).await,
        Sink::always(says(403, "")).await,
    ];
    let channel = Alertmanager::new(refusing.map(|sink| sink.url())).unwrap();
    assert_eq!(kind(&channel.send(&sync).await), ("stopped", None));
}

#[tokio::test]
async fn an_outage_is_logged_when_it_starts_and_when_it_ends() {
    let (log, _guard) = Log::of_this_thread();
    let sink = Sink::new(|earlier, _| says(if earlier < 3 { 500 } else { 200 }, "")).await;
    let channel = Alertmanager::new([sink.url(), Sink::always(says(200, "")).await.url()]).unwrap();
    let sync = notification(Sync, [firing("A", &[])]);
    for _ in 0..3 {
        assert_eq!(kind(&channel.send(&sync).await), ("retry", None));
    }
    assert_eq!(channel.send(&sync).await, Ok(()));
    let server = format!("server=\"{}\"", sink.url());
    assert_eq!(log.count(&server), 2, "{}", log.text());
    assert_eq!(log.count("cannot post alerts to Alertmanager"), 1);
    assert_eq!(log.count("Alertmanager takes alerts again"), 1);
}

#[tokio::test]
async fn errors_are_treated_as_documented() {
    let sync = notification(Sync, [firing("A", &[])]);
    assert_common(alertmanager, &sync).await;
    for (status, expected) in [
        (200, "ok"),
        (400, "rejected"),
        (415, "rejected"),
        (422, "rejected"),
    ] {
        let sink = Sink::always(says(status, "")).await;
        let result = alertmanager(&sink.url()).send(&sync).await;
        assert_eq!(kind(&result), (expected, None), "{status}");
    }
}

#[tokio::test]
async fn a_test_is_an_alert_and_without_alerts_nothing_is_posted() {
    let sink = Sink::always(says(200, "")).await;
    let channel = alertmanager(&sink.url());
    assert_eq!(channel.send(&notification(Sync, [])).await, Ok(()));
    assert_eq!(channel.send(&notification(Test, [])).await, Ok(()));
    let bodies = sink.bodies();
    assert_eq!(bodies.len(), 1);
    let expected = json!({ "alertname": "ChannelTest", "service": "shop", "severity": "info" });
    assert_eq!(bodies[0][0]["labels"], expected);
}

#[tokio::test]
async fn times_out_of_range_do_not_panic() {
    let sink = Sink::always(says(200, "")).await;
    let mut sync = notification(Sync, [firing("A", &[]), resolved("B", &[])]);
    let far = Duration::from_secs(1 << 62);
    sync.at = SystemTime::UNIX_EPOCH + far;
    sync.alerts[1].starts_at = SystemTime::UNIX_EPOCH.checked_sub(far).unwrap();
    let channel = alertmanager(&sink.url()).every(Duration::MAX);
    assert_eq!(channel.send(&sync).await, Ok(()));
    assert_eq!(sink.bodies()[0].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn passwords_appear_nowhere_and_all_invalid_urls_are_reported() {
    let (log, _guard) = Log::of_this_thread();
    let sink = Sink::always(says(401, "who is vitals:pl4nted-pw")).await;
    let url = sink.url().replace("://", "://vitals:pl4nted-pw@");
    let channel = Alertmanager::new([&url]).unwrap();
    let error = channel
        .send(&notification(Sync, [firing("A", &[])]))
        .await
        .unwrap_err();
    let mut shown = format!("{error} {error:?} {channel:?} {}", log.text());
    assert!(shown.contains("who is"), "{shown}");
    let urls = [
        "http://u:pl4nted-pw@",
        "http://fine:9093",
        "http://h/?pl4nted",
    ];
    let error = Alertmanager::new(urls).unwrap_err().to_string();
    assert!(
        error.starts_with("2 mistakes: the URL of Alertmanager is invalid: "),
        "{error}"
    );
    shown += &error;
    assert!(!shown.contains("pl4nted"), "{shown}");
    let error = Alertmanager::new([] as [&str; 0]).unwrap_err().to_string();
    assert_eq!(
        error,
        "there is no URL of Alertmanager: name each of its instances"
    );
}
