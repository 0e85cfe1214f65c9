//! Secrets that the service is given, or that stand in its texts, appear nowhere: not in messages, the log, the history, the routes and
//! `Debug` output.

mod channels;
mod receivers;
mod saved;

use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt;
use tower_vitals::alerts::channels::Log;
use tower_vitals::alerts::slo::{Slo, Slos};
use tower_vitals::alerts::state::{Alert, AlertId, Inhibition, Matcher, Recurrence, SilenceTarget};
use tower_vitals::alerts::stores::{AlertStore, Event, HistoryQuery, MemoryAlerts};
use tower_vitals::alerts::{Alerts, Computed, Labels, Receiver, Rule, Rules, Selector, Signal};
use tower_vitals::routes::Guard;
use tower_vitals::{Prometheus, Routes};

use self::channels::channels;
use self::receivers::{PAGERDUTY, Received, vendors};
use crate::support::log::Log as Logged;
use crate::support::until;

/// All that was shown, and where.
#[derive(Default)]
struct Shown(Vec<(String, String)>);

impl Shown {
    fn add(&mut self, place: impl Into<String>, text: impl Into<String>) {
        self.0.push((place.into(), text.into()));
    }

    fn debug(&mut self, place: &str, value: &dyn Debug) {
        self.add(place, format!("{value:?}\n{value:#?}"));
    }

    /// All rows of a store, which has the alerts.
    fn saved(&mut self, place: &str, rows: Vec<String>) {
        for part in ["Queue", "upload failed"] {
            let has_it = rows.is_empty() || rows.iter().any(|row| row.contains(part));
            assert!(has_it, "{place}: {part}");
        }
        for row in rows {
            self.add(place, row);
        }
    }

    /// Also in base64: that of the signing secret begins so.
    fn assert_clean(&self) {
        let mut leaks = Vec::new();
        for (place, text) in &self.0 {
            let text = text.to_lowercase();
            for secret in ["pl4nted", "cgw0bnrlz"] {
                if let Some(at) = text.find(secret) {
                    let around: String = text[..at].chars().rev().take(60).collect();
                    let around: String = around.chars().rev().collect();
                    let rest: String = text[at..].chars().take(30).collect();
                    leaks.push(format!("{place}: ..{around}{rest}.."));
                }
            }
        }
        assert!(leaks.is_empty(), "{}", leaks.join("\n"));
    }
}

/// Rules with secrets in each of their texts, and in the labels of their alerts.
fn rules() -> Rules {
    let queue = Signal::computed("queue").by(["url", "api_token", "zone"]);
    Rules::builder()
        .rule(
            Rule::new("Queue", queue)
                .gt(5.0)
                .summary("{{ value }} at {{ labels.url }}, password=pl4nted-summary")
                .description("postgres://shop:pl4nted-description@db/shop\nis full")
                .runbook_url("https://wiki:pl4nted-runbook@example.com/queue")
                .label("db_password", "pl4nted-rule-label")
                .label("dsn", "postgres://shop:pl4nted-dsn@db/shop"),
        )
        .rule(Rule::new("Broken", Signal::computed("broken")).gt(5.0))
        .rule(selective("Selective"))
        .allow_unknown_metrics()
        .build()
        .unwrap()
}

fn selector() -> Selector {
    Selector::new("requests_of_clients_total")
        .eq("api_token", "pl4nted-selected")
        .ne("password", "pl4nted-not-selected")
        .starts_with("dsn", "postgres://shop:pl4nted-prefix@db")
}

fn selective(name: &str) -> Rule {
    let signal = Signal::ratio(selector(), selector(), Duration::from_secs(300));
    Rule::new(name, signal).gt(0.5)
}

fn slo() -> Slo {
    Slo::availability("shop", 0.99)
        .bad(selector())
        .total(Selector::new("requests_of_clients_total"))
        .matching("client_secret", "pl4nted-slo")
        .summary("token=pl4nted-slo-summary")
}

