//! The same calls of the facade give the same samples as metrics-exporter-prometheus 0.18, read by a parser that neither
//! has written. `PROPTEST_CASES` sets the number of scripts.
//!
//! Known differences, which the generator avoids or [`Stock`] maps:
//!
//! 1. That exporter guesses whether text is escaped already: it writes the label values `\"` and `"` alike, and `\\` and
//!    `\`. [`Stock`] doubles every backslash, which leaves nothing to guess.
//! 2. It looks at names only when it renders. Series whose names render alike (`a.b` and `a_b`, or a label and the same
//!    global label) become one line with the value of either. Here they are one series. The generator avoids them.
//! 3. It writes label names twice if they render alike, adds a second `le` to a histogram's own, and passes `quantile`,
//!    `__name__` and other reserved names on. Prometheus refuses such a scrape. Here these labels are renamed. The
//!    generator avoids them.
//! 4. It writes empty metric and label names, which are no valid text. The generator avoids them.
//! 5. One name as two kinds gives two families of this name, and a histogram `x` beside a counter `x_count` two series
//!    of this name. Here the later one is rejected. The generator avoids them.
//! 6. A label without a value is a series of its own there. For Prometheus, it is the series without the label.
//!    [`Stock`] leaves such labels out.
//! 7. It counts samples that are no finite numbers, and its sum is NaN or infinite from then on. Here they are dropped.
//!    [`Stock`] does not get them.
//! 8. It has no prefix. [`Stock`] adds it to names.
//! 9. It writes bounds as Rust does (`1000000`), here they are canonical (`1e+06`). Bounds are compared as numbers.
//! 10. It writes `# HELP` without a text for an empty description. Empty descriptions count as none.
//! 11. It has no series limit. The limit's own families, `monitoring_*`, are left out.
//! 12. It adds no suffix to a histogram's name that ends like it: the count of `discount` is `discount`. The generator
//!     avoids such names.
//! 13. It adds samples in the order in which it drains them. Sums are compared to 9 digits of their largest sample.
//! 14. Of several descriptions of a metric, the last before the first render stays, and the first of those after it. The
//!     scripts describe each metric once.
//!
//! What faulty keys become here is in `faults`.

mod script;
mod stock;

use std::collections::{BTreeMap, BTreeSet};

use metrics::{Key, KeyName, Label, Level, Metadata, Recorder};
use proptest::prelude::*;
use tower_vitals::Prometheus;
use tower_vitals::catalog::Kind;

use self::script::{EXTREME, Script, Write, sanitized, script};
use self::stock::Stock;
use crate::support::exposition::{Exposition, Labels, Number, of_snapshot};

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

fn write(recorder: &impl Recorder, name: &str, kind: Kind, key: &Key, write: &Write) {
    if let Write::Describe(unit, text) = write {
        let (name, text) = (KeyName::from(name.to_owned()), text.clone().into());
        return match kind {
            Kind::Counter => recorder.describe_counter(name, *unit, text),
            Kind::Gauge => recorder.describe_gauge(name, *unit, text),
            Kind::Histogram => recorder.describe_histogram(name, *unit, text),
        };
    }
    match kind {
        Kind::Counter => {
            let counter = recorder.register_counter(key, &METADATA);
            match write {
                Write::Increment(by) => counter.increment(*by),
                Write::Absolute(to) => counter.absolute(*to),
                _ => {}
            }
        }
        Kind::Gauge => {
            let gauge = recorder.register_gauge(key, &METADATA);
            match write {
                Write::Set(value) => gauge.set(*value),
                Write::Add(by) => gauge.increment(*by),
                Write::Subtract(by) => gauge.decrement(*by),
                _ => {}
            }
        }
        Kind::Histogram => {
            let histogram = recorder.register_histogram(key, &METADATA);
            match write {
                Write::Record(value) => histogram.record(*value),
                Write::RecordMany(value, count) => histogram.record_many(*value, *count),
                _ => {}
            }
        }
    }
}

/// Samples of every magnitude, for the histogram whose sum is not exact.
const EXTREMES: [f64; 10] = [
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE,
    5e-324,
    -5e-324,
    1e300,
    -1e300,
    -0.0,
    1e21,
    0.1,
];

