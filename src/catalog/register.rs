//! `Catalog`: the crate's families, and a service's own beside them.

use super::{FAMILIES, Family, Kind, Values, check_buckets, check_label_name, check_metric_name};
use crate::error::Error;

/// The crate's families, and those that a service [registers](Self::register).
///
/// Given to [`Prometheus`](crate::exporter::Builder::catalog) before it is built: then the service's families have their
/// HELP and buckets, their bounded labels are held to their values whoever records them, and whatever is read or generated
/// by the catalogue has them too.
///
/// ```
/// use metrics::counter;
/// use tower_vitals::Prometheus;
/// use tower_vitals::catalog::{Catalog, Family, Values};
///
/// const ORDERS: Family = Family::counter("orders_total", "Orders that were placed.")
///     .labels(&["shop"])
///     .values(&[("shop", Values::Closed(&["eu", "us"]))]);
///
/// let mut catalog = Catalog::new();
/// catalog.register(ORDERS)?;
/// let prometheus = Prometheus::builder().catalog(catalog).build()?;
/// metrics::with_local_recorder(&prometheus, || {
///     counter!(ORDERS.name, "shop" => "eu").increment(2);
///     counter!(ORDERS.name, "shop" => "mars").increment(1);
/// });
/// assert!(prometheus.render().contains("orders_total{shop=\"other\"} 1\n"));
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Catalog {
    families: Vec<Family>,
}

impl Catalog {
    /// The crate's own [`FAMILIES`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            families: FAMILIES.to_vec(),
        }
    }

    /// Adds a family. One that is there already, the same in everything, is no error.
    ///
    /// # Errors
    ///
    /// A name or label that Prometheus would refuse, no help, buckets that are none, a bounded label that is not among the
    /// labels or that no value is left for, a fractional family that is no counter; and a clash with another family: one of the
    /// same name that differs, or one whose series would have the same names (`wait_seconds_count` beside a histogram
    /// `wait_seconds`).
    pub fn register(&mut self, family: Family) -> Result<&mut Self, Error> {
        if self.families.contains(&family) {
            return Ok(self);
        }
        check(&family)
            .map_err(|error| Error::invalid(format!("metric {:?}: {error}", family.name)))?;
        for other in &self.families {
            if let Some(clash) = clash(&family, other) {
                return Err(Error::invalid(clash));
            }
        }
        self.families.push(family);
        Ok(self)
    }

    /// All of them, the crate's first.
    #[must_use]
    pub fn families(&self) -> &[Family] {
        &self.families
    }
}

impl Default for Catalog {
    fn default() -> Self {
        Self::new()
    }
}

pub(super) fn check(family: &Family) -> Result<(), Error> {
    check_metric_name(family.name)?;
    if family.help.trim().is_empty() {
        return Err(Error::invalid("it has no help: a sentence is needed"));
    }
    for (at, label) in family.labels.iter().enumerate() {
        check_label_name(label)?;
        if family.labels[..at].contains(label) {
            return Err(Error::invalid(format!("label {label:?} stands twice")));
        }
    }
    for (at, (label, values)) in family.values.iter().enumerate() {
        let problem = if !family.labels.contains(label) {
            "has values and is none of its labels"
        } else if family.values[..at]
            .iter()
            .any(|(before, _)| before == label)
        {
            "has values twice"
        } else if matches!(values, Values::Closed([]) | Values::AtMost(0)) {
            "has no values: at least one is needed"
        } else {
            continue;
        };
        return Err(Error::invalid(format!("label {label:?} {problem}")));
    }
    if family.is_fractional && family.kind != Kind::Counter {
        return Err(Error::invalid("only a counter can be fractional"));
    }
    match family.kind {
        Kind::Histogram => check_buckets(family.buckets),
        _ if family.buckets.is_empty() => Ok(()),
        kind => Err(Error::invalid(format!(
            "it has buckets and is a {}: only a histogram has",
            kind.as_str()
        ))),
    }
}

/// Why these two cannot be in one exposition.
pub(super) fn clash(new: &Family, old: &Family) -> Option<String> {
    if new.name == old.name {
        let said = |family: &Family| format!("{} of {:?}", family.kind.as_str(), family.labels);
        let (new_said, old_said) = (said(new), said(old));
        return Some(if new_said == old_said {
            format!(
                "metric {:?} is registered already, with another help, unit, values or buckets: one of the two is needed",
                new.name
            )
        } else {
            format!(
                "metric {:?} is a {old_said} already: it cannot be a {new_said} too",
                new.name
            )
        });
    }
    let theirs = names(old.name, old.kind);
    let both = names(new.name, new.kind)
        .into_iter()
        .find(|name| theirs.contains(name))?;
    Some(format!(
        "metric {:?} clashes with the {} {:?}: both would have {both:?}",
        new.name,
        old.kind.as_str(),
        old.name
    ))
}

/// The names that a family of this name takes, as `OpenMetrics` 1.0 reserves them ("Metric Family", "Suffixes").
pub(crate) fn names(name: &str, kind: Kind) -> Vec<String> {
    let (name, suffixes): (_, &[&str]) = match kind {
        Kind::Gauge => (name, &[""]),
        Kind::Counter => match name.strip_suffix("_total") {
            Some(name) => (name, &["", "_total", "_created"]),
            None => (name, &[""]),
        },
        Kind::Histogram => (name, &["", "_bucket", "_sum", "_count", "_created"]),
    };
    suffixes
        .iter()
        .map(|suffix| [name, suffix].concat())
        .collect()
}
