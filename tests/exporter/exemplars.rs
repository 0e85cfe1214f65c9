//! Exemplars and created timestamps, as `OpenMetrics`, its reference parser and Prometheus 3 read them.
#![allow(
    clippy::disallowed_macros,
    reason = "services record with these macros"
)]

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::{Request, Response};
use metrics::{counter, gauge, histogram, with_local_recorder};
use serde_json::Value;
use tower::{Layer, Service, service_fn};
use tower_vitals::exporter::{ExemplarLabels, PrometheusBuilder};
use tower_vitals::{HttpMetricsLayer, Prometheus, Routes};

use crate::support::own_prometheus::OwnPrometheus;
use crate::support::prometheus::Server;
use crate::support::python::python;

/// Names the trace of each question by its number.
fn numbered() -> PrometheusBuilder {
    let number = AtomicU64::new(0);
    Prometheus::builder()
        .buckets("wait_seconds", &[0.1, 1.0])
        .exemplars(move || {
            let number = number.fetch_add(1, Ordering::Relaxed) + 1;
            let trace = ExemplarLabels::trace(u128::from(number).to_be_bytes(), [0xab; 8]);
            Some(trace)
        })
}

/// The labels of the exemplar that was asked for as the `number`th one.
fn trace(number: u64) -> String {
    format!("{{trace_id=\"{number:032x}\",span_id=\"abababababababab\"}}")
}

/// The lines of a metric, with the time of each exemplar in its place.
fn lines(text: &str, metric: &str) -> (Vec<String>, Vec<f64>) {
    let mut times = Vec::new();
    let lines = text.lines().filter(|line| line.starts_with(metric));
    let lines = lines.map(|line| {
        let Some((before, time)) = line.rsplit_once(' ').filter(|_| line.contains(" # ")) else {
            return line.to_owned();
        };
        times.push(time.parse().unwrap());
        format!("{before} TIME")
    });
    (lines.collect(), times)
}

fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs_f64()
}

/// One request through the HTTP layer.
fn request(prometheus: &Prometheus) {
    let layer = HttpMetricsLayer::builder().recorder(prometheus.clone());
    let layer = layer.endpoint(|_| Some("/a")).build().unwrap();
    let mut service = layer.layer(service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(String::new()))
    }));
    let mut future = pin!(service.call(Request::new(())));
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(response)) = future.as_mut().poll(&mut cx) else {
        unreachable!("the service responds at once")
    };
    drop(response);
}

#[test]
fn openmetrics_has_exemplars_and_the_text_has_none() {
    let prometheus = numbered().build().unwrap();
    let before = now();
    with_local_recorder(&prometheus, || {
        let wait = histogram!("wait_seconds", "shop" => "eu");
        wait.record(0.5);
        wait.record(0.25);
        wait.record(7.0);
        counter!("orders_total").increment(3);
        // Types that may have no exemplars.
        counter!("sales").increment(3);
        gauge!("open").set(2.0);
    });
    let open = prometheus.render_openmetrics();
    let (waits, times) = lines(&open, "wait_seconds_");
    assert_eq!(
        waits,
        [
            "wait_seconds_bucket{shop=\"eu\",le=\"0.1\"} 0".to_owned(),
            format!(
                "wait_seconds_bucket{{shop=\"eu\",le=\"1.0\"}} 2 # {} 0.5 TIME",
                trace(1)
            ),
            format!(
                "wait_seconds_bucket{{shop=\"eu\",le=\"+Inf\"}} 3 # {} 7 TIME",
                trace(2)
            ),
            "wait_seconds_sum{shop=\"eu\"} 7.75".to_owned(),
            "wait_seconds_count{shop=\"eu\"} 3".to_owned(),
        ]
    );
    // Milliseconds are cut off.
    let is_now = |time: &f64| (before - 0.001..=now()).contains(time);
    assert!(times.len() == 2 && times.iter().all(is_now), "{times:?}");
    let orders = format!("orders_total 3 # {} 3 TIME", trace(3));
    assert_eq!(lines(&open, "orders_total").0, [orders]);
    assert_eq!(lines(&open, "sales").0, ["sales 3"]);
    assert_eq!(lines(&open, "open").0, ["open 2"]);
    assert_eq!(prometheus.render_openmetrics(), open, "the times stay");
    let text = prometheus.render();
    assert!(
        !text.contains(" # ") && !text.contains("trace_id"),
        "{text}"
    );
}

