//! `MetricsHistory`: queries, bounds, and errors for invalid queries.

use std::time::Duration;

use crate::support::until;
use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};
use tower_vitals::catalog::Kind;
use tower_vitals::exporter::{HistoryConfig, HistoryQuery, MetricsHistory};
use tower_vitals::{ErrorKind, Prometheus};

static METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

const SHORT: Duration = Duration::from_millis(5);

/// A history that ticks every 5 ms and does not expire during a test.
fn ticking() -> (Prometheus, MetricsHistory) {
    with_history(every(SHORT).window(Duration::from_secs(400)))
}

fn every(interval: Duration) -> HistoryConfig {
    HistoryConfig::new().interval(interval)
}

fn with_history(config: HistoryConfig) -> (Prometheus, MetricsHistory) {
    let prometheus = Prometheus::builder()
        .history(config)
        .buckets("wait_seconds", &[0.25, 0.5, 1.0])
        .build()
        .unwrap();
    let history = prometheus.history().unwrap().clone();
    (prometheus, history)
}

fn key(name: &'static str, shop: &str) -> Key {
    Key::from_parts(name, vec![Label::new("shop", shop.to_owned())])
}

fn orders(prometheus: &Prometheus, shop: &str) -> Counter {
    prometheus.register_counter(&key("orders_total", shop), &METADATA)
}

fn queue(prometheus: &Prometheus, shop: &str) -> Gauge {
    prometheus.register_gauge(&key("queue", shop), &METADATA)
}

fn waits(prometheus: &Prometheus, shop: &str) -> Histogram {
    prometheus.register_histogram(&key("wait_seconds", shop), &METADATA)
}

/// The values of the only matching series.
fn numbers(history: &MetricsHistory, query: &HistoryQuery) -> Vec<f64> {
    let found = history.query(query).unwrap_or_default();
    assert!(found.len() <= 1, "{found:?}");
    let points = found.iter().flat_map(|series| &series.points);
    points.map(|(_, number)| *number).collect()
}

#[test]
fn there_is_no_history_by_default() {
    assert!(Prometheus::builder().build().unwrap().history().is_none());
}

#[tokio::test]
async fn recorded_values_can_be_queried_in_order() {
    let (prometheus, history) = ticking();
    let in_queue = queue(&prometheus, "eu");
    let values = HistoryQuery::values("queue");
    for number in [2.0, -1.5, 7.0] {
        in_queue.set(number);
        until("the gauge's value is a point", async || {
            numbers(&history, &values).last() == Some(&number)
        })
        .await;
    }
    let mut seen = numbers(&history, &values);
    seen.dedup();
    assert_eq!(seen, [2.0, -1.5, 7.0]);
    let found = history.query(&values).unwrap();
    assert_eq!(found[0].labels, [("shop".to_owned(), "eu".to_owned())]);
    assert!(found[0].points.is_sorted_by(|one, next| one.0 < next.0));
    let last = found[0].points.last().unwrap().0;
    assert!(last >= history.stats().since);
    assert!(last.elapsed().unwrap() < Duration::from_secs(10));
}

#[tokio::test]
async fn rates_add_up_to_the_increase() {
    let (prometheus, history) = ticking();
    for shop in ["eu", "us"] {
        orders(&prometheus, shop).increment(30);
    }
    let eu = HistoryQuery::rate("orders_total").label("shop", "eu");
    until("the orders are in", async || {
        !numbers(&history, &eu).is_empty()
    })
    .await;
    orders(&prometheus, "eu").increment(12);
    // Each rate times the time since the previous tick is the increase in that time.
    let counted = |query: &HistoryQuery| {
        let points = history.query(query).unwrap().remove(0).points;
        assert!(points.iter().all(|(_, rate)| *rate >= 0.0), "{points:?}");
        let steps = points.windows(2).map(|pair| {
            let elapsed = pair[1].0.duration_since(pair[0].0).unwrap();
            pair[1].1 * elapsed.as_secs_f64()
        });
        steps.sum::<f64>()
    };
    until("the later orders are in", async || counted(&eu) > 6.0).await;
    // The wall clock and the monotonic clock differ a little.
    assert!((counted(&eu) - 12.0).abs() < 3.0, "{}", counted(&eu));
    assert_eq!(
        history
            .query(&HistoryQuery::rate("orders_total"))
            .unwrap()
            .len(),
        2
    );
    let sum = history
        .query(&HistoryQuery::rate("orders_total").sum())
        .unwrap();
    assert_eq!((sum.len(), sum[0].labels.len()), (1, 0));
}

