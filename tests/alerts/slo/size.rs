//! The size of a book in JSON.

use std::time::Duration;

use tower_vitals::alerts::slo::{Slo, SloBook};

use super::super::metrics::{Cell, snapshot};
use super::world::{DAY, MINUTE, World, at};

#[test]
fn a_month_of_a_million_requests_an_hour_takes_12_kib() {
    let mut world = World::new(Slo::availability("checkout", 0.999));
    world.run(32 * DAY, 15 * MINUTE, |_| (249_600, 240));
    world.run(DAY, MINUTE, |_| (16_640, 16));
    let size = serde_json::to_string(&world.book).unwrap().len();
    println!("{size} bytes");
    assert!((6 * 1_024..12 * 1_024).contains(&size), "{size}");
}

/// The most digits in all buckets of the longest period.
#[test]
fn no_counts_take_64_kib() {
    let slo = Slo::availability("orders", 0.99)
        .total("orders_total")
        .good("orders_done_total");
    let slo = slo.period(Duration::from_secs(90 * DAY));
    let slos = std::slice::from_ref(&slo);
    let orders = |count| {
        let count = Cell::Counter(count);
        snapshot(&[
            ("orders_total", &[], count.clone()),
            ("orders_done_total", &[], count),
        ])
    };
    let (none, most) = (orders(0), orders(u64::MAX));
    let mut book = SloBook::default();
    let mut now = 0;
    for (days, step) in [(91, 60 * MINUTE), (4, 10 * MINUTE), (1, MINUTE)] {
        for _ in 0..days * DAY / step {
            now += step;
            // A reset each time.
            book.observe(slos, &none, at(now));
            book.observe(slos, &most, at(now));
        }
    }
    let size = serde_json::to_string(&book).unwrap().len();
    println!("{size} bytes");
    assert!((40 * 1_024..48 * 1_024).contains(&size), "{size}");
    assert_eq!(book.evaluate(&slo, at(now)).period.total, u64::MAX);
}
