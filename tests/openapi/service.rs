//! A shop with everything mounted.

use std::future::ready;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use metrics::{Key, Label, Level as MetricLevel, Metadata, Recorder};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tower::ServiceExt;
use tower_vitals::alerts::channels::Log;
use tower_vitals::alerts::{Alert, Alerts, Level, Receiver, Rule, Rules, Selector, Signal};
use tower_vitals::exporter::{HistoryConfig, HistoryQuery};
use tower_vitals::health::{Check, Outcome};
use tower_vitals::jobs::{Job, Jobs};
use tower_vitals::routes::{Details, Guard};
use tower_vitals::telemetry::logging::{Console, LogTail, Logging};
use tower_vitals::{Health, Prometheus, Routes};
use tracing_subscriber::{Registry, layer::SubscriberExt};

use crate::support::until;

pub(crate) const TOKEN: &str = "s3cret-t0ken";

const NIGHTLY: Job = Job::named("nightly").every(Duration::from_hours(24));

/// All routes that the crate has, open to everyone on this host.
pub(crate) async fn open_routes() -> Routes {
    routes().await.guard(Guard::open())
}

/// All routes that the crate has, without a guard. Something has happened in the shop.
pub(crate) async fn routes() -> Routes {
    let prometheus = prometheus().await;
    let tail = LogTail::new();
    let (layer, logging) = Logging::builder()
        .console(Console::Off)
        .filter("info,hyper=warn")
        .tail(&tail)
        .layer::<Registry>()
        .unwrap();
    tracing::subscriber::with_default(Registry::default().with(layer), || {
        tracing::warn!(rows = 7, "the stock is low");
    });
    Routes::new()
        .health(health())
        .details(Details::Authorized)
        .metrics(prometheus.clone())
        .jobs(jobs().await)
        .alerts(alerts(&prometheus).await)
        .config(
            "shop",
            &json!({ "page_size": 50, "database": "postgres://shop:hunter2@db/shop" }),
        )
        .log_level(logging.level())
        .log_tail(tail)
        .tasks(&Handle::current())
        .heap_profile(|| Ok(b"a profile".to_vec()))
        .dashboard()
        .docs_ui()
        .redoc()
}

async fn prometheus() -> Prometheus {
    let config = HistoryConfig::new()
        .interval(Duration::from_millis(5))
        .window(Duration::from_mins(5));
    let prometheus = Prometheus::builder().history(config).build().unwrap();
    let metadata = Metadata::new("test", MetricLevel::INFO, None);
    let orders = Key::from_parts("orders_total", vec![Label::new("shop", "eu")]);
    prometheus.register_counter(&orders, &metadata).increment(3);
    let connections = Key::from_name("active_connections");
    prometheus.register_gauge(&connections, &metadata).set(2.0);
    let wait = Key::from_name("wait_seconds");
    prometheus.register_histogram(&wait, &metadata).record(0.3);
    let history = prometheus.history().unwrap();
    let is_recorded = async || {
        let found = history.query(&HistoryQuery::values("active_connections"));
        found.is_ok_and(|found| found.first().is_some_and(|series| series.points.len() > 1))
    };
    until("the history has two ticks", is_recorded).await;
    prometheus
}

fn health() -> Health {
    Health::builder()
        .check(
            "stock",
            (|| async { Outcome::healthy().data("rows", 7) }).tag("db"),
        )
        .check("cache", || async { Outcome::degraded().message("slow") })
        .build()
        .unwrap()
}

async fn jobs() -> Jobs {
    let jobs = Jobs::builder()
        .job(NIGHTLY)
        .instance("shop-1")
        .run()
        .unwrap();
    jobs.monitor(NIGHTLY, ready(Ok::<_, String>(())))
        .await
        .unwrap();
    let full = ready(Err::<(), _>("the disk is full"));
    jobs.monitor(NIGHTLY, full).await.unwrap_err();
    jobs.flush().await;
    jobs
}

async fn alerts(prometheus: &Prometheus) -> Alerts {
    let connections = Signal::max(Selector::new("active_connections"));
    let rules = Rules::builder()
        .rule(
            Rule::new("TooManyConnections", connections)
                .gt(1.0)
                .consecutive(1)
                .level(Level::Warning),
        )
        .build()
        .unwrap();
    let alerts = Alerts::builder()
        .service("shop")
        .metrics(prometheus.clone())
        .rules(rules)
        .channel(Receiver::new("log", Log::new()).group_wait(Duration::ZERO))
        .manual()
        .run()
        .unwrap();
    alerts.fire(Alert::critical("somebody pressed the button").component("shop"));
    let mut now = SystemTime::now();
    for _ in 0..2 {
        now += Duration::from_secs(15);
        let changes = alerts.evaluate_at(&prometheus.snapshot(), now).await;
        changes.unwrap();
    }
    assert_eq!(alerts.alerts().len(), 2);
    alerts
}

/// A response.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) media_type: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }
}

pub(crate) async fn send(
    app: &Router,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let method: Method = method.parse().unwrap();
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let (parts, mut body) = app.clone().oneshot(request).await.unwrap().into_parts();
    let media_type = parts.headers.get("content-type");
    let media_type = media_type.map_or("", |value| value.to_str().unwrap());
    let media_type = media_type.split(';').next().unwrap().to_owned();
    let body = if media_type == "text/event-stream" {
        // It does not end.
        let frame = body.frame().await.unwrap().unwrap();
        frame.into_data().unwrap()
    } else {
        body.collect().await.unwrap().to_bytes()
    };
    Answer {
        status: parts.status.as_u16(),
        media_type,
        body: body.to_vec(),
    }
}

pub(crate) async fn get(app: &Router, path: &str) -> Answer {
    send(app, "GET", path, &[], "").await
}
