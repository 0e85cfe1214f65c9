//! Exemplars in a store whose clock the test moves.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{SystemTime, UNIX_EPOCH};

use metrics::{CounterFn, GaugeFn, HistogramFn, Key};

use super::{Exemplar, ExemplarLabels, ExemplarSource};
use crate::catalog::{Family, Kind};
use crate::cells::ExemplarTimer;
use crate::exporter::escaping::Escaping;
use crate::exporter::store::{Store, StoreConfig};
use crate::recorder::RequestRecorder;

/// Nanoseconds.
const SECOND: u64 = 1_000_000_000;

struct Fixture {
    store: Arc<Store>,
    source: Arc<ExemplarSource>,
    time: Arc<AtomicU64>,
    asked: Arc<AtomicU64>,
}

impl Fixture {
    /// `supply` gets the number of the question, from 1 on.
    fn new(supply: impl Fn(u64) -> Option<ExemplarLabels> + Send + Sync + 'static) -> Self {
        let (time, asked) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (clock, count) = (Arc::clone(&time), Arc::clone(&asked));
        let timer = ExemplarTimer::new(move || clock.load(Relaxed));
        let supply = move || supply(count.fetch_add(1, Relaxed) + 1);
        let source = Arc::new(ExemplarSource::with_timer(Arc::new(supply), timer));
        let config = StoreConfig {
            max_series: 10,
            buckets: [("wait_seconds".to_owned(), vec![0.1, 1.0])].into(),
            exemplars: Some(Arc::clone(&source)),
            ..StoreConfig::default()
        };
        let cost = Family::counter("cost_total", "Cost.").float();
        Self {
            store: Arc::new(Store::new(config, &[cost])),
            source,
            time,
            asked,
        }
    }

    fn numbered() -> Self {
        Self::new(|number| Some(labels(number)))
    }

    /// Moves the clock, and lets the timer tick.
    fn pass(&self, nanos: u64) {
        self.time.fetch_add(nanos, Relaxed);
        self.source.timer().tick();
    }

    fn asked(&self) -> u64 {
        self.asked.load(Relaxed)
    }

    /// Labels and values by place.
    fn exemplars(&self, kind: Kind, name: &'static str) -> Vec<Option<(ExemplarLabels, f64)>> {
        let series = self.store.register(kind, &Key::from_name(name)).unwrap();
        let all = (0..3).map(|place| series.exemplar(place));
        all.map(|exemplar| exemplar.map(|Exemplar { labels, value, .. }| (labels, value)))
            .collect()
    }
}

fn labels(number: u64) -> ExemplarLabels {
    ExemplarLabels::new([("n", &*number.to_string())])
}

fn wait() -> Key {
    Key::from_name("wait_seconds")
}

#[test]
fn each_bucket_has_a_value_of_its_own_and_asks_once_a_second() {
    let fixture = Fixture::numbered();
    let series = fixture.store.register(Kind::Histogram, &wait()).unwrap();
    let exemplars = || fixture.exemplars(Kind::Histogram, "wait_seconds");
    let record = |value| HistogramFn::record(&*series, value);
    assert_eq!(exemplars(), [None, None, None]);
    for value in [0.1, 0.05, 0.5, 0.4] {
        record(value);
    }
    let first = [Some((labels(1), 0.1)), Some((labels(2), 0.5)), None];
    assert_eq!(exemplars(), first);
    fixture.pass(SECOND - 1);
    record(0.07);
    assert_eq!((exemplars(), fixture.asked()), (first.to_vec(), 2));
    fixture.pass(1);
    for value in [0.08, 0.09, 7.0, 8.0] {
        record(value);
    }
    series.record_many(0.6, 0);
    series.record_many(0.7, 5);
    series.record_many(0.8, 5);
    record(f64::INFINITY);
    let later = [
        Some((labels(3), 0.08)),
        Some((labels(5), 0.7)),
        Some((labels(4), 7.0)),
    ];
    assert_eq!((exemplars(), fixture.asked()), (later.to_vec(), 5));
}

#[test]
fn a_late_tick_makes_exemplars_rarer_and_never_more_frequent() {
    let fixture = Fixture::numbered();
    let series = fixture.store.register(Kind::Histogram, &wait()).unwrap();
    let record = || HistogramFn::record(&*series, 0.5);
    record();
    fixture.time.store(5 * SECOND, Relaxed);
    record();
    assert_eq!(fixture.asked(), 1, "no tick yet");
    fixture.pass(0);
    fixture.time.fetch_add(SECOND / 2, Relaxed);
    record();
    assert_eq!(fixture.asked(), 2);
    fixture.pass(SECOND / 2);
    record();
    assert_eq!(fixture.asked(), 2);
    fixture.pass(SECOND / 2);
    record();
    assert_eq!(fixture.asked(), 3);
}

#[test]
fn a_counter_keeps_its_last_increment() {
    let fixture = Fixture::numbered();
    let (counter, float) = (Key::from_name("orders_total"), Key::from_name("cost_total"));
    let counter = fixture.store.register(Kind::Counter, &counter).unwrap();
    CounterFn::increment(&*counter, 0);
    CounterFn::absolute(&*counter, 3);
    assert_eq!(fixture.asked(), 0);
    CounterFn::increment(&*counter, 4);
    CounterFn::increment(&*counter, 5);
    let float = fixture.store.register(Kind::Gauge, &float).unwrap();
    GaugeFn::set(&*float, 3.0);
    GaugeFn::increment(&*float, -1.0);
    GaugeFn::increment(&*float, 0.5);
    assert_eq!(
        fixture.exemplars(Kind::Counter, "orders_total"),
        [Some((labels(1), 4.0)), None, None]
    );
    assert_eq!(
        fixture.exemplars(Kind::Gauge, "cost_total"),
        [Some((labels(2), 0.5)), None, None]
    );
    let gauge = Key::from_name("open");
    let gauge = fixture.store.register(Kind::Gauge, &gauge).unwrap();
    GaugeFn::increment(&*gauge, 1.0);
    assert_eq!(fixture.asked(), 2);
}

