//! Frames of other names, other sizes and other texts.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use http::StatusCode;
use metrics::{Counter, Key, Label, Recorder};
use serde_json::{Value, json};
use tower_vitals::exporter::NativeHistograms;
use tower_vitals::http_metrics::Naming;
use tower_vitals::routes::{Details, Guard};
use tower_vitals::{Health, HttpMetricsLayer, Prometheus, Routes};

use super::{
    METADATA, Stream, app, counter, endpoint, family, histogram, json as fetched, routes, send,
};

/// Text that a page must not take for HTML or for the end of a line.
const PLANTED: &str = "</script><img src=x onerror=alert(1)>\"'&\n\u{2028}data: x\r";

#[tokio::test(start_paused = true)]
async fn text_of_clients_stays_data() {
    let prometheus = Prometheus::builder().build().unwrap();
    let labels = [("method", "GET"), ("endpoint", PLANTED), ("status", "200")];
    counter(&prometheus, "http_requests_total", &labels).increment(1);
    histogram(&prometheus, "http_request_duration_seconds", &labels[..2]).record(0.01);
    let app = app(routes(&prometheus));
    let mut stream = Stream::open(&app).await;
    // `Stream` has found one event with one line of JSON.
    let frame = stream.next().await;
    assert_eq!(endpoint(&frame, "GET", PLANTED).unwrap()[1], PLANTED);
    let shown = fetched(&app, "/dashboard/family/http_requests_total").await;
    assert_eq!(shown["series"][0]["labels"]["endpoint"], PLANTED);
}

#[tokio::test(start_paused = true)]
async fn the_names_are_those_of_the_layer() {
    let own = Naming::prometheus()
        .requests("calls")
        .duration("call_seconds")
        .in_progress("calls_now")
        .endpoint_label("route")
        .status_label("code")
        .method_label("verb");
    for (naming, is_known) in [
        (Naming::open_telemetry(), true),
        (Naming::axum_prometheus(), true),
        (own, false),
    ] {
        let prometheus = Prometheus::builder().prefix("shop").build().unwrap();
        let layer = HttpMetricsLayer::builder()
            .recorder(prometheus.clone())
            .naming(naming.clone());
        let mut routes = routes(&prometheus);
        if !is_known {
            routes = routes.dashboard_naming(naming.clone());
        }
        let app = Router::new()
            .route("/users/{id}", get(|| async { "someone" }))
            .route(
                "/fails",
                get(|| async { StatusCode::INTERNAL_SERVER_ERROR }),
            )
            .merge(routes)
            .layer(layer.build().unwrap());
        send(&app, "/users/1", 1).await;
        let mut stream = Stream::open(&app).await;
        stream.next().await;
        send(&app, "/users/1", 6).await;
        send(&app, "/fails", 2).await;
        send(&app, "/nowhere", 2).await;
        let frame = stream.next().await;
        assert_eq!(frame["overview"]["requests_per_second"], 10, "{naming:?}");
        assert_eq!(frame["overview"]["error_ratio"], 0.2, "{naming:?}");
        assert_eq!(frame["overview"]["in_flight"], 1, "{naming:?}");
        let users = endpoint(&frame, "GET", "/users/{id}").unwrap();
        assert_eq!(users.as_array().unwrap()[8..], [6, 0, 0, 0], "{naming:?}");
        assert_eq!(
            endpoint(&frame, "GET", "/fails").unwrap()[3],
            1,
            "{naming:?}"
        );
        let unmatched = endpoint(&frame, "GET", "unmatched").unwrap();
        assert_eq!(unmatched[10], 2, "{naming:?}");
        let config = fetched(&app, "/dashboard/config.json").await;
        let duration = config["names"]["duration"].as_str().unwrap();
        assert!(duration.starts_with("shop_"), "{duration}");
        assert!(family(&frame, duration).is_some());
        assert_eq!(config["prefix"], "shop_");
        let requests = config["names"]["requests"].as_str().unwrap();
        let is_counter = family(&frame, requests).is_some();
        assert!(is_counter || *requests == format!("{duration}_count"));
        for part in ["names", "labels"] {
            let members = config[part].as_object().unwrap();
            assert!(members.values().all(Value::is_string), "{members:?}");
        }
        assert_eq!(config.get("version"), None, "it was that of this crate");
    }
}

