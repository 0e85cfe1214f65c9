//! The history: what of the last minutes can be read back, how much of it is kept, and what is said of wrong questions.

use std::time::Duration;

use crate::support::until;
use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};
use tower_vitals::catalog::Kind;
use tower_vitals::exporter::{History, Keep, Query};
use tower_vitals::{ErrorKind, Prometheus};

static METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

const SHORT: Duration = Duration::from_millis(5);

/// One that ticks every 5 ms, for longer than a test.
fn ticking() -> (Prometheus, History) {
    kept(Keep::every(SHORT).window(Duration::from_secs(400)))
}

fn kept(keep: Keep) -> (Prometheus, History) {
    let prometheus = Prometheus::builder()
        .history(keep)
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

/// The numbers of the only series there is.
fn numbers(history: &History, query: &Query) -> Vec<f64> {
    let found = history.query(query).unwrap_or_default();
    assert!(found.len() <= 1, "{found:?}");
    let points = found.iter().flat_map(|timeline| &timeline.points);
    points.map(|(_, number)| *number).collect()
}

#[test]
fn without_settings_nothing_is_kept() {
    assert!(Prometheus::builder().build().unwrap().history().is_none());
}

#[tokio::test]
async fn what_is_recorded_can_be_read_back_in_order() {
    let (prometheus, history) = ticking();
    let in_queue = queue(&prometheus, "eu");
    let values = Query::values("queue");
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
    assert!(last >= history.kept().since);
    assert!(last.elapsed().unwrap() < Duration::from_secs(10));
}

#[tokio::test]
async fn rates_add_up_to_what_was_counted() {
    let (prometheus, history) = ticking();
    for shop in ["eu", "us"] {
        orders(&prometheus, shop).increment(30);
    }
    let eu = Query::rate("orders_total").label("shop", "eu");
    until("the orders are in", async || {
        !numbers(&history, &eu).is_empty()
    })
    .await;
    orders(&prometheus, "eu").increment(12);
    // A tick's rate, times the time since the tick before, is what it counted; all before the first point were none.
    let counted = |query: &Query| {
        let points = history.query(query).unwrap().remove(0).points;
        assert!(points.iter().all(|(_, rate)| *rate >= 0.0), "{points:?}");
        let steps = points.windows(2).map(|pair| {
            let elapsed = pair[1].0.duration_since(pair[0].0).unwrap();
            pair[1].1 * elapsed.as_secs_f64()
        });
        steps.sum::<f64>()
    };
    until("the later orders are in", async || counted(&eu) > 6.0).await;
    // The two clocks differ a little.
    assert!((counted(&eu) - 12.0).abs() < 3.0, "{}", counted(&eu));
    assert_eq!(
        history.query(&Query::rate("orders_total")).unwrap().len(),
        2
    );
    let sum = history.query(&Query::rate("orders_total").sum()).unwrap();
    assert_eq!((sum.len(), sum[0].labels.len()), (1, 0));
}

#[tokio::test]
async fn quantiles_and_averages_have_points_where_samples_came() {
    let (prometheus, history) = ticking();
    let waiting = waits(&prometheus, "eu");
    for (wait, quantile) in [(0.3, 0.375), (0.7, 0.75), (9.0, 1.0)] {
        waiting.record(wait);
        let asked = Query::quantile("wait_seconds", 0.5);
        until("the sample is in", async || {
            numbers(&history, &asked).last() == Some(&quantile)
        })
        .await;
    }
    let averages = numbers(&history, &Query::average("wait_seconds"));
    assert_eq!(averages.len(), 3, "{averages:?}");
    for (average, wait) in averages.iter().zip([0.3, 0.7, 9.0]) {
        assert!((average - wait).abs() < 1e-9, "{averages:?}");
    }
}

#[tokio::test]
async fn ticks_and_series_are_bounded() {
    let keep = Keep::every(SHORT).window(SHORT * 20).max_series(2);
    let (prometheus, history) = kept(keep);
    for shop in ["a", "b", "c", "d", "e"] {
        orders(&prometheus, shop).increment(1);
    }
    until("it is full", async || {
        let kept = history.kept();
        kept.series_left_out == 3 && kept.ticks > 10
    })
    .await;
    let kept = history.kept();
    assert!(kept.ticks <= 20, "{kept:?}");
    assert_eq!(
        (kept.series, kept.interval, kept.window),
        (2, SHORT, SHORT * 20)
    );
    assert_eq!(kept.metrics, [("orders_total".to_owned(), Kind::Counter)]);
    assert!(kept.bytes > 100 && kept.bytes < 100_000, "{kept:?}");
    let values = history.query(&Query::values("orders_total")).unwrap();
    assert_eq!(values.len(), 2);
    let of_last = Query::values("orders_total").window(SHORT * 5);
    let last = history.query(&of_last).unwrap();
    assert!(last[0].points.len() <= 6, "{last:?}");
    let error = history
        .query(&Query::values("queue"))
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("; 3 series found no place in the history"),
        "{error}"
    );
}

#[tokio::test]
async fn it_can_be_begun_anew() {
    let (prometheus, history) = kept(Keep::every(Duration::from_mins(1)));
    let since = history.kept().since;
    orders(&prometheus, "eu").increment(5);
    history.clear();
    let kept = history.kept();
    assert!(kept.since > since);
    assert_eq!((kept.ticks, kept.series), (1, 1));
    let values = numbers(&history, &Query::values("orders_total"));
    assert_eq!(values, [5.0], "what Prometheus reads stays");
    assert!(numbers(&history, &Query::rate("orders_total")).is_empty());
}

