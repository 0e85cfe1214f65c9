//! Counters of parts of their unit, which the facade has no counters for: recorded by gauges, shown as what they are.

use std::sync::atomic::{AtomicBool, Ordering};

use metrics::Key;

use crate::catalog::Family;

/// The fractional families, and which of them have a series: without one there is nothing to look for in the text.
#[derive(Debug)]
pub(super) struct Fractional {
    families: Vec<One>,
}

#[derive(Debug)]
struct One {
    name: &'static str,
    /// The line to find, under the name with its prefix.
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

    /// A gauge is registered: it may be one of them.
    pub(super) fn note(&self, key: &Key) {
        if let Some(one) = self.families.iter().find(|one| one.name == key.name()) {
            one.has_series.store(true, Ordering::Relaxed);
        }
    }

    /// Their `# TYPE` says counter.
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
