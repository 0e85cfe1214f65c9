//! Resets, series that come and go, clocks that jump, and definitions that change.

use std::time::Duration;

use tower_vitals::alerts::slo::{BurnWindow, Slo, SloBook};
use tower_vitals::alerts::{Evaluation, Selector};

use super::super::metrics::{Cell, Series, snapshot};
use super::world::{DAY, HOUR, MINUTE, Process, at, reread};

const SHOP: [(&str, &str); 1] = [("shop", "eu")];
const MARS: [(&str, &str); 1] = [("shop", "mars")];

fn slo() -> Slo {
    let orders = Slo::availability("orders", 0.99).total("orders_total");
    orders.good("orders_done_total")
}

struct Counted {
    slo: Slo,
    book: SloBook,
    now: u64,
}

impl Counted {
    fn new(slo: Slo) -> Self {
        let book = SloBook::default();
        Self { slo, book, now: 0 }
    }

    /// Observes these series a minute later, and returns the bad events and all events so far.
    fn see(&mut self, series: &[Series<'_>]) -> (u64, u64) {
        self.now += MINUTE;
        let slos = std::slice::from_ref(&self.slo);
        self.book.observe(slos, &snapshot(series), at(self.now));
        self.all()
    }

    fn all(&self) -> (u64, u64) {
        let status = self.book.evaluate(&self.slo, at(self.now));
        let hours = status.burn(BurnWindow::Hours6);
        assert_eq!(
            (hours.bad, hours.total),
            (status.period.bad, status.period.total)
        );
        (status.period.bad, status.period.total)
    }
}

fn total(labels: &'static [(&'static str, &'static str)], count: u64) -> Series<'static> {
    ("orders_total", labels, Cell::Counter(count))
}

fn done(labels: &'static [(&'static str, &'static str)], count: u64) -> Series<'static> {
    ("orders_done_total", labels, Cell::Counter(count))
}

#[test]
fn new_series_count_from_zero_and_reset_ones_too() {
    let mut counted = Counted::new(slo());
    assert_eq!(counted.see(&[]), (0, 0));
    assert_eq!(counted.see(&[total(&SHOP, 10), done(&SHOP, 9)]), (1, 10));
    assert_eq!(counted.see(&[total(&SHOP, 10), done(&SHOP, 9)]), (1, 10));
    // A reset of one series, and another one.
    let series = [
        total(&SHOP, 4),
        done(&SHOP, 4),
        total(&MARS, 6),
        done(&MARS, 5),
    ];
    assert_eq!(counted.see(&series), (2, 20));
}

#[test]
fn a_series_that_was_idle_goes_on() {
    let mut counted = Counted::new(slo());
    counted.see(&[total(&SHOP, 10), done(&SHOP, 9)]);
    assert_eq!(counted.see(&[total(&MARS, 5), done(&MARS, 5)]), (1, 15));
    let both = [
        total(&SHOP, 12),
        done(&SHOP, 11),
        total(&MARS, 5),
        done(&MARS, 5),
    ];
    assert_eq!(counted.see(&both), (1, 17));
    // It was forgotten while it was idle, and began again.
    counted.see(&[total(&MARS, 5), done(&MARS, 5)]);
    let both = [
        total(&SHOP, 2),
        done(&SHOP, 1),
        total(&MARS, 5),
        done(&MARS, 5),
    ];
    assert_eq!(counted.see(&both), (2, 19));
}

/// Two metrics are not read at one instant.
#[test]
fn an_event_that_is_good_before_it_is_there_is_counted_once() {
    let mut counted = Counted::new(slo());
    assert_eq!(counted.see(&[total(&SHOP, 9), done(&SHOP, 10)]), (0, 9));
    assert_eq!(counted.see(&[total(&SHOP, 20), done(&SHOP, 19)]), (1, 20));
}

#[test]
fn bad_events_of_another_metric_are_counted() {
    let slo = Slo::availability("orders", 0.99).total("orders_total");
    let lost = Selector::new("orders_lost_total").ne("reason", "customer");
    let mut counted = Counted::new(slo.bad(lost).matching("shop", "eu"));
    let series = [
        total(&SHOP, 100),
        total(&MARS, 100),
        (
            "orders_lost_total",
            &[("shop", "eu"), ("reason", "customer")],
            Cell::Counter(50),
        ),
        (
            "orders_lost_total",
            &[("shop", "eu"), ("reason", "stock")],
            Cell::Counter(4),
        ),
        (
            "orders_lost_total",
            &[("shop", "mars"), ("reason", "stock")],
            Cell::Counter(8),
        ),
    ];
    assert_eq!(counted.see(&series), (4, 100));
}

#[test]
fn slow_samples_are_bad_also_over_a_reset() {
    let waits = Slo::latency("waits", Duration::from_millis(500), 0.9).total("wait_seconds");
    let mut counted = Counted::new(waits);
    let wait =
        |samples: &[(f64, usize)]| ("wait_seconds", &SHOP[..], Cell::Histogram(samples.to_vec()));
    assert_eq!(
        counted.see(&[wait(&[(0.05, 90), (0.5, 5), (0.51, 5)])]),
        (5, 100)
    );
    // Fewer samples, but more of them are fast: all of them are new.
    assert_eq!(counted.see(&[wait(&[(0.1, 96)])]), (5, 196));
    assert_eq!(counted.see(&[wait(&[(0.1, 96), (2.0, 4)])]), (9, 200));
}

#[test]
fn what_cannot_be_read_is_a_failed_evaluation_and_its_events_count_later() {
    let waits = Slo::latency("waits", Duration::from_millis(300), 0.99).total("wait_seconds");
    let mut counted = Counted::new(waits);
    counted.see(&[("wait_seconds", &SHOP, Cell::Histogram(vec![(0.2, 50)]))]);
    let failure = |counted: &Counted| {
        let status = counted.book.evaluate(&counted.slo, at(counted.now));
        let evaluations = counted.slo.alerts().map(|alert| alert.evaluate(&status));
        evaluations.map(|evaluation| match evaluation {
            Evaluation::Failed(error) => error.to_string(),
            other => panic!("{other:?}"),
        })
    };
    let expected = "SLO \"waits\": metric \"wait_seconds\" has no bucket that ends at the threshold of 0.3 s: the nearest ones end at 0.1 s and 0.5 s";
    assert_eq!(failure(&counted), [expected; 2]);
    assert_eq!(counted.all(), (0, 0));

    let mut counted = Counted::new(slo());
    counted.see(&[total(&SHOP, 10), done(&SHOP, 10)]);
    counted.see(&[
        total(&SHOP, 15),
        ("orders_done_total", &SHOP, Cell::Gauge(3.0)),
    ]);
    let expected = "SLO \"orders\": metric \"orders_done_total\" is a gauge, not a counter";
    assert_eq!(failure(&counted), [expected; 2]);
    assert_eq!(counted.all(), (0, 10));
    assert_eq!(counted.see(&[total(&SHOP, 20), done(&SHOP, 19)]), (1, 20));
}

#[test]
fn other_events_begin_anew_and_another_objective_goes_on() {
    let mut counted = Counted::new(slo());
    let series = [
        total(&SHOP, 10),
        done(&SHOP, 9),
        total(&MARS, 10),
        done(&MARS, 10),
    ];
    assert_eq!(counted.see(&series), (1, 20));
    counted.slo.objective = 0.9;
    assert_eq!(counted.see(&series), (1, 20));
    counted.slo = counted.slo.clone().matching("shop", "mars");
    counted.book = reread(&counted.book);
    assert_eq!(counted.see(&series), (0, 10));
}

#[test]
fn secrets_of_selectors_are_not_saved_and_the_counts_go_on() {
    const OURS: [(&str, &str); 1] = [("api_token", "pl4nted")];
    let series = [total(&OURS, 10), done(&OURS, 9), total(&SHOP, 5)];
    let mut counted = Counted::new(slo().matching("api_token", "pl4nted"));
    assert_eq!(counted.see(&series), (1, 10));
    let saved = serde_json::to_string(&counted.book).unwrap();
    assert!(!saved.contains("pl4nted"), "{saved}");
    counted.book = reread(&counted.book);
    assert_eq!(counted.all(), (1, 10));
    // The counters of the new process begin at zero.
    assert_eq!(counted.see(&[total(&OURS, 3), done(&OURS, 1)]), (3, 13));
    counted.book = reread(&counted.book);
    counted.slo = slo().matching("api_token", "pl4nted-other");
    assert_eq!(counted.see(&[]), (0, 0));
}

#[test]
fn totals_from_before_the_book_are_left_out_on_request() {
    let mut counted = Counted::new(slo());
    let before = snapshot(&[total(&SHOP, 1_000), done(&SHOP, 0)]);
    let slos = std::slice::from_ref(&counted.slo);
    counted.book.start_from(slos, &before);
    assert_eq!(counted.all(), (0, 0));
    assert_eq!(counted.see(&[total(&SHOP, 1_010), done(&SHOP, 9)]), (1, 10));
}

#[test]
fn an_slo_that_is_no_more_is_forgotten() {
    let mut counted = Counted::new(slo());
    counted.see(&[total(&SHOP, 10), done(&SHOP, 9)]);
    counted.book.observe(&[], &snapshot(&[]), at(counted.now));
    let none = serde_json::to_value(SloBook::default()).unwrap();
    assert_eq!(
        serde_json::to_value(&counted.book).unwrap()["slos"],
        none["slos"]
    );
    assert_eq!(counted.all(), (0, 0));
}

/// Ten requests a minute, of which one fails in the first hour. The clock is set back by some time after it.
#[test]
fn a_clock_that_is_set_back_moves_no_event_and_counts_none_twice() {
    for back in [1, 59, 61, 10 * MINUTE, HOUR, 7 * HOUR, 20 * DAY] {
        let slo = Slo::availability("checkout", 0.9);
        let (process, mut book) = (Process::start(), SloBook::default());
        let slos = std::slice::from_ref(&slo);
        let start = 30 * DAY;
        for minute in 1..=60 {
            process.serve(9, 1);
            book.observe(
                slos,
                &process.prometheus.snapshot(),
                at(start + minute * MINUTE),
            );
        }
        let mut now = start + HOUR;
        let before = book.evaluate(&slo, at(now));
        now -= back;
        book = reread(&book);
        book.start_from(slos, &process.prometheus.snapshot());
        assert_eq!(book.evaluate(&slo, at(now)), before, "{back}");
        for _ in 0..60 {
            process.serve(10, 0);
            now += MINUTE;
            book.observe(slos, &process.prometheus.snapshot(), at(now));
        }
        let after = book.evaluate(&slo, at(now));
        assert_eq!(
            (after.period.bad, after.period.total),
            (60, 1_200),
            "{back}"
        );
        let hour = after.burn(BurnWindow::Hour1);
        assert!(
            hour.bad <= 2 && (600..=620).contains(&hour.total),
            "{back} {hour:?}"
        );
        assert_eq!(after.burn(BurnWindow::Minutes5).bad, 0, "{back}");
        assert_eq!(after.burn(BurnWindow::Hours6).bad, 60, "{back}");
        // It is set right again: that is no time either, because this clock was ahead.
        now += back;
        process.serve(10, 0);
        book.observe(slos, &process.prometheus.snapshot(), at(now + 1));
        let right = book.evaluate(&slo, at(now + 1));
        assert_eq!(
            (right.period.bad, right.period.total),
            (60, 1_210),
            "{back}"
        );
        assert_eq!(right.burn(BurnWindow::Minutes5).bad, 0, "{back}");
        let hours = right.burn(BurnWindow::Hours6);
        assert_eq!((hours.bad, hours.total), (60, 1_210), "{back}");
    }
}

#[test]
fn a_clock_that_is_set_forward_looks_like_downtime() {
    let slo = Slo::availability("checkout", 0.9);
    let (process, mut book) = (Process::start(), SloBook::default());
    let slos = std::slice::from_ref(&slo);
    process.serve(5, 5);
    book.observe(slos, &process.prometheus.snapshot(), at(0));
    process.serve(10, 0);
    book.observe(slos, &process.prometheus.snapshot(), at(2 * HOUR));
    let status = book.evaluate(&slo, at(2 * HOUR));
    let (hour, all) = (
        status.burn(BurnWindow::Hour1),
        status.burn(BurnWindow::Hours6),
    );
    assert_eq!((hour.bad, hour.total, all.bad, all.total), (0, 10, 5, 20));
    process.serve(1, 0);
    book.observe(slos, &process.prometheus.snapshot(), at(400 * DAY));
    assert_eq!(book.evaluate(&slo, at(400 * DAY)).period.total, 1);
}

#[test]
fn times_at_the_ends_of_the_clock_do_not_panic() {
    use std::time::{SystemTime, UNIX_EPOCH};
    let slo = Slo::availability("checkout", 0.9);
    let (process, mut book) = (Process::start(), SloBook::default());
    let slos = std::slice::from_ref(&slo);
    let far = [u64::MAX / 4, 0, 1 << 40];
    let times = far
        .into_iter()
        .filter_map(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
    let early = UNIX_EPOCH.checked_sub(Duration::from_secs(1 << 40));
    let times: Vec<SystemTime> = early.into_iter().chain(times).chain(early).collect();
    for (index, now) in times.into_iter().enumerate() {
        process.serve(1, 0);
        book.observe(slos, &process.prometheus.snapshot(), now);
        book = reread(&book);
        book.start_from(slos, &process.prometheus.snapshot());
        let total = book.evaluate(&slo, now).period.total;
        assert!(total >= 1 && total <= index as u64 + 1, "{total}");
    }
}

/// Of 10,001 absent series, one of the longest absent is forgotten, and begins anew when it returns.
#[test]
fn ten_thousand_absent_series_are_remembered() {
    let names: Vec<_> = (0..10_001).map(|index| index.to_string()).collect();
    let labels: Vec<_> = names.iter().map(|name| [("n", &**name)]).collect();
    let (early, late) = labels.split_at(5_001);
    let orders = |labels: &[[(&'static str, &str); 1]]| {
        let series = labels.iter();
        let series = series.map(|labels| ("orders_total", &labels[..], Cell::Counter(10)));
        snapshot(&series.collect::<Vec<_>>())
    };
    let slos = [slo()];
    let mut book = SloBook::default();
    let mut see = |snapshot| {
        book.observe(&slos, &snapshot, at(0));
        book.evaluate(&slos[0], at(0)).period.total
    };
    assert_eq!(see(orders(early)), 50_010);
    assert_eq!(see(orders(late)), 100_010);
    assert_eq!(see(orders(&[])), 100_010);
    assert_eq!(see(orders(late)), 100_010);
    assert_eq!(see(orders(early)), 100_020);
}