/// A table of 500 endpoints is computed in turn, 200 rows a frame.
#[tokio::test(start_paused = true)]
async fn a_large_table_is_sent_in_parts_and_new_errors_first() {
    let prometheus = Prometheus::builder().build().unwrap();
    let endpoints: Vec<_> = (0..500).map(|n| format!("/e/{n}")).collect();
    let requests = |status: &'static str| -> Vec<Counter> {
        let own = endpoints.iter().map(|endpoint| {
            let labels = [
                ("method", "GET"),
                ("endpoint", &**endpoint),
                ("status", status),
            ];
            counter(&prometheus, "http_requests_total", &labels)
        });
        own.collect()
    };
    let (ok, failed) = (requests("200"), requests("500"));
    for endpoint in &endpoints {
        let labels = [("method", "GET"), ("endpoint", &**endpoint)];
        histogram(&prometheus, "http_request_duration_seconds", &labels).record(0.01);
    }
    let app = app(routes(&prometheus));
    let mut stream = Stream::open(&app).await;
    let rows = |frame: &Value| frame["endpoints"].as_array().unwrap().len();
    let mut rates = HashMap::new();
    let mut note = |frame: &Value| {
        for row in frame["endpoints"].as_array().unwrap() {
            rates.insert(row[1].as_str().unwrap().to_owned(), row[2].clone());
        }
    };
    // All rows begin, and all have a rate at once.
    for _ in 0..2 {
        let frame = stream.next().await;
        assert_eq!(rows(&frame), 500);
        note(&frame);
    }
    for second in 2..30 {
        for one in &ok {
            one.increment(10);
        }
        if second == 28 {
            // Its turn would come later.
            failed[137].increment(4);
        }
        let frame = stream.next().await;
        assert!(rows(&frame) <= 200, "{}", rows(&frame));
        note(&frame);
        if second == 29 {
            let row = endpoint(&frame, "GET", "/e/137").unwrap();
            assert!(row[3].as_f64().unwrap() > 0.0, "{row}");
        }
    }
    assert_eq!(rates.len(), 500);
    let wrong: Vec<_> = rates
        .iter()
        .filter(|(name, rate)| **rate != 10 && *name != "/e/137")
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[tokio::test(start_paused = true)]
async fn without_metrics_the_other_parts_are_shown() {
    let health = Health::builder()
        .check("stock", || async { Err::<(), _>("<b>empty</b>") })
        .check("panics", || async { "boom".parse::<u8>().unwrap() > 0 })
        .build()
        .unwrap();
    let routes = Routes::new()
        .health(health)
        .guard(Guard::open())
        .dashboard();
    let app = app(routes.clone());
    let mut stream = Stream::open(&app).await;
    let frame = stream.next().await;
    assert_eq!(frame["endpoints"], Value::Null);
    assert_eq!(frame["families"], Value::Null);
    assert_eq!(frame["overview"]["status"], "unhealthy");
    let checks = frame["health"]["checks"].as_array().unwrap();
    assert_eq!(
        (&checks[0]["name"], &checks[0]["message"]),
        (&json!("stock"), &json!("<b>empty</b>"))
    );
    assert_eq!(checks[1]["status"], "unhealthy");
    assert_eq!(stream.next().await["full"], false, "the stream goes on");

    // Details that nobody may see are not in the frames either.
    let hidden = super::app(routes.details(Details::Never));
    let frame = Stream::open(&hidden).await.next().await;
    assert_eq!(frame["health"], Value::Null);
    assert_eq!(frame["overview"]["status"], "unhealthy");
}

