//! Secrets that the service is given, or that stand in its texts, appear nowhere: not in messages, the log, the history, the routes and
//! `Debug` output.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{Request, Response, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;
use tower_vitals::alerts::channels::{
    Alertmanager, Channel, Discord, Email, Encryption, Heartbeat, Log as LogChannel, Opsgenie,
    PagerDuty, Slack, Telegram, Webhook,
};
use tower_vitals::alerts::state::{Alert, Matcher, SilenceTarget};
use tower_vitals::alerts::stores::{Event, HistoryQuery, MemoryAlerts};
use tower_vitals::alerts::{Alerts, Computed, Labels, Receiver, Rule, Rules, Signal};
use tower_vitals::routes::Guard;
use tower_vitals::{Prometheus, Routes};

use crate::support::log::Log;
use crate::support::until;

/// The secrets of the channels. All others are `pl4nted-` and a word.
const SLACK: &str = "pl4ntedSlackTokenOf24Chr";
const DISCORD: &str = "pl4ntedDiscordToken-of_68";
const TELEGRAM: &str = "111222333:pl4ntedTelegramTokenTokenTokenTok";
const WEBHOOK: &str = "pl4ntedWebhookPathToken";
const BEARER: &str = "pl4ntedBearerToken";
const SIGNING: &str = "whsec_cGw0bnRlZFNpZ25pbmdTZWNyZXRTZWNyZXQ=";
const PAGERDUTY: &str = "pl4ntedpagerdutyroutingkey012345";
const OPSGENIE: &str = "pl4ntedo-1234-5678-9abc-0123456789ab";
const BEAT: &str = "pl4ntedb-1234-5678-9abc-0123456789ab";
const CHANNELS: [&str; 9] = [
    SLACK, DISCORD, TELEGRAM, WEBHOOK, BEARER, SIGNING, PAGERDUTY, OPSGENIE, BEAT,
];

/// Everything that was received, by the first part of the path.
#[derive(Clone, Default)]
struct Received(Arc<Mutex<BTreeMap<String, Vec<String>>>>);

impl Received {
    fn add(&self, name: &str, text: String) -> usize {
        let mut all = self.0.lock().unwrap();
        let texts = all.entry(name.to_owned()).or_default();
        texts.push(text);
        texts.len()
    }

    fn count(&self, name: &str) -> usize {
        self.0.lock().unwrap().get(name).map_or(0, Vec::len)
    }
}

/// An error that quotes all secrets.
fn quoting() -> String {
    format!(
        "cannot take {} with Authorization: Bearer {BEARER} at http://user:pl4nted-url@h/x, password=pl4nted-answer",
        CHANNELS.join(" ")
    )
}

/// Receivers of all vendors, by the first part of the path. The first request of each fails, and `stopped` refuses all.
async fn vendors(received: Received) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let app = Router::new().fallback(move |request: Request<Body>| {
        let received = received.clone();
        async move {
            let path = request.uri().path().to_owned();
            let name = path.split('/').nth(1).unwrap().to_owned();
            let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
            let count = received.add(&name, String::from_utf8(body.to_vec()).unwrap());
            let (status, body) = match (&*name, count) {
                ("stopped", _) => (401, quoting()),
                (_, 1) => (503, quoting()),
                ("slack", _) => (200, "ok".to_owned()),
                ("telegram", _) => (200, r#"{"ok":true,"result":{}}"#.to_owned()),
                ("pagerduty" | "opsgenie", _) => (202, "{}".to_owned()),
                _ => (200, "{}".to_owned()),
            };
            let status = StatusCode::from_u16(status).unwrap();
            Response::builder()
                .status(status)
                .body(Body::from(body))
                .unwrap()
        }
    });
    tokio::spawn(async { axum::serve(listener, app).await });
    host
}

/// A mail server that refuses the first mail.
async fn mail_server(received: Received) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve_mail(stream, received.clone()));
        }
    });
    port
}

