use super::validate::{check, clash};
use super::{FAMILIES, Family};
use crate::error::Error;

/// The crate's families and those that a service [registers](Self::register).
///
/// Pass it to [`Prometheus::builder`](crate::exporter::PrometheusBuilder::catalog). The exporter then describes the service's families,
/// uses their buckets, and bounds their labels no matter which code records them.
///
/// ```
/// use metrics::counter;
/// use tower_vitals::Prometheus;
/// use tower_vitals::catalog::{Catalog, Family, Values};
///
/// const ORDERS: Family = Family::counter("orders_total", "Orders placed.")
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
    /// Creates a catalogue of the crate's own [`FAMILIES`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            families: FAMILIES.to_vec(),
        }
    }

    /// Adds a family. Registering an equal family again has no effect.
    ///
    /// # Errors
    ///
    /// Returns every mistake in one error.
    ///
    /// The family is invalid: Prometheus would refuse its name or one of its labels; it has no help; its buckets are empty or
    /// not ascending, or it is no histogram and has some; a label with values is not among its labels, or has none; it is a
    /// float family, but no counter.
    ///
    /// The family clashes with another one: a different family has its name, or both would share the name of a series
    /// (`wait_seconds_count` and a histogram `wait_seconds`).
    pub fn register(&mut self, family: Family) -> Result<&mut Self, Error> {
        if self.families.contains(&family) {
            return Ok(self);
        }
        let clashes = self.families.iter();
        let clashes = clashes.filter_map(|other| clash(&family, other).map(Error::invalid));
        Error::combine(check(&family).into_iter().chain(clashes))?;
        self.families.push(family);
        Ok(self)
    }

    /// All families, the crate's own first.
    pub fn families(&self) -> &[Family] {
        &self.families
    }
}

default_is_new!(Catalog);