/// Only a status is news, because texts and times change with each run of a check.
#[tokio::test(start_paused = true)]
async fn the_version_of_the_health_is_that_of_its_statuses() {
    let runs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&runs);
    let health = Health::builder()
        .cache_for(Duration::ZERO)
        .check("stock", move || {
            let run = count.fetch_add(1, Ordering::Relaxed);
            async move {
                if run < 1_000 {
                    Err(format!("run {run}"))
                } else {
                    Ok(())
                }
            }
        })
        .build()
        .unwrap();
    let routes = Routes::new()
        .health(health)
        .guard(Guard::open())
        .dashboard();
    let mut stream = Stream::open(&app(routes)).await;
    let first = stream.next().await;
    let version = first["slots"]["health"].as_u64().unwrap();
    for _ in 0..5 {
        let frame = stream.next().await;
        assert_eq!(frame["slots"]["health"], version);
        assert!(frame["health"].is_object(), "its message is new");
    }
    runs.store(1_000, Ordering::Relaxed);
    let mut versions = vec![version];
    for _ in 0..5 {
        let frame = stream.next().await;
        versions.push(frame["slots"]["health"].as_u64().unwrap());
    }
    versions.dedup();
    assert_eq!(versions.len(), 2, "{versions:?}");
}

/// The CPU time of the process, as a collector without a hook reads it: here every 7 s.
#[tokio::test(start_paused = true)]
async fn the_cpu_is_that_between_two_samples() {
    let prometheus = Prometheus::builder().build().unwrap();
    let cpu = counter(&prometheus, "process_cpu_seconds_total", &[]);
    cpu.increment(100);
    let mut stream = Stream::open(&app(routes(&prometheus))).await;
    let mut shown = Vec::new();
    let mut last = Value::Null;
    for second in 0..58 {
        if second % 7 == 3 && second <= 24 {
            cpu.increment(14);
        }
        let frame = stream.next().await;
        if let Some(runtime) = frame.get("runtime") {
            last = runtime["cpu"].clone();
        }
        shown.push(last.clone());
    }
    // The beginning of the first change is not known.
    assert!(shown[..10].iter().all(Value::is_null), "{shown:?}");
    assert!(shown[10..31].iter().all(|cpu| *cpu == 2), "{shown:?}");
    assert_eq!(last, 0, "the process rests");
}

#[tokio::test]
async fn families_without_classic_buckets_are_named() {
    let native = NativeHistograms::all().without_classic_buckets();
    let builder = Prometheus::builder().native_histograms(native);
    let native = builder.build().unwrap();
    let classic = Prometheus::builder().build().unwrap();
    for (prometheus, expected) in [(native, json!(["wait_seconds"])), (classic, json!([]))] {
        histogram(&prometheus, "wait_seconds", &[]).record(0.1);
        counter(&prometheus, "orders_total", &[]).increment(1);
        let config = fetched(&app(routes(&prometheus)), "/dashboard/config.json").await;
        assert_eq!(config["native"], expected);
    }
}

/// A table of 5,000 series that only the families show is computed in turn, 2,000 series a frame.
#[tokio::test(start_paused = true)]
async fn many_families_are_read_in_turn() {
    let prometheus = Prometheus::builder().build().unwrap();
    let families: Vec<_> = (0..10).map(|n| format!("family_{n}_total")).collect();
    let mut counters = Vec::new();
    for family in &families {
        for n in 0..500 {
            let labels = vec![Label::new("n", n.to_string())];
            let key = Key::from_parts(family.clone(), labels);
            counters.push(prometheus.register_counter(&key, &METADATA));
        }
    }
    let app = app(routes(&prometheus));
    let mut stream = Stream::open(&app).await;
    let first = stream.next().await;
    let is_own = |row: &&Value| row[0].as_str().unwrap().starts_with("family_");
    assert_eq!(
        first["families"]
            .as_array()
            .unwrap()
            .iter()
            .filter(is_own)
            .count(),
        10
    );
    let mut rates = HashMap::new();
    for _ in 1..40 {
        for one in &counters {
            one.increment(1);
        }
        let frame = stream.next().await;
        let own: Vec<_> = frame["families"]
            .as_array()
            .unwrap()
            .iter()
            .filter(is_own)
            .collect();
        assert!(own.len() <= 5, "{own:?}");
        for row in own {
            rates.insert(
                row[0].as_str().unwrap().to_owned(),
                (row[2].clone(), row[6].clone()),
            );
        }
    }
    assert_eq!(rates.len(), 10);
    assert!(
        rates
            .values()
            .all(|shown| *shown == (json!(500), json!(500))),
        "{rates:?}"
    );
}