#[test]
fn requests_have_exemplars_of_their_duration_and_their_ending() {
    let prometheus = numbered().build().unwrap();
    for _ in 0..3 {
        request(&prometheus);
    }
    let open = prometheus.render_openmetrics();
    for (metric, before, exemplar) in [
        ("http_request_duration_seconds_bucket", "} 3 # ", "0."),
        ("http_requests_total", "status=\"200\"} 3 # ", "1 "),
    ] {
        let (lines, times) = lines(&open, metric);
        let mut exemplars = lines.iter().filter_map(|line| line.split_once(before));
        let (_, shown) = exemplars.next().unwrap_or_else(|| panic!("{lines:?}"));
        assert!(exemplars.next().is_none() && times.len() == 1, "{lines:?}");
        // The first request asks for both.
        let is_first = [1, 2]
            .iter()
            .any(|number| shown.starts_with(&trace(*number)));
        assert!(
            is_first && shown.contains(&format!("}} {exemplar}")),
            "{shown}"
        );
    }
}

/// An exemplar stays for a second, although the service asks for one with each record.
#[test]
fn another_exemplar_follows_after_a_second() {
    let prometheus = numbered().build().unwrap();
    let wait = with_local_recorder(&prometheus, || histogram!("wait_seconds"));
    let exemplar = || {
        let (lines, times) = lines(&prometheus.render_openmetrics(), "wait_seconds_bucket");
        (lines[1].clone(), times[0])
    };
    wait.record(0.5);
    let first = exemplar();
    let deadline = Instant::now() + Duration::from_secs(20);
    let later = loop {
        wait.record(0.75);
        let later = exemplar();
        if later.1 > first.1 {
            break later;
        }
        assert!(Instant::now() < deadline, "{later:?}");
    };
    assert!(
        first.0.ends_with(&format!("1 # {} 0.5 TIME", trace(1))),
        "{first:?}"
    );
    assert!(
        later.0.ends_with(&format!(" # {} 0.75 TIME", trace(2))),
        "{later:?}"
    );
    // Both clocks are cut to milliseconds.
    assert!(later.1 - first.1 > 0.998, "{first:?}, {later:?}");
}

#[test]
fn counters_and_histograms_tell_when_they_were_created() {
    let before = now();
    let prometheus = numbered().created_timestamps(true).build().unwrap();
    with_local_recorder(&prometheus, || {
        counter!("orders_total", "shop" => "eu").increment(3);
        histogram!("wait_seconds").record(0.5);
        counter!("uptime_total").absolute(4_000);
        counter!("zero_total").absolute(0);
        counter!("orders_of_old").increment(1);
        gauge!("open").set(2.0);
    });
    request(&prometheus);
    let open = prometheus.render_openmetrics();
    let created: Vec<_> = open
        .lines()
        .filter(|line| line.contains("_created"))
        .collect();
    let names: Vec<_> = created
        .iter()
        .map(|line| line.rsplit_once(' ').unwrap().0)
        .filter(|name| !name.starts_with("monitoring_"))
        .collect();
    assert_eq!(
        names,
        [
            "http_request_duration_seconds_created{method=\"GET\",endpoint=\"/a\"}",
            // It exists at zero, for `increase()`.
            "http_requests_created{method=\"GET\",endpoint=\"/a\",status=\"500\"}",
            "http_requests_created{method=\"GET\",endpoint=\"/a\",status=\"200\"}",
            "orders_created{shop=\"eu\"}",
            "wait_seconds_created",
            "zero_created",
        ]
    );
    for line in &created {
        let time: f64 = line.rsplit_once(' ').unwrap().1.parse().unwrap();
        assert!((before - 0.001..=now()).contains(&time), "{line}");
    }
    let following = |first: &str| {
        let mut lines = open.lines().skip_while(|line| !line.starts_with(first));
        lines.nth(1).unwrap_or_default()
    };
    assert!(following("orders_total{").starts_with("orders_created{"));
    assert!(following("wait_seconds_count").starts_with("wait_seconds_created "));
    assert_eq!(prometheus.render_openmetrics(), open, "the times stay");
    assert!(!prometheus.render().contains("_created"));
    // Off by default.
    let prometheus = numbered().build().unwrap();
    with_local_recorder(&prometheus, || counter!("orders_total").increment(3));
    assert!(!prometheus.render_openmetrics().contains("_created"));
}

/// Prints the exemplars and the created timestamps.
const READ: &str = "
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
for family in text_string_to_metric_families(sys.stdin.buffer.read().decode('utf-8')):
    for sample in family.samples:
        if sample.exemplar:
            print(json.dumps([sample.name, sample.exemplar.labels, sample.exemplar.value, float(sample.exemplar.timestamp)]))
        if sample.name.endswith('_created'):
            print(json.dumps([sample.name, {}, sample.value, 0]))
";