/// The errors of rules with mistakes.
fn show_mistakes(shown: &mut Shown) {
    let wrong = Rules::builder()
        .rule(selective("Twice").label("password", "pl4nted-label"))
        .rule(selective("Twice").inhibited_by(Inhibition::by("token=pl4nted-inhibitor")))
        .json(r#"[{"name": "A", "signal": "password=pl4nted-json"}]"#);
    shown.debug("a builder of rules", &wrong);
    let wrong = wrong.build().unwrap_err();
    shown.add("the mistakes of rules", wrong.to_string());
    shown.debug("the mistakes of rules", &wrong);
    let wrong = Alerts::builder()
        .rules(rules())
        .slos(Slos::builder().slo(slo()).slo(slo()))
        .channel(
            Receiver::new("a", Log::new()).matcher(Matcher::equal("api_token", "pl4nted-route")),
        );
    shown.debug("a builder of alerts", &wrong);
    let wrong = wrong.run().unwrap_err();
    shown.add("the mistakes of an engine", wrong.to_string());
    shown.debug("the mistakes of an engine", &wrong);
}

fn queue() -> Computed {
    Computed::values(async || {
        let labels = [
            ("url", "https://shop:pl4nted-label@queue.example.com/"),
            ("api_token", "pl4nted-named-label"),
            ("zone", "a"),
        ];
        let labels: Labels = labels
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        Ok::<_, std::io::Error>(vec![(labels, 7.0)])
    })
}

async fn get(routes: &Router, path: &str) -> (StatusCode, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = routes.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// A body without its secret and without encodings.
fn readable(name: &str, body: &str) -> String {
    match name {
        "pagerduty" => body.replace(PAGERDUTY, "[the key]"),
        _ => body.replace("=\r\n", ""),
    }
}

/// An engine with all channels, and a rule that cannot be evaluated.
async fn engine(
    metrics: &Prometheus,
    store: impl AlertStore,
    received: &Received,
    shown: &mut Shown,
) -> Alerts {
    let host = vendors(received.clone()).await;
    let broken = Computed::value(async || {
        Err("cannot reach postgres://shop:pl4nted-error@db/shop, token=pl4nted-error-token")
    });
    let builder = Alerts::builder()
        .metrics(metrics.clone())
        .rules(rules())
        .computed("queue", queue())
        .computed("broken", broken)
        .slos(Slos::builder().slo(slo()).allow_unknown_metrics())
        .external_url("https://me:pl4nted-external@alerts.example.com/")
        .store(store)
        .manual();
    let channels = channels(&host, received, shown).await;
    let builder = channels
        .into_iter()
        .fold(builder, tower_vitals::alerts::AlertsBuilder::channel);
    shown.debug("the builder", &builder);
    let alerts = builder.run().unwrap();
    shown.debug("the engine", &alerts);
    alerts
}

/// Acts of people, with secrets in their texts.
async fn act(alerts: &Alerts, id: AlertId, shown: &mut Shown) {
    let note = "as in https://me:pl4nted-note@wiki";
    let acknowledged = alerts.acknowledge(id, "ann token=pl4nted-by", Some(note));
    acknowledged.await.unwrap();
    let target = SilenceTarget::Labels(vec![
        Matcher::equal("api_token", "pl4nted-matcher"),
        Matcher::equal("url", "https://u:pl4nted-matched@h"),
    ]);
    shown.debug("a target", &target);
    let hour = SystemTime::now() + Duration::from_secs(3_600);
    let by = "bob password=pl4nted-silencer";
    let silence = alerts.suppress(target, hour, by, Some(note)).await.unwrap();
    shown.debug("the silences", &alerts.silences());
    alerts.unsuppress(&silence[0], by).await.unwrap();
    alerts.resolve(id, by).await.unwrap();
    // These stay.
    let target = SilenceTarget::Labels(vec![
        Matcher::equal("client_secret", "pl4nted-lasting"),
        Matcher::not_equal("url", "https://u:pl4nted-lasting-url@h"),
    ]);
    alerts
        .suppress(target.clone(), hour, by, Some(note))
        .await
        .unwrap();
    let nightly = Recurrence::new("0 2 * * *", "UTC", Duration::from_secs(3_600)).unwrap();
    let recurring = alerts.suppress_recurring(target, nightly, None, by, Some(note));
    recurring.await.unwrap();
}

/// All that the handle and the routes show.
async fn show(alerts: &Alerts, shown: &mut Shown) {
    shown.debug("the alerts", &alerts.alerts());
    shown.debug("the rules", alerts.rules());
    shown.debug("the SLOs", alerts.slos());
    shown.debug("the alerts of SLOs", &alerts.slo_alerts());
    shown.debug("the explanation", &alerts.explain("Queue").unwrap());
    let broken = alerts.explain("Broken").unwrap();
    let tower_vitals::alerts::Explanation::Rule(rule) = &broken else {
        panic!("{broken:?}");
    };
    assert!(rule.stale.as_ref().unwrap().contains("cannot reach"));
    shown.debug("the explanation of a failure", &broken);
    shown.debug("the numbers", &alerts.stats());
    let page = alerts.history(&HistoryQuery::latest(1_000)).await.unwrap();
    let has = |wanted: fn(&Event) -> bool| page.events.iter().any(wanted);
    assert!(has(|it| matches!(it, Event::Transition(_))));
    assert!(has(|it| matches!(it, Event::Silence(_))));
    assert!(has(|it| matches!(it, Event::Notification(_))));
    shown.debug("the history", &page.events);
    shown.add("the history", serde_json::to_string(&page.events).unwrap());
    let problem = alerts.health_check()().await.unwrap_err();
    shown.add("the health check", problem);
    let routes = Routes::new().alerts(alerts.clone()).guard(Guard::open());
    let routes: Router = routes.into();
    for path in [
        "/alerts",
        "/alerts/history?limit=1000",
        "/alerts/stats",
        "/alerts/rules",
        "/alerts/rules/Queue/explain",
        "/alerts/rules/Broken/explain",
        "/alerts/rules/Selective/explain",
        "/alerts/rules/SloBurn:shop:page/explain",
        "/alerts/silences",
    ] {
        let (status, body) = get(&routes, path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        shown.add(path, body);
    }
}

#[tokio::test]
async fn planted_secrets_appear_nowhere() {
    check(MemoryAlerts::new(), async || Vec::new()).await;
}

/// Uses everything with a secret in it. `saved` returns all that the store has, raw, if it can be read.
pub(super) async fn check(store: impl AlertStore, saved: impl AsyncFn() -> Vec<String>) {
    let (log, _first) = Logged::of_this_thread();
    let writer = log.clone();
    let trace = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(trace);

    let received = Received::default();
    let mut shown = Shown::default();
    let metrics = Prometheus::builder().build().unwrap();
    show_mistakes(&mut shown);
    let alerts = engine(&metrics, store, &received, &mut shown).await;

    // An alert of a rule, and alerts of code, with secrets in their texts.
    let alert = Alert::error("upload failed: Authorization: Bearer pl4nted-text")
        .component("s3://key:pl4nted-component@bucket")
        .label("aws_secret", "pl4nted-code-label");
    shown.debug("an alert of code", &alert);
    shown.add("the text of an alert", alert.text());
    alerts.fire(alert);
    // These differ in a secret only.
    let one = Alert::warning("password=pl4nted-name is weak").name("weak password=pl4nted-name");
    for client in ["pl4nted-client-1", "pl4nted-client-2"] {
        alerts.fire(one.clone().label("api_key", client));
    }
    alerts.job_failed("nightly", "password=pl4nted-job");
    alerts.database_error("shop", "postgres://shop:pl4nted-database@db/shop is down");
    let start = SystemTime::now();
    let changed = alerts
        .evaluate_at(&metrics.snapshot(), start)
        .await
        .unwrap();
    assert_eq!(changed.len(), 6);
    shown.saved("the store at first", saved().await);
    shown.debug("the transitions", &changed);

    let names = [
        "webhook",
        "slack",
        "discord",
        "telegram",
        "pagerduty",
        "opsgenie",
        "email",
    ];
    until("all channels got all alerts after a failure", async || {
        names.iter().all(|name| received.count(name) > 4) && received.count("stopped") > 0
    })
    .await;

    let before = received.count("slack");
    let id = changed.iter().find(|it| it.name == "Queue").unwrap().alert;
    act(&alerts, id, &mut shown).await;
    shown.saved("the store after acts", saved().await);
    let later = start + Duration::from_secs(600);
    for round in 0..3_u32 {
        let now = later + Duration::from_secs(15) * round;
        let changed = alerts.evaluate_at(&metrics.snapshot(), now).await.unwrap();
        shown.debug("later transitions", &changed);
    }
    until("the end is told", async || received.count("slack") > before).await;
    until("Alertmanager and the heartbeat are told", async || {
        received.count("alertmanager") > 1 && received.count("heartbeat") > 0
    })
    .await;
    let error = alerts.test_channel("stopped").await.unwrap_err();
    shown.debug("the error of a test", &error);
    shown.add("the error of a test", error.to_string());

    show(&alerts, &mut shown).await;
    alerts.shutdown(Duration::from_secs(5)).await;
    shown.saved("the store at the end", saved().await);

    let texts = received.all();
    for (name, bodies) in &texts {
        for body in bodies {
            shown.add(name, readable(name, body));
        }
    }
    let webhook: Value = serde_json::from_str(&texts["webhook"][1]).unwrap();
    assert_eq!(webhook["version"], "4");
    for part in [
        "an alert channel is stopped",
        "cannot be evaluated",
        "an alert fires",
    ] {
        assert!(log.count(part) > 0, "{part}: {}", log.text());
    }
    shown.add("the log", log.text());
    // What is not secret arrived.
    let all = shown.0.iter().map(|(_, text)| &**text);
    let all = all.collect::<Vec<_>>().join("\n");
    for part in ["queue.example.com", "7 at ", "upload failed", "[redacted]"] {
        assert!(all.contains(part), "{part}");
    }
    shown.assert_clean();
}
