//! Float counters. The facade's counters are integers, so they are recorded as gauges and rendered as counters.

use std::sync::atomic::{AtomicBool, Ordering};

use metrics::Key;

use crate::catalog::Family;

/// The float counters, and which of them have series. Only those are searched for in the text.
#[derive(Debug)]
pub(super) struct Fractional {
    families: Vec<One>,
}

#[derive(Debug)]
struct One {
    name: &'static str,
    /// The line to replace, with the prefix.
    line: String,
    has_series: AtomicBool,
}

impl Fractional {
    pub(super) fn among(families: &[Family], prefix: &str) -> Self {
        let fractional = families.iter().filter(|family| family.is_float);
        let one = |family: &Family| One {
            name: family.name,
            line: format!("# TYPE {prefix}{} gauge\n", family.name),
            has_series: AtomicBool::new(false),
        };
        Self {
            families: fractional.map(one).collect(),
        }
    }

    /// Notes that a gauge is registered, which may be a float counter.
    pub(super) fn note(&self, key: &Key) {
        if let Some(one) = self.families.iter().find(|one| one.name == key.name()) {
            one.has_series.store(true, Ordering::Relaxed);
        }
    }

    /// Replaces the type of float counters in the text.
    pub(super) fn as_counters(&self, mut text: String) -> String {
        for one in &self.families {
            if one.has_series.load(Ordering::Relaxed)
                && let Some(at) = text.find(&one.line)
            {
                let end = at + one.line.len();
                text.replace_range(end - "gauge\n".len()..end, "counter\n");
            }
        }
        text
    }
}
