//! The sources that the stream tells of: jobs, alerts, and the log.

use std::future::ready;

use axum::Router;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tower_vitals::alerts::state::CodeAlert;
use tower_vitals::alerts::{Alerts, Level};
use tower_vitals::jobs::{Job, Jobs};
use tower_vitals::routes::Guard;
use tower_vitals::telemetry::logging::{Console, LogTail, Logging};
use tower_vitals::{Prometheus, Routes};
use tracing_subscriber::prelude::*;

use super::{Stream, app, json as fetched, respond};

struct Service {
    app: Router,
    alerts: Alerts,
    jobs: Jobs,
    tail: LogTail,
}

fn service() -> Service {
    let alerts = Alerts::builder().run().unwrap();
    let jobs = Jobs::builder().run().unwrap();
    let tail = LogTail::new();
    let routes = Routes::new()
        .dashboard()
        .metrics(Prometheus::builder().build().unwrap())
        .alerts(alerts.clone())
        .jobs(jobs.clone())
        .log_tail(tail.clone())
        .guard(Guard::open());
    Service {
        app: app(routes),
        alerts,
        jobs,
        tail,
    }
}

/// The next frames until the version of a source is another one.
async fn until_changed(stream: &mut Stream, last: &Value, source: &str) -> Value {
    for _ in 0..20 {
        let frame = stream.next().await;
        if frame["slots"][source] != last["slots"][source] {
            return frame;
        }
    }
    panic!("{source} did not change");
}

#[tokio::test(start_paused = true)]
async fn versions_change_with_what_the_routes_show() {
    let service = service();
    let mut stream = Stream::open(&service.app).await;
    let mut last = stream.next().await;
    // The stores are read at first.
    for _ in 0..5 {
        last = stream.next().await;
    }
    assert_eq!(last["overview"]["firing"], 0);
    let quiet = stream.next().await;
    assert_eq!(quiet["slots"], last["slots"]);

    let alert = CodeAlert::new("stock", "the stock is empty", Level::Error);
    let id = service.alerts.fire(alert);
    let fired = until_changed(&mut stream, &last, "alerts").await;
    assert_eq!(fired["overview"]["firing"], 1);
    assert_eq!(fired["overview"]["pending"], 0);
    service.alerts.acknowledge(id, "mia", None).await.unwrap();
    let acknowledged = until_changed(&mut stream, &fired, "alerts").await;
    assert_eq!(acknowledged["overview"]["firing"], 1);

    service
        .jobs
        .monitor(Job::named("nightly"), ready(Ok::<_, String>(1)))
        .await
        .unwrap();
    let ran = until_changed(&mut stream, &acknowledged, "jobs").await;
    let before = ran["slots"]["logs"].as_u64().unwrap();

    let (layer, _logging) = Logging::builder()
        .console(Console::Off)
        .tail(&service.tail)
        .layer()
        .unwrap();
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, || tracing::warn!("the shop closes"));
    let logged = until_changed(&mut stream, &ran, "logs").await;
    assert_eq!(logged["slots"]["logs"], before + 1);

    let config = fetched(&service.app, "/dashboard/config.json").await;
    let has = json!({
        "metrics": true, "history": false, "health": false, "jobs": true, "alerts": true, "logs": true,
    });
    assert_eq!(config["has"], has);
}

#[tokio::test]
async fn the_last_warnings_are_shown_without_secrets() {
    let tail = LogTail::new();
    let (layer, _logging) = Logging::builder()
        .console(Console::Off)
        .filter("debug")
        .service("shop")
        .tail(&tail)
        .layer()
        .unwrap();
    let subscriber = tracing_subscriber::registry().with(layer);
    let routes = Routes::new().log_tail(tail.clone()).guard(Guard::open());
    let shop = app(routes);
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!("not shown");
        let span = tracing::info_span!("order", request_id = "r-17", shop = "eu");
        span.in_scope(|| {
            tracing::warn!(
                target: "shop::orders",
                password = "hunter2-long",
                url = "https://mia:hunter2-long@db/shop",
                "<b>slow</b>\nquery"
            );
        });
        tracing::error!(order = 17, "failed");
    });
    let first = fetched(&shop, "/dashboard/logs").await;
    let next = first["next"].as_u64().unwrap();
    let lines = first["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 2);
    let line = &lines[0];
    assert_eq!(
        (&line["n"], &line["level"]),
        (&json!(next - 1), &json!("WARN"))
    );
    assert_eq!(line["target"], "shop::orders");
    assert_eq!(line["message"], "<b>slow</b>\nquery");
    assert_eq!(line["request_id"], "r-17");
    assert_eq!(line["trace_id"], Value::Null);
    assert_eq!(line["fields"]["shop"], "eu");
    assert_eq!(line["fields"]["service"], "shop");
    assert_eq!(line["fields"]["password"], "[redacted]");
    assert!(line["time"].as_str().unwrap().ends_with('Z'));
    assert!(!first.to_string().contains("hunter2"), "{first}");
    assert_eq!(lines[1]["fields"]["order"], 17);

    let newer = fetched(&shop, &format!("/dashboard/logs?after={}", next - 1)).await;
    assert_eq!(newer["lines"].as_array().unwrap().len(), 1);
    assert_eq!(newer["lines"][0]["message"], "failed");
    let none = fetched(&shop, &format!("/dashboard/logs?after={next}")).await;
    assert_eq!(none, json!({"lines": [], "next": next}));
    // Numbers of an older process, which may have seen fewer lines.
    for older in [1, next - 1_000_000] {
        let all = fetched(&shop, &format!("/dashboard/logs?after={older}")).await;
        assert_eq!(all["lines"].as_array().unwrap().len(), 2);
    }
    for query in ["after=x", "before=1", "after=1&after=2"] {
        let wrong = respond(&shop, &format!("/dashboard/logs?{query}"), &[]).await;
        assert_eq!(wrong.status(), 400, "{query}");
        assert_eq!(wrong.headers()[CONTENT_TYPE], "application/problem+json");
    }
    let closed = app(Routes::new().log_tail(tail));
    assert_eq!(respond(&closed, "/dashboard/logs", &[]).await.status(), 403);
}