#[tokio::test]
async fn quantiles_and_averages_have_points_only_for_ticks_with_samples() {
    let (prometheus, history) = ticking();
    let waiting = waits(&prometheus, "eu");
    for (wait, quantile) in [(0.3, 0.375), (0.7, 0.75), (9.0, 1.0)] {
        waiting.record(wait);
        let median = HistoryQuery::quantile("wait_seconds", 0.5);
        until("the sample is in", async || {
            numbers(&history, &median).last() == Some(&quantile)
        })
        .await;
    }
    let averages = numbers(&history, &HistoryQuery::average("wait_seconds"));
    assert_eq!(averages.len(), 3, "{averages:?}");
    for (average, wait) in averages.iter().zip([0.3, 0.7, 9.0]) {
        assert!((average - wait).abs() < 1e-9, "{averages:?}");
    }
}

#[tokio::test]
async fn ticks_and_series_are_bounded() {
    let config = every(SHORT).window(SHORT * 20).max_series(2);
    let (prometheus, history) = with_history(config);
    for shop in ["a", "b", "c", "d", "e"] {
        orders(&prometheus, shop).increment(1);
    }
    until("it is full", async || {
        let stats = history.stats();
        stats.series_dropped == 3 && stats.ticks > 10
    })
    .await;
    let stats = history.stats();
    assert!(stats.ticks <= 20, "{stats:?}");
    assert_eq!(
        (stats.series, stats.interval, stats.window),
        (2, SHORT, SHORT * 20)
    );
    assert_eq!(stats.metrics, [("orders_total".to_owned(), Kind::Counter)]);
    assert!(stats.bytes > 100 && stats.bytes < 100_000, "{stats:?}");
    let values = history
        .query(&HistoryQuery::values("orders_total"))
        .unwrap();
    assert_eq!(values.len(), 2);
    let recent = HistoryQuery::values("orders_total").window(SHORT * 5);
    let last = history.query(&recent).unwrap();
    assert!(last[0].points.len() <= 6, "{last:?}");
    let error = history
        .query(&HistoryQuery::values("queue"))
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with(", and the history series limit dropped 3 series"),
        "{error}"
    );
}

#[tokio::test]
async fn clear_empties_the_history() {
    let (prometheus, history) = with_history(every(Duration::from_mins(1)));
    let since = history.stats().since;
    orders(&prometheus, "eu").increment(5);
    history.clear();
    let stats = history.stats();
    assert!(stats.since > since);
    assert_eq!((stats.ticks, stats.series), (1, 1));
    let values = numbers(&history, &HistoryQuery::values("orders_total"));
    assert_eq!(values, [5.0], "the total is unaffected");
    assert!(numbers(&history, &HistoryQuery::rate("orders_total")).is_empty());
}