#[tokio::test]
async fn its_thread_ends_with_the_last_handle() {
    let (prometheus, history) = ticking();
    let clone = prometheus.clone();
    drop(prometheus);
    let before = history.kept().ticks;
    until("it goes on with a handle", async || {
        history.kept().ticks > before + 2
    })
    .await;
    drop(clone);
    until("it takes no further tick", async || {
        let before = history.kept().ticks;
        tokio::time::sleep(SHORT * 20).await;
        history.kept().ticks == before
    })
    .await;
    assert!(
        history
            .query(&Query::rate("http_requests_total"))
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_metric_of_the_catalogue_is_known_before_it_has_series() {
    let prometheus = Prometheus::builder()
        .prefix("shop")
        .history(Keep::default())
        .build()
        .unwrap();
    let history = prometheus.history().unwrap();
    for query in [
        Query::rate("shop_http_requests_total").label("method", "GET"),
        Query::quantile("shop_http_request_duration_seconds", 0.5),
        Query::values("shop_http_requests_in_progress").sum(),
    ] {
        assert_eq!(history.query(&query).unwrap(), []);
    }
    assert_eq!(
        history.kind("shop_http_requests_total"),
        Some(Kind::Counter)
    );
    assert_eq!(history.kind("http_requests_total"), None);
    let error = history
        .query(&Query::rate("http_requests_total"))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "metric \"http_requests_total\" is not known: known are shop_http_requests_total"
    );
}

#[test]
fn wrong_questions_are_told_what_is_allowed() {
    let (prometheus, history) = kept(Keep::default());
    orders(&prometheus, "eu").increment(1);
    queue(&prometheus, "eu").set(1.0);
    waits(&prometheus, "eu").record(1.0);
    prometheus
        .register_gauge(&Key::from_name("bare"), &METADATA)
        .set(1.0);
    history.clear();
    let known = tower_vitals::catalog::FAMILIES.len() + 4;
    let nothing_like_it = format!(
        "metric \"nonsense\" is not known: none of the {known} that are known has a name like it"
    );
    let minute = Duration::from_mins(1);
    for (query, message) in [
        (Query::rate("nonsense"), &*nothing_like_it),
        (
            Query::rate("wait_seconds_bucket"),
            "metric \"wait_seconds_bucket\" is not known: known are wait_seconds",
        ),
        (
            Query::rate("queue"),
            "rate of the gauge \"queue\": only a counter or a histogram has one",
        ),
        (
            Query::values("wait_seconds"),
            "values of the histogram \"wait_seconds\": it has a rate, an average and quantiles",
        ),
        (
            Query::quantile("orders_total", 0.5),
            "quantile of the counter \"orders_total\": only a histogram has them",
        ),
        (
            Query::average("queue"),
            "average of the gauge \"queue\": only a histogram has one",
        ),
        (
            Query::quantile("wait_seconds", 1.5),
            "quantile 1.5 of \"wait_seconds\": 0 to 1 is allowed",
        ),
        (
            Query::quantile("http_request_duration_seconds", f64::NAN),
            "quantile NaN of \"http_request_duration_seconds\": 0 to 1 is allowed",
        ),
        (
            Query::values("queue").window(Duration::ZERO),
            "window 0ns is zero: more is needed: up to 900s is allowed",
        ),
        (
            Query::values("queue").window(minute * 20),
            "window 1200s is longer than what is kept: up to 900s is allowed",
        ),
        (
            Query::values("queue").label("shp", "eu"),
            "label \"shp\" of \"queue\" is one that none of its series has: they have shop",
        ),
        (
            Query::values("bare").label("shop", "eu"),
            "label \"shop\" of \"bare\" is one that none of its series has: they have no labels",
        ),
        (
            Query::values("queue")
                .label("shop", "eu")
                .label("shop", "us"),
            "label \"shop\" of \"queue\" is asked for twice: a series has one value of it",
        ),
    ] {
        let error = history.query(&query).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert_eq!(error.to_string(), message);
    }
    let none = history.query(&Query::values("queue").label("shop", "nowhere"));
    assert_eq!(none.unwrap(), []);
    assert!(
        history
            .query(&Query::values("queue").window(minute * 15))
            .is_ok()
    );
}

/// A tick that read less must not take its place after one that read more: the whole count would be new.
#[test]
fn ticks_at_once_are_taken_one_after_another() {
    let (prometheus, history) = kept(Keep::every(Duration::from_mins(1)));
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
    let values = Query::values("orders_total").label("shop", "busy");
    let found = history.query(&values).unwrap();
    let values: Vec<f64> = found[0].points.iter().map(|(_, value)| *value).collect();
    assert!(values.is_sorted(), "{values:?}");
    let rates = Query::rate("orders_total").label("shop", "busy");
    for (_, rate) in &history.query(&rates).unwrap()[0].points {
        assert!(*rate < 1e8, "{rate}");
    }
}

#[test]
fn settings_that_keep_nothing_are_refused() {
    let second = Duration::from_secs(1);
    for (keep, message) in [
        (
            Keep::every(Duration::ZERO),
            "history's interval is zero: anything longer is allowed, 5 s is the default",
        ),
        (
            Keep::every(second).window(SHORT),
            "history's window 5ms is shorter than its interval 1s: at least as long is needed",
        ),
        (
            Keep::every(second).window(second),
            "history's window 1s holds one tick of 1s: it takes two for a rate, so it must be longer than its interval",
        ),
        (
            Keep::every(SHORT).window(second * 1000),
            "history's window 1000s has 200000 ticks of 5ms: at most 100000 are allowed",
        ),
        (
            Keep::default().max_series(0),
            "history's series limit is zero: at least 1 is needed, 10,000 is the default",
        ),
    ] {
        let error = Prometheus::builder().history(keep).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert_eq!(error.to_string(), message);
    }
}
