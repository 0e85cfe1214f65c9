//! The cost of the redactor: `cargo bench --bench redact`.
//!
//! Prints medians of nine rounds for a typical error and for texts of 1 MB, without known values and with 1, 100 and
//! 1,000 of them, in microseconds and in nanoseconds a byte.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its table"
)]

use std::hint::black_box;
use std::time::Instant;

use tower_vitals::redact::{redact, register};

const ROUNDS: usize = 9;
const MEGABYTE: usize = 1_000_000;

fn main() {
    let texts = texts();
    let mut registered = 0;
    for known in [0, 1, 100, 1000] {
        while registered < known {
            assert!(register(format!(
                "{:08x}-Kn0wn",
                registered * 2_654_435_761_u64 % 0xffff_ffff
            )));
            registered += 1;
        }
        println!("\n{known} known values");
        for (name, text) in &texts {
            let seconds = median(text);
            let microseconds = seconds * 1e6;
            let nanoseconds = seconds * 1e9 / text.len() as f64;
            println!("{name:26} {microseconds:10.2} us {nanoseconds:6.1} ns/B");
        }
    }
}

fn texts() -> Vec<(&'static str, String)> {
    let error = "error communicating with the database at postgres://shop:s3cret@db.internal:5432/shop: connection to \
                 10.0.0.5 failed: FATAL: password authentication failed for user \"shop\" at attempt 3 of 5, giving up";
    let log = "2026-11-28T10:15:00Z level=info target=shop::orders request_id=00c0ffee path=/orders/42 status=200 \
               latency_ms=17 msg=\"order placed\"\n";
    let json = "{\"id\":42,\"name\":\"a \\\"b\\\"\",\"price\":1.5,\"url\":\"https:\\/\\/example.com\\/i%2042\"},";
    let secret = "host=db password=hunter2 user=app {\"api_key\":\"abc123\",\"n\":1} Authorization: Bearer abc.def\n";
    let megabyte = |text: &str| text.repeat(MEGABYTE / text.len() + 1)[..MEGABYTE].to_owned();
    vec![
        ("error, 200 B", error.to_owned()),
        ("errors, 1 MB", megabyte(error)),
        ("log, 1 MB", megabyte(log)),
        ("JSON with escapes, 1 MB", megabyte(json)),
        ("secrets, 1 MB", megabyte(secret)),
    ]
}

/// The time of one call, in seconds.
fn median(text: &str) -> f64 {
    let calls = if text.len() < MEGABYTE { 5000 } else { 1 };
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..calls {
                black_box(redact(black_box(text)));
            }
            start.elapsed().as_secs_f64() / f64::from(calls)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}