#[test]
#[ignore = "needs prometheus_client: tests/run"]
fn the_reference_parser_reads_exemplars_and_created_timestamps() {
    // In exemplars, this parser takes an escaped quote for the end of a value, so two of them are needed.
    let odd = "\"quotes\" backslash \\ line\n\u{1f980}";
    let count = AtomicU64::new(0);
    let prometheus = Prometheus::builder()
        .buckets("wait_seconds", &[-1.0, 1.0])
        .created_timestamps(true)
        .exemplars(move || match count.fetch_add(1, Ordering::Relaxed) {
            // 128 characters, of 4 bytes each.
            0 => Some(ExemplarLabels::new([("a", &*"\u{1f980}".repeat(127))])),
            // One more is not shown.
            1 => Some(ExemplarLabels::new([("a", &*"\u{1f980}".repeat(128))])),
            2 => Some(ExemplarLabels::new([("user.id", odd), ("le", "1")])),
            3 => Some(ExemplarLabels::new([])),
            _ => Some(ExemplarLabels::trace([1; 16], [0; 8])),
        })
        .build()
        .unwrap();
    let before = now();
    with_local_recorder(&prometheus, || {
        for value in [-2.0, 0.5, 7.0] {
            histogram!("wait_seconds").record(value);
        }
        counter!("orders_total").increment(3);
        counter!("sales_total", "a\"b" => odd).increment(4);
    });
    request(&prometheus);
    let read = python(READ, &prometheus.render_openmetrics());
    let read: Vec<(String, Value, f64, f64)> = read
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let exemplars: Vec<_> = read.iter().filter(|(_, _, _, time)| *time > 0.0).collect();
    assert!(
        exemplars
            .iter()
            .all(|(_, _, _, time)| (before - 0.001..=now()).contains(time))
    );
    let trace = serde_json::json!({ "trace_id": "01".repeat(16) });
    let of = |name: &str| -> Vec<_> {
        let own = exemplars.iter().filter(|(own, ..)| own == name);
        own.map(|(_, labels, value, _)| (labels.clone(), *value))
            .collect()
    };
    assert_eq!(
        of("wait_seconds_bucket"),
        [
            (serde_json::json!({ "a": "\u{1f980}".repeat(127) }), -2.0),
            (serde_json::json!({ "user_id": odd, "le": "1" }), 7.0),
        ]
    );
    assert_eq!(of("orders_total"), [(serde_json::json!({}), 3.0)]);
    assert_eq!(of("sales_total"), [(trace.clone(), 4.0)]);
    assert_eq!(of("http_requests_total"), [(trace, 1.0)]);
    for name in [
        "wait_seconds",
        "orders",
        "sales",
        "http_requests",
        "http_request_duration_seconds",
    ] {
        let mut created = read
            .iter()
            .filter(|(own, ..)| *own == format!("{name}_created"));
        let (_, _, created, _) = created.next().unwrap_or_else(|| panic!("{name}"));
        assert!(
            (before - 0.001..=now()).contains(created),
            "{name}: {created}"
        );
    }
}

/// Features that a service needs for both.
const FEATURES: [&str; 2] = ["exemplar-storage", "created-timestamp-zero-ingestion"];

async fn serve(prometheus: &Prometheus, address: SocketAddr) -> tower_vitals::routes::Server {
    let routes = Routes::new().metrics(prometheus.clone());
    routes.spawn(&address.to_string()).await.unwrap()
}

/// Waits until a target was scraped `count` times more.
fn scraped(server: &Server, name: &str, count: f64) {
    let scrapes = format!("count_over_time(up{{example=\"{name}\"}}[10m])");
    let before = server.query(&scrapes);
    let before = before.first().map_or(0.0, |sample| {
        sample["value"][1].as_str().unwrap().parse().unwrap()
    });
    server.answers(&scrapes, |scrapes| scrapes >= before + count);
}