#[tokio::test]
async fn the_ticker_ends_with_the_last_handle() {
    let (prometheus, history) = ticking();
    let clone = prometheus.clone();
    drop(prometheus);
    let before = history.stats().ticks;
    until("it ticks while there is a handle", async || {
        history.stats().ticks > before + 2
    })
    .await;
    drop(clone);
    until("it no longer ticks", async || {
        let before = history.stats().ticks;
        tokio::time::sleep(SHORT * 20).await;
        history.stats().ticks == before
    })
    .await;
    assert!(
        history
            .query(&HistoryQuery::rate("http_requests_total"))
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_metric_of_the_catalogue_is_known_before_it_has_series() {
    let prometheus = Prometheus::builder()
        .prefix("shop")
        .history(HistoryConfig::new())
        .build()
        .unwrap();
    let history = prometheus.history().unwrap();
    for query in [
        HistoryQuery::rate("shop_http_requests_total").label("method", "GET"),
        HistoryQuery::quantile("shop_http_request_duration_seconds", 0.5),
        HistoryQuery::values("shop_http_requests_in_progress").sum(),
    ] {
        assert_eq!(history.query(&query).unwrap(), []);
    }
    assert_eq!(
        history.kind("shop_http_requests_total"),
        Some(Kind::Counter)
    );
    assert_eq!(history.kind("http_requests_total"), None);
    let error = history
        .query(&HistoryQuery::rate("http_requests_total"))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "metric \"http_requests_total\" is unknown: similar names are shop_axum_http_requests_total, \
         shop_http_requests_total"
    );
}

#[test]
fn errors_of_invalid_queries_name_the_allowed_values() {
    let (prometheus, history) = with_history(HistoryConfig::new());
    orders(&prometheus, "eu").increment(1);
    queue(&prometheus, "eu").set(1.0);
    waits(&prometheus, "eu").record(1.0);
    prometheus
        .register_gauge(&Key::from_name("bare"), &METADATA)
        .set(1.0);
    history.clear();
    let known = tower_vitals::catalog::FAMILIES.len() + 4;
    let no_similar_name =
        format!("metric \"nonsense\" is unknown: none of the {known} known names is similar");
    let minute = Duration::from_mins(1);
    for (query, message) in [
        (HistoryQuery::rate("nonsense"), &*no_similar_name),
        (
            HistoryQuery::rate("wait_seconds_bucket"),
            "metric \"wait_seconds_bucket\" is unknown: similar names are wait_seconds",
        ),
        (
            HistoryQuery::rate("queue"),
            "gauge \"queue\" has no rate: only counters and histograms have one",
        ),
        (
            HistoryQuery::values("wait_seconds"),
            "histogram \"wait_seconds\" has no values: ask for its rate, average or a quantile",
        ),
        (
            HistoryQuery::quantile("orders_total", 0.5),
            "counter \"orders_total\" has no quantiles: only histograms have them",
        ),
        (
            HistoryQuery::average("queue"),
            "gauge \"queue\" has no average: only histograms have one",
        ),
        (
            HistoryQuery::quantile("wait_seconds", 1.5),
            "histogram \"wait_seconds\" has no quantile 1.5: 0 to 1 is allowed",
        ),
        (
            HistoryQuery::quantile("http_request_duration_seconds", f64::NAN),
            "histogram \"http_request_duration_seconds\" has no quantile NaN: 0 to 1 is allowed",
        ),
        (
            HistoryQuery::values("queue").window(Duration::ZERO),
            "window 0ns is zero: up to 900s is allowed",
        ),
        (
            HistoryQuery::values("queue").window(minute * 20),
            "window 1200s is longer than the history: up to 900s is allowed",
        ),
        (
            HistoryQuery::values("queue").label("shp", "eu"),
            "label \"shp\" of \"queue\" is unknown: its series have shop",
        ),
        (
            HistoryQuery::values("bare").label("shop", "eu"),
            "label \"shop\" of \"bare\" is unknown: its series have no labels",
        ),
        (
            HistoryQuery::values("queue")
                .label("shop", "eu")
                .label("shop", "us"),
            "label \"shop\" of \"queue\" is given twice: once is allowed",
        ),
    ] {
        let error = history.query(&query).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert_eq!(error.to_string(), message);
    }
    let none = history.query(&HistoryQuery::values("queue").label("shop", "nowhere"));
    assert_eq!(none.unwrap(), []);
    assert!(
        history
            .query(&HistoryQuery::values("queue").window(minute * 15))
            .is_ok()
    );
}

/// Otherwise an older tick could be stored after a newer one, and its lower totals would look like a restart.
#[test]
fn concurrent_ticks_are_taken_one_after_another() {
    let (prometheus, history) = with_history(every(Duration::from_mins(1)));
    for number in 0..1000 {
        orders(&prometheus, &number.to_string()).increment(1);
    }
    let busy = orders(&prometheus, "busy");
    busy.increment(1_000_000_000);
    history.clear();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..40 {
                    busy.increment(1);
                    history.tick();
                }
            });
        }
    });
    let values = HistoryQuery::values("orders_total").label("shop", "busy");
    let found = history.query(&values).unwrap();
    let values: Vec<f64> = found[0].points.iter().map(|(_, value)| *value).collect();
    assert!(values.is_sorted(), "{values:?}");
    let rates = HistoryQuery::rate("orders_total").label("shop", "busy");
    for (_, rate) in &history.query(&rates).unwrap()[0].points {
        assert!(*rate < 1e8, "{rate}");
    }
}

#[test]
fn a_history_without_capacity_is_refused() {
    let second = Duration::from_secs(1);
    for (config, message) in [
        (
            every(Duration::ZERO),
            "history interval is zero: any longer interval is allowed, 5 s is the default",
        ),
        (
            every(second).window(SHORT),
            "history window 5ms holds fewer than two ticks of 1s: a rate needs two, so the window must be longer than the interval",
        ),
        (
            every(second).window(second),
            "history window 1s holds fewer than two ticks of 1s: a rate needs two, so the window must be longer than the interval",
        ),
        (
            every(SHORT).window(second * 1000),
            "history window 1000s holds 200000 ticks of 5ms: at most 100000 are allowed",
        ),
        (
            HistoryConfig::new().max_series(0),
            "history series limit is zero: at least 1 is needed, 10,000 is the default",
        ),
    ] {
        let error = Prometheus::builder().history(config).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert_eq!(error.to_string(), message);
    }
}