#[test]
fn requests_have_exemplars_in_the_series_that_show_them() {
    let fixture = Fixture::numbered();
    let total = Key::from_name("requests_total");
    let cells = fixture.store.request_cells(None, &wait()).unwrap();
    let slot = fixture.store.ending_slot(&cells, &total).unwrap();
    for nanos in [500_000_000, 400_000_000, 2_000_000_000] {
        cells.begin();
        cells.end(slot, nanos);
    }
    // One second counts for all who record to a series.
    let series = fixture.store.register(Kind::Histogram, &wait()).unwrap();
    HistogramFn::record(&*series, 0.6);
    let ending = [Some((labels(2), 1.0)), None, None];
    assert_eq!(
        fixture.exemplars(Kind::Histogram, "wait_seconds"),
        [None, Some((labels(1), 0.5)), Some((labels(3), 2.0))]
    );
    assert_eq!(fixture.exemplars(Kind::Counter, "requests_total"), ending);
    fixture.pass(SECOND);
    // An ending that is counted elsewhere.
    cells.begin();
    cells.record_duration(700_000_000);
    cells.leave();
    assert_eq!(
        fixture.exemplars(Kind::Histogram, "wait_seconds"),
        [None, Some((labels(4), 0.7)), Some((labels(3), 2.0))]
    );
    assert_eq!(fixture.exemplars(Kind::Counter, "requests_total"), ending);
}

#[test]
fn values_without_labels_keep_the_exemplar_before() {
    let long = "x".repeat(100);
    let fixture = Fixture::new(move |number| match number {
        // 128 characters, which are 226 bytes: "ab" is the name.
        1 => Some(ExemplarLabels::new([(
            "ab",
            &*format!("{}{}", "é".repeat(100), &long[..26]),
        )])),
        2 => Some(ExemplarLabels::new([(
            "ab",
            &*format!("{long}{}", &long[..27]),
        )])),
        3 => None,
        4 => Some(ExemplarLabels::trace([0; 16], [1; 8])),
        5 => panic!("no trace"),
        _ => Some(ExemplarLabels::new([("ab", &*long.repeat(2))])),
    });
    let series = fixture.store.register(Kind::Histogram, &wait()).unwrap();
    for second in 0..6_u8 {
        HistogramFn::record(&*series, 0.5 + f64::from(second) / 16.0);
        fixture.pass(SECOND);
    }
    assert_eq!(fixture.asked(), 6);
    let kept = series
        .exemplar(1)
        .map(|exemplar| exemplar.value.to_string());
    assert_eq!(kept.as_deref(), Some("0.5"));
    let text = fixture.store.render_text(Escaping::Underscores, 0);
    let dropped = "\nmonitoring_exemplars_dropped_total 2\n";
    assert!(text.contains(dropped), "{text}");
    // The value is recorded, whatever becomes of its exemplar.
    assert!(text.contains("\nwait_seconds_count 6\n"), "{text}");
}

#[test]
fn an_exemplar_has_the_time_of_its_record() {
    let now = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_millis()
    };
    let fixture = Fixture::numbered();
    let series = fixture.store.register(Kind::Histogram, &wait()).unwrap();
    let before = now();
    HistogramFn::record(&*series, 0.5);
    let recorded_at = series.exemplar(1).unwrap().recorded_at;
    assert!((before..=now()).contains(&recorded_at.into()));
    assert_eq!(series.exemplar(1).unwrap().recorded_at, recorded_at);
}

#[test]
fn a_supplier_may_record_itself() {
    let store: Arc<OnceLock<Weak<Store>>> = Arc::default();
    let own = Arc::clone(&store);
    let fixture = Fixture::new(move |number| {
        let store = own.get().and_then(Weak::upgrade).unwrap();
        let series = store.register(Kind::Histogram, &wait()).unwrap();
        HistogramFn::record(&*series, 0.5);
        HistogramFn::record(&*series, 5.0);
        Some(labels(number))
    });
    store.set(Arc::downgrade(&fixture.store)).unwrap();
    let series = fixture.store.register(Kind::Histogram, &wait()).unwrap();
    HistogramFn::record(&*series, 0.5);
    assert_eq!(
        fixture.exemplars(Kind::Histogram, "wait_seconds"),
        [None, Some((labels(1), 0.5)), Some((labels(2), 5.0))]
    );
    let mut counts = Vec::new();
    series.histogram(&mut counts);
    assert_eq!(counts, [0, 3, 2]);
}

#[test]
fn many_threads_make_one_exemplar_a_second_and_none_is_torn() {
    // The digits of a trace are all the same, so a torn one would show.
    let fixture = Fixture::new(|number| {
        let byte = u8::try_from(number % 15 + 1).unwrap();
        Some(ExemplarLabels::trace([byte; 16], [byte; 8]))
    });
    let series = fixture.store.register(Kind::Histogram, &wait()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    HistogramFn::record(&*series, 0.5);
                }
            });
        }
        for _ in 0..500 {
            fixture.pass(SECOND);
            let Some(exemplar) = series.exemplar(1) else {
                continue;
            };
            exemplar.labels.for_each(|_, digits| {
                let first = &digits[..2];
                assert_eq!(digits, first.repeat(digits.len() / 2));
            });
        }
    });
    assert!(fixture.asked() <= 501, "{}", fixture.asked());
}