async fn serve_mail(stream: TcpStream, received: Received) -> Option<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail\r\n").await.ok()?;
    let mut lines = String::new();
    let mut is_data = false;
    loop {
        let start = lines.len();
        (stream.read_line(&mut lines).await.ok()? > 0).then_some(())?;
        let line = lines[start..].trim_end();
        let command = line.get(..4).unwrap_or_default();
        let answer = match (is_data, line, command) {
            (true, ".", _) => {
                is_data = false;
                let count = received.add("email", std::mem::take(&mut lines));
                match count {
                    1 => format!("451 {}\r\n", quoting()),
                    _ => "250 taken\r\n".to_owned(),
                }
            }
            (true, ..) => continue,
            (false, _, "EHLO") => "250-mail\r\n250 AUTH PLAIN\r\n".to_owned(),
            (false, _, "AUTH") => "235 ok\r\n".to_owned(),
            (false, _, "DATA") => {
                is_data = true;
                lines.clear();
                "354 go on\r\n".to_owned()
            }
            _ => "250 ok\r\n".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}

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

/// The channels, under the first part of their path.
async fn channels(host: &str, received: &Received, shown: &mut Shown) -> Vec<Receiver> {
    let base = format!("http://{host}");
    let smtp = Email::smtp("127.0.0.1")
        .port(mail_server(received.clone()).await)
        .encryption(Encryption::Plain)
        .credentials("shop", "pl4nted-m4il-password")
        .from("Shop <alerts@example.com>")
        .to("ops@example.com");
    shown.debug("the builder of mails", &smtp);
    let webhook = Webhook::new(&format!("http://user:pl4nted-url@{host}/webhook/{WEBHOOK}"));
    let webhook = webhook
        .and_then(|it| it.header("authorization", &format!("Bearer {BEARER}")))
        .and_then(|it| it.sign_with(SIGNING))
        .unwrap();
    let slack = Slack::new(&format!("{base}/slack/{SLACK}")).unwrap();
    let discord = Discord::new(&format!("{base}/discord/{DISCORD}")).unwrap();
    let telegram = Telegram::new(TELEGRAM, -1).unwrap();
    let telegram = telegram.base_url(&format!("{base}/telegram")).unwrap();
    let pagerduty = PagerDuty::new(PAGERDUTY).unwrap();
    let pagerduty = pagerduty.base_url(format!("{base}/pagerduty")).unwrap();
    let opsgenie = Opsgenie::new(OPSGENIE).unwrap();
    let opsgenie = opsgenie.base_url(format!("{base}/opsgenie")).unwrap();
    let alertmanager = format!("http://user:pl4nted-alertmanager@{host}/alertmanager");
    let alertmanager = Alertmanager::new([alertmanager]).unwrap();
    let heartbeat = Heartbeat::new(format!("{base}/heartbeat/{BEAT}")).unwrap();
    let stopped = Webhook::new(&format!("{base}/stopped/{WEBHOOK}")).unwrap();
    let channels: Vec<(&str, Arc<dyn Channel>)> = vec![
        ("webhook", Arc::new(shown_as(shown, webhook))),
        ("slack", Arc::new(shown_as(shown, slack))),
        ("discord", Arc::new(shown_as(shown, discord))),
        ("telegram", Arc::new(shown_as(shown, telegram))),
        ("pagerduty", Arc::new(shown_as(shown, pagerduty))),
        ("opsgenie", Arc::new(shown_as(shown, opsgenie))),
        (
            "alertmanager",
            Arc::new(shown_as(shown, alertmanager.every(Duration::from_secs(1)))),
        ),
        (
            "heartbeat",
            Arc::new(shown_as(shown, heartbeat.every(Duration::from_secs(1)))),
        ),
        ("stopped", Arc::new(shown_as(shown, stopped))),
        ("email", Arc::new(shown_as(shown, smtp.build().unwrap()))),
        ("log", Arc::new(LogChannel::new())),
    ];
    let receivers = channels.into_iter().map(|(name, channel)| {
        Receiver::new(name, channel)
            .group_wait(Duration::ZERO)
            .group_by(["..."])
            .announce_silences(true)
            .max_per_hour(1_000)
    });
    let receivers: Vec<_> = receivers.collect();
    shown.debug("the receivers", &receivers);
    receivers
}

fn shown_as<C: Channel + Debug>(shown: &mut Shown, channel: C) -> C {
    shown.debug(channel.kind(), &channel);
    channel
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
        .build()
        .unwrap()
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

#[tokio::test]
async fn planted_secrets_appear_nowhere() {
    let (log, _first) = Log::of_this_thread();
    let writer = log.clone();
    let trace = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(trace);

    let received = Received::default();
    let mut shown = Shown::default();
    let host = vendors(received.clone()).await;
    let metrics = Prometheus::builder().build().unwrap();
    let store = MemoryAlerts::new();
    let builder = Alerts::builder()
        .metrics(metrics.clone())
        .rules(rules())
        .computed("queue", queue())
        .computed(
            "broken",
            Computed::value(async || {
                Err("cannot reach postgres://shop:pl4nted-error@db/shop, token=pl4nted-error-token")
            }),
        )
        .store(store.clone())
        .manual();
    let channels = channels(&host, &received, &mut shown).await;
    let builder = channels
        .into_iter()
        .fold(builder, |builder, channel| builder.channel(channel));
    shown.debug("the builder", &builder);
    let alerts = builder.run().unwrap();
    shown.debug("the engine", &alerts);

    // An alert of a rule, and alerts of code, with secrets in their texts.
    let alert = Alert::error("upload failed: Authorization: Bearer pl4nted-text")
        .component("s3://key:pl4nted-component@bucket")
        .label("aws_secret", "pl4nted-code-label");
    shown.debug("an alert of code", &alert);
    alerts.fire(alert);
    alerts.job_failed("nightly", "password=pl4nted-job");
    alerts.database_error("shop", "postgres://shop:pl4nted-database@db/shop is down");
    let start = SystemTime::now();
    let changed = alerts
        .evaluate_at(&metrics.snapshot(), start)
        .await
        .unwrap();
    assert_eq!(changed.len(), 4);
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

    // Acts of people.
    let id = changed.iter().find(|it| it.name == "Queue").unwrap().alert;
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
    let before = received.count("slack");
    shown.debug("the silences", &alerts.silences());
    alerts.unsuppress(&silence[0], by).await.unwrap();
    alerts.resolve(id, by).await.unwrap();
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

    // The handle.
    shown.debug("the alerts", &alerts.alerts());
    shown.debug("the rules", alerts.rules());
    shown.debug("the explanation", &alerts.explain("Queue").unwrap());
    let broken = alerts.explain("Broken").unwrap();
    assert!(broken.stale.as_ref().unwrap().contains("cannot reach"));
    shown.debug("the explanation of a failure", &broken);
    shown.debug("the numbers", &alerts.stats());
    shown.debug("the store", &store);
    let page = alerts.history(&HistoryQuery::latest(1_000)).await.unwrap();
    let has = |wanted: fn(&Event) -> bool| page.events.iter().any(wanted);
    assert!(has(|it| matches!(it, Event::Transition(_))));
    assert!(has(|it| matches!(it, Event::Silence(_))));
    assert!(has(|it| matches!(it, Event::Notification(_))));
    shown.debug("the history", &page.events);
    shown.add("the history", serde_json::to_string(&page.events).unwrap());
    if let Err(problem) = alerts.health_check()().await {
        shown.add("the health check", problem);
    }

    // The routes.
    let routes = Routes::new().alerts(alerts.clone()).guard(Guard::open());
    let routes: Router = routes.into();
    for path in [
        "/alerts",
        "/alerts/history?limit=1000",
        "/alerts/stats",
        "/alerts/rules",
        "/alerts/rules/Queue/explain",
        "/alerts/rules/Broken/explain",
        "/alerts/silences",
    ] {
        let (status, body) = get(&routes, path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        shown.add(path, body);
    }
    alerts.shutdown(Duration::from_secs(5)).await;

    let texts = received.0.lock().unwrap().clone();
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