/// The samples of the only series of a selector: seconds and values.
fn samples(server: &Server, selector: &str) -> Vec<(f64, f64)> {
    let found = server.query(&format!("{selector}[10m]"));
    assert_eq!(found.len(), 1, "{selector}: {found:?}");
    let samples = found[0]["values"].as_array().unwrap().iter();
    samples
        .map(|sample| {
            let value = sample[1].as_str().unwrap().parse().unwrap();
            (sample[0].as_f64().unwrap(), value)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Prometheus: tests/run"]
async fn prometheus_stores_each_exemplar_once() {
    let prometheus = numbered().build().unwrap();
    let service = serve(&prometheus, ([127, 0, 0, 1], 0).into()).await;
    let address = service.local_addr().to_string();
    let checked = tokio::task::spawn_blocking(move || {
        let Some(server) = OwnPrometheus::start(&FEATURES) else {
            return;
        };
        let _target = server.scrape(&address, "/metrics", "exemplars");
        let (wait, orders) = with_local_recorder(&prometheus, || {
            (histogram!("wait_seconds"), counter!("orders_total"))
        });
        let record = |value| {
            wait.record(value);
            orders.increment(2);
            request(&prometheus);
        };
        record(0.5);
        scraped(&server, "exemplars", 4.0);
        let open = prometheus.render_openmetrics();
        let shown = |metric: &str| lines(&open, metric).1;
        // Labels, value and time of each exemplar.
        let stored = |metric: &str| -> Vec<_> {
            let exemplars = server.exemplars(&format!("{metric}{{example=\"exemplars\"}}"));
            let exemplar = |exemplar: &Value| {
                (
                    exemplar["labels"]["trace_id"].as_str().unwrap().to_owned(),
                    exemplar["labels"]["span_id"].as_str().unwrap().to_owned(),
                    exemplar["value"].as_str().unwrap().to_owned(),
                    exemplar["timestamp"].as_f64().unwrap(),
                )
            };
            exemplars.iter().map(exemplar).collect()
        };
        let expected = |number: u64, value: &str, times: Vec<f64>| {
            assert_eq!(times.len(), 1);
            let span = "abababababababab".to_owned();
            (format!("{number:032x}"), span, value.to_owned(), times[0])
        };
        let first = expected(1, "0.5", shown("wait_seconds_bucket"));
        assert_eq!(stored("wait_seconds_bucket"), std::slice::from_ref(&first));
        assert_eq!(
            stored("orders_total"),
            [expected(2, "2", shown("orders_total"))]
        );
        assert_eq!(stored("http_request_duration_seconds_bucket").len(), 1);
        let requests = stored("http_requests_total");
        assert_eq!((requests.len(), &*requests[0].2), (1, "1"));
        assert_eq!(vec![requests[0].3], shown("http_requests_total"));
        // Their second has passed, so the next record has other ones.
        record(0.75);
        let second = lines(&prometheus.render_openmetrics(), "wait_seconds_bucket").1;
        scraped(&server, "exemplars", 3.0);
        let both = stored("wait_seconds_bucket");
        assert_eq!((both.len(), &both[0]), (2, &first));
        assert_eq!((&*both[1].2, vec![both[1].3]), ("0.75", second));
        assert_ne!(both[1].0, first.0);
        assert_eq!(stored("orders_total").len(), 2);
    });
    checked.await.unwrap();
    service.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Prometheus: tests/run"]
async fn prometheus_counts_first_values_and_quick_restarts() {
    let Some(server) =
        tokio::task::spawn_blocking(|| OwnPrometheus::start(&FEATURES).map(Arc::new))
            .await
            .unwrap()
    else {
        return;
    };
    let build = || numbered().created_timestamps(true).build().unwrap();
    let record = |prometheus: &Prometheus, count: u64| {
        with_local_recorder(prometheus, || counter!("orders_total").increment(count));
        (0..count).for_each(|_| request(prometheus));
    };
    let scraped = async |count| {
        let server = Arc::clone(&server);
        tokio::task::spawn_blocking(move || scraped(&server, "created", count))
            .await
            .unwrap();
    };
    let prometheus = build();
    let service = serve(&prometheus, ([127, 0, 0, 1], 0).into()).await;
    let address = service.local_addr();
    let _target = server.scrape(&address.to_string(), "/metrics", "created");
    scraped(2.0).await;
    record(&prometheus, 5);
    scraped(2.0).await;
    // A restart between two scrapes, after which the total soon is higher than before.
    service.shutdown().await;
    let prometheus = build();
    record(&prometheus, 7);
    let service = serve(&prometheus, address).await;
    scraped(3.0).await;
    let checked = tokio::task::spawn_blocking(move || {
        for metric in [
            "orders_total",
            "http_requests_total{status=\"200\"}",
            "http_request_duration_seconds_count",
            "http_request_duration_seconds_bucket{le=\"+Inf\"}",
        ] {
            let (name, matchers) = metric.split_once('{').unwrap_or((metric, "}"));
            let selector = format!("{name}{{example=\"created\",{matchers}");
            let samples = samples(&server, &selector);
            let mut values: Vec<f64> = samples.iter().map(|(_, value)| *value).collect();
            values.dedup();
            assert_eq!(values, [0.0, 5.0, 0.0, 7.0], "{metric}: {samples:?}");
            // `increase` also extrapolates to the end of its window.
            let increase = server.answers(&format!("increase({selector}[1m])"), |_| true);
            assert!((12.0..16.0).contains(&increase), "{metric}: {increase}");
            let resets = server.answers(&format!("resets({selector}[1m])"), |_| true);
            assert_eq!(resets, 1.0, "{metric}");
        }
        // They are not stored as series.
        let created = server.query("{example=\"created\",__name__=~\".*_created\"}");
        assert!(created.is_empty(), "{created:?}");
    });
    checked.await.unwrap();
    service.shutdown().await;
}
