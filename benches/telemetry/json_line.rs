//! A JSON line, beside tracing-subscriber's formatter.

use std::hint::black_box;
use std::io;

use allocation_counter::measure as allocated;
use tower_vitals::telemetry::logging::{ConsoleLines, JsonLines};
use tracing::{Dispatch, dispatcher, info, info_span};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{fmt, registry};

use crate::support::{CpuTime, Figures, least};

const ROUND: u32 = 2_000;
const ROUNDS: usize = 201;

const OURS: &str = "JsonLines";
const THEIRS: &str = "tracing-subscriber's JSON formatter";

fn cases() -> [(&'static str, Dispatch); 4] {
    let theirs = fmt::layer().json().with_writer(io::sink);
    let theirs_text = fmt::layer().with_ansi(false).with_writer(io::sink);
    [
        (
            OURS,
            Dispatch::new(registry().with(JsonLines::new(io::sink))),
        ),
        (THEIRS, Dispatch::new(registry().with(theirs))),
        (
            "ConsoleLines",
            Dispatch::new(registry().with(ConsoleLines::new(io::sink))),
        ),
        (
            "tracing-subscriber's text formatter",
            Dispatch::new(registry().with(theirs_text)),
        ),
    ]
}

/// Logs within two spans with two fields each. All of them look harmless.
fn log(dispatch: &Dispatch, count: u32) {
    dispatcher::with_default(dispatch, || {
        let _request =
            info_span!("request", method = "GET", request_id = "018f2f6e-7b1c").entered();
        let _place = info_span!("place_order", order = 4711, region = "eu-west").entered();
        for _ in 0..count {
            info!(
                items = black_box(3),
                price = black_box(129.5),
                paid = black_box(true),
                customer = black_box("ann.miller"),
                path = black_box("/orders/4711/items"),
                state = ?black_box(Some("packed")),
                "order placed and handed to the warehouse"
            );
        }
    });
}

pub(crate) fn measure(figures: &mut Figures) {
    let cases = cases();
    let mut times = [(); 4].map(|()| Vec::new());
    for _ in 0..ROUNDS {
        for ((_, dispatch), times) in cases.iter().zip(&mut times) {
            times.push(CpuTime::of(|| log(dispatch, ROUND)) / f64::from(ROUND));
        }
    }
    let times = times.map(least);
    for ((name, _), time) in cases.iter().zip(times) {
        figures.push(*name, time);
    }
    figures.push(format!("{OURS} ÷ {THEIRS}"), times[0] / times[1]);
    figures.push("ConsoleLines ÷ text formatter", times[2] / times[3]);
}

pub(crate) fn measure_allocations(figures: &mut Figures) {
    for (name, dispatch) in &cases() {
        log(dispatch, 100);
        // The spans allocate, too.
        let spans = allocated(|| log(dispatch, 0)).count_total;
        let lines = allocated(|| log(dispatch, 1000)).count_total;
        figures.push(*name, (lines - spans) as f64);
    }
}