fn run(script: &Script) -> Result<(), TestCaseError> {
    let (ours, stock) = (script.ours(), Stock::of(script));
    // The sums of the absolute samples of each histogram.
    let mut magnitudes = BTreeMap::new();
    let mut described = BTreeSet::new();
    for call in &script.calls {
        let (name, kind) = &script.metrics[call.metric.index(script.metrics.len())];
        let mut call_write = match kind {
            Kind::Counter => &call.counter,
            Kind::Gauge => &call.gauge,
            Kind::Histogram => &call.histogram,
        }
        .clone();
        if name == EXTREME
            && let Write::Record(value) | Write::RecordMany(value, _) = &mut call_write
        {
            *value = EXTREMES[call.sample.index(EXTREMES.len())];
        }
        if matches!(call_write, Write::Describe(..)) && !described.insert(name) {
            continue;
        }
        let magnitude = match call_write {
            Write::Record(value) if value.is_finite() => value.abs(),
            Write::RecordMany(value, count) if value.is_finite() => value.abs() * count as f64,
            _ => 0.0,
        };
        let whole = sanitized(&[&*script.prefix(), name].concat(), ":");
        *magnitudes.entry(whole).or_insert(0.0) += magnitude;
        let labels = call.labels.iter();
        let labels = labels.map(|(name, value)| Label::new(name.clone(), value.clone()));
        let key = Key::from_parts(name.clone(), labels.collect::<Vec<_>>());
        write(&ours, name, *kind, &key, &call_write);
        if let Write::Record(sample) | Write::RecordMany(sample, _) = call_write
            && !sample.is_finite()
        {
            call_write = Write::Register;
        }
        write(&stock, name, *kind, &key, &call_write);
        if call.is_compared {
            compare(script, &ours, &stock, &magnitudes)?;
        }
    }
    compare(script, &ours, &stock, &magnitudes)
}

type Values = BTreeMap<(String, Labels), Number>;

fn compare(
    script: &Script,
    ours: &Prometheus,
    stock: &Stock,
    magnitudes: &BTreeMap<String, f64>,
) -> Result<(), TestCaseError> {
    let text = ours.render();
    let parsed = Exposition::parse(&text);
    parsed.assert_valid();
    let theirs = Exposition::parse(&stock.handle.render());
    let meta = format!("{}monitoring_", script.prefix());
    let own = |mut values: Values| {
        values.retain(|(name, _), _| !name.starts_with(&meta));
        values
    };
    let values = own(parsed.values());
    assert_equal(&values, &theirs.values(), magnitudes)?;

    let kinds = |parsed: &Exposition| -> BTreeMap<_, _> {
        let types = parsed.types.iter().cloned();
        types.filter(|(name, _)| !name.starts_with(&meta)).collect()
    };
    prop_assert_eq!(kinds(&parsed), kinds(&theirs));
    let helps = |parsed: &Exposition| -> BTreeMap<_, _> {
        let helps = parsed.helps.iter().cloned();
        helps
            .filter(|(name, help)| !name.starts_with(&meta) && !help.is_empty())
            .collect()
    };
    prop_assert_eq!(helps(&parsed), helps(&theirs));

    prop_assert_eq!(&own(of_snapshot(&ours.snapshot())), &values);
    let open = Exposition::parse(&ours.render_openmetrics());
    open.assert_valid();
    let open = own(open.values());
    for (series, value) in &values {
        // OpenMetrics allows no sum and no count for negative bounds, and no negative sum.
        let is_omitted = series.0.ends_with("_sum") || series.0.ends_with("_count");
        if !is_omitted || open.contains_key(series) {
            prop_assert_eq!(open.get(series), Some(value), "{:?}", series);
        }
    }
    prop_assert!(
        open.keys().all(|series| values.contains_key(series)),
        "{:?}",
        open
    );
    Ok(())
}

fn assert_equal(
    ours: &Values,
    theirs: &Values,
    magnitudes: &BTreeMap<String, f64>,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(
        ours.keys().collect::<Vec<_>>(),
        theirs.keys().collect::<Vec<_>>()
    );
    for ((series, ours), theirs) in ours.iter().zip(theirs.values()) {
        let histogram = series
            .0
            .strip_suffix("_sum")
            .and_then(|name| magnitudes.get(name));
        if let Some(magnitude) = histogram {
            // The order in which extremes are added decides whether their sum overflows.
            let difference = (ours.as_f64() - theirs.as_f64()).abs();
            prop_assert!(
                magnitude.is_infinite() || difference <= magnitude * 1e-9,
                "{:?}: {:?}, there {:?}",
                series,
                ours,
                theirs
            );
        } else {
            prop_assert_eq!(ours, theirs, "{:?}", series);
        }
    }
    Ok(())
}

fn cases() -> u32 {
    let cases = std::env::var("PROPTEST_CASES").ok();
    cases.map_or(100, |cases| cases.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn the_same_calls_give_the_same_samples_as_the_stock_exporter(script in script()) {
        run(&script)?;
    }
}
