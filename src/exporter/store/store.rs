//! `Store`: all families and series of a recorder.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use metrics::{Counter, Key, SharedString};
use parking_lot::{Mutex, RwLock};

use super::allowlist::Allowlist;
use super::buckets::Buckets;
use super::canonical::{CanonicalKey, OTHER};
use super::config::StoreConfig;
use super::family_info::{FamilyInfo, Shape};
use super::rejection::{Rejection, clash};
use super::series_table::SeriesTable;
use super::stored_family::{StoredFamily, Warned};
use super::stored_series::{Identity, StoredSeries};
use crate::catalog::{
    self, Kind, MONITORING_EXEMPLARS_DROPPED, MONITORING_SAMPLES_DROPPED,
    MONITORING_SERIES_DROPPED, MONITORING_SERIES_REJECTED,
};
use crate::exporter::escaping::Escaping;
use crate::exporter::labels::Labels;
use crate::measure::Instant;

/// A name that is not in the catalogue takes a place. A service that makes names of user input must not fill the memory.
const MAX_FAMILIES: usize = 10_000;

/// The rejected names that are remembered, so that each is logged once.
const MAX_REJECTED: usize = 1_000;

/// The counts of what was not recorded.
const LOSSES: [catalog::Family; 4] = [
    MONITORING_EXEMPLARS_DROPPED,
    MONITORING_SAMPLES_DROPPED,
    MONITORING_SERIES_DROPPED,
    MONITORING_SERIES_REJECTED,
];

pub(in crate::exporter) struct Store {
    pub(super) config: StoreConfig,
    /// By full name.
    pub(super) families: RwLock<BTreeMap<Box<str>, Arc<StoredFamily>>>,
    pub(super) table: SeriesTable,
    /// Those that every scraper gets, by the name that every scraper can take. Empty if names have no other characters.
    pub(super) plain_names: Mutex<BTreeMap<Box<str>, Arc<StoredFamily>>>,
    /// Texts for families that have no series yet, by full name.
    descriptions: Mutex<HashMap<Box<str>, SharedString>>,
    rejected: Mutex<HashSet<Box<str>>>,
    started: Instant,
    /// Held while request cells get their links, so that two layers find the same ones.
    pub(super) linking: Mutex<()>,
    /// Held by the one thread that looks for idle series.
    pub(super) sweeping: Mutex<()>,
}

impl Store {
    pub(in crate::exporter) fn new(config: StoreConfig, families: &[catalog::Family]) -> Self {
        let store = Self {
            families: RwLock::default(),
            table: SeriesTable::default(),
            plain_names: Mutex::default(),
            descriptions: Mutex::default(),
            rejected: Mutex::default(),
            started: Instant::now(),
            linking: Mutex::default(),
            sweeping: Mutex::default(),
            config,
        };
        {
            let mut stored = store.families.write();
            for family in families {
                let name = store.full_name(family.name);
                let shape = match family.kind {
                    Kind::Counter if family.is_float => Shape::FloatCounter,
                    kind => store.shape(kind, family.name, family.buckets),
                };
                let new = store.new_family(&name, shape, Allowlist::of(family));
                new.info.describe(family.help);
                if store.config.utf8_names {
                    for label in family.labels {
                        new.label_name(label);
                    }
                }
                stored.insert(name.into(), new);
            }
        }
        if let Some(exemplars) = &store.config.exemplars {
            let dropped = MONITORING_EXEMPLARS_DROPPED.key([]);
            if let Some(dropped) = store.register(Kind::Counter, &dropped) {
                exemplars.count_dropped(Counter::from_arc(dropped));
            }
        }
        store
    }

    fn full_name(&self, name: &str) -> String {
        [&*self.config.prefix, name].concat()
    }

    fn shape(&self, kind: Kind, name: &str, buckets: &[f64]) -> Shape {
        match kind {
            Kind::Counter => Shape::Counter,
            Kind::Gauge => Shape::Gauge,
            Kind::Histogram => {
                let buckets = self.config.buckets.get(name).map_or(buckets, |own| own);
                Shape::Histogram(Buckets::new(buckets, self.config.native.of(name)))
            }
        }
    }

    fn new_family(&self, name: &str, shape: Shape, allowlist: Allowlist) -> Arc<StoredFamily> {
        let prefix_len = self.config.prefix.len();
        let info = FamilyInfo::new(name, prefix_len, shape);
        if self.config.utf8_names {
            self.new_utf8_family(info, allowlist)
        } else {
            Arc::new(StoredFamily::new(info, allowlist))
        }
    }

    /// Nanoseconds since the store was made.
    pub(super) fn now(&self) -> u64 {
        self.started.nanos()
    }

    pub(in crate::exporter) fn describe(&self, name: &str, help: SharedString) {
        let name = self.full_name(&self.config.metric_name(name));
        // The lock is held until the text is kept, because a new family takes it at its birth.
        let families = self.families.read();
        if let Some(family) = families.get(&*name) {
            return family.info.describe(&help);
        }
        let mut descriptions = self.descriptions.lock();
        if descriptions.len() < MAX_FAMILIES && !help.is_empty() {
            descriptions.entry(name.into()).or_insert(help);
        }
    }

    /// Returns the series of a key, or `None` if it is not admitted.
    pub(in crate::exporter) fn register(
        &self,
        instrument: Kind,
        key: &Key,
    ) -> Option<Arc<StoredSeries>> {
        let known = self
            .table
            .find(self.table.hash_of(key), |series| series.is(key));
        match known {
            Some(series) if series.family.accepts(instrument) => Some(series),
            _ => self.admit(instrument, key),
        }
    }

    #[cold]
    fn admit(&self, instrument: Kind, key: &Key) -> Option<Arc<StoredSeries>> {
        let recorded_name = key.name();
        let mut key = CanonicalKey::new(&self.config, key);
        let family = match self.family(instrument, &key.name) {
            Ok(family) => family,
            Err(rejection) => {
                self.reject(instrument, &key.name, &rejection);
                return None;
            }
        };
        Self::warn_of_names(&family, recorded_name, &key);
        family.warn_of_shadow();
        if self.config.utf8_names {
            family.unite_labels(&mut key.labels);
        }
        let labels = key.labels.iter();
        let labels = labels.map(|(name, value)| {
            if family.allowlist.allows(name, value) {
                (&**name, &**value)
            } else {
                (&**name, OTHER)
            }
        });
        let labels: Vec<_> = labels.filter(|label| !self.is_global(*label)).collect();
        if let Some(series) = self.insert(&family, &labels, true) {
            return Some(series);
        }
        self.count_dropped(&family);
        if instrument == Kind::Gauge {
            // It would show whichever value was set last.
            return None;
        }
        let others: Vec<_> = labels.iter().map(|(name, _)| (*name, OTHER)).collect();
        self.insert(&family, &others, false)
    }

    /// Whether every series has this label with this value anyhow.
    fn is_global(&self, label: (&str, &str)) -> bool {
        let mut globals = self.config.global_labels.iter();
        globals.any(|(name, value)| (&**name, &**value) == label)
    }

    /// Returns the series of these labels, or inserts it if the family has a place or none is needed.
    fn insert(
        &self,
        family: &Arc<StoredFamily>,
        own: &[(&str, &str)],
        needs_place: bool,
    ) -> Option<Arc<StoredSeries>> {
        let hash = self
            .table
            .hash(family.info.base_name(), own.iter().copied());
        let is = |series: &StoredSeries| {
            Arc::ptr_eq(&series.family, &family.info)
                && series.own_labels().all(|label| own.contains(&label))
                && series.own_labels().count() == own.len()
        };
        if let Some(series) = self.table.find(hash, is) {
            return Some(series);
        }
        let make = || {
            // The counts of losses have one series for each metric.
            let max_series = if is_loss(&family.info) {
                usize::MAX
            } else {
                self.config.max_series
            };
            if needs_place && !family.take_place(max_series) {
                return None;
            }
            let is_own = |name: &str| own.iter().any(|(own, _)| *own == name);
            let globals = self.config.global_labels.iter();
            let globals = globals.filter(|(name, _)| !is_own(name));
            let globals = globals.map(|(name, value)| (&**name, &**value));
            let identity = Identity {
                globals: globals.clone().count(),
                labels: Labels::new(globals.chain(own.iter().copied())),
                hash,
                has_place: needs_place,
            };
            let exemplars = self.config.exemplars.as_ref();
            // The count of exemplars that are too long would keep itself alive.
            let exemplars = exemplars.filter(|_| !is_loss(&family.info));
            Some(StoredSeries::new(
                &family.info,
                identity,
                self.now(),
                exemplars,
            ))
        };
        let (series, is_new) = self.table.find_or_insert(hash, is, make)?;
        if is_new {
            self.prepare_losses(family, !own.is_empty());
            family.list.push(Arc::clone(&series));
        }
        Some(series)
    }

    /// Lets the counts of losses exist at 0, so that `increase()` sees the first one.
    fn prepare_losses(&self, family: &StoredFamily, has_labels: bool) {
        if matches!(family.info.shape, Shape::Histogram(_) | Shape::FloatCounter) {
            let dropped = || self.loss(MONITORING_SAMPLES_DROPPED, family.info.name());
            init_once(&family.info.samples_dropped, dropped);
        }
        if has_labels && !is_loss(&family.info) {
            let dropped = || self.loss(MONITORING_SERIES_DROPPED, family.info.name());
            init_once(&family.series_dropped, dropped);
        }
    }

    /// Returns the count of losses of a metric.
    fn loss(&self, count: catalog::Family, metric: &str) -> Option<Counter> {
        let metric = metric.to_owned().into();
        let series = self.register(Kind::Counter, &count.key([metric]));
        series.map(Counter::from_arc)
    }

    fn count_dropped(&self, family: &Arc<StoredFamily>) {
        init_once(&family.series_dropped, || {
            self.loss(MONITORING_SERIES_DROPPED, family.info.name())
        });
        if let Some(dropped) = family.series_dropped.get() {
            dropped.increment(1);
        }
        if Warned::is_first(&family.warned.limit) {
            let (label, values) = family.widest_label();
            tracing::warn!(
                metric = family.info.name(),
                label,
                values,
                max_series = self.config.max_series,
                "metric reached its series limit: new series are counted as \"other\", and gauges are dropped; `label` names the \
                 label with most values"
            );
        }
    }

    fn warn_of_names(family: &StoredFamily, name: &str, key: &CanonicalKey<'_>) {
        if let Some(other) = family.info.other_recorded_name(name)
            && Warned::is_first(&family.warned.name)
        {
            tracing::warn!(
                metric = family.info.name(),
                names = ?[other, name],
                "two metric names differ only in characters that Prometheus does not allow: they are one metric"
            );
        }
        if let Some((label, name)) = &key.renamed
            && Warned::is_first(&family.warned.labels)
        {
            tracing::warn!(
                metric = family.info.name(),
                label,
                name,
                "label is empty, reserved or stands twice, so Prometheus would refuse the whole scrape: it is exposed as `name`"
            );
        }
    }

    /// Returns the family of this name, which may be new.
    fn family(&self, instrument: Kind, base_name: &str) -> Result<Arc<StoredFamily>, Rejection> {
        let name = self.full_name(base_name);
        let of_kind = |family: &Arc<StoredFamily>| {
            if family.info.accepts(instrument) {
                Ok(Arc::clone(family))
            } else {
                Err(Rejection::Kind(family.info.kind()))
            }
        };
        if let Some(family) = self.families.read().get(&*name) {
            return of_kind(family);
        }
        let shape = self.shape(instrument, base_name, catalog::default_buckets(base_name));
        let mut families = self.families.write();
        if let Some(family) = families.get(&*name) {
            return of_kind(family);
        }
        if families.len() >= MAX_FAMILIES {
            return Err(Rejection::TooManyFamilies);
        }
        if let Some(other) = clash(&families, &name, instrument) {
            return Err(Rejection::Clash(other));
        }
        let family = self.new_family(&name, shape, Allowlist::default());
        if let Some(help) = self.descriptions.lock().remove(&*name) {
            family.info.describe(&help);
        }
        families.insert(name.into(), Arc::clone(&family));
        Ok(family)
    }

    fn reject(&self, instrument: Kind, base_name: &str, rejection: &Rejection) {
        let metric = match rejection {
            // The name is one of too many.
            Rejection::TooManyFamilies => OTHER.to_owned(),
            _ => self.full_name(base_name),
        };
        // A count of losses whose own name has another kind would be rejected again and again.
        if !LOSSES.iter().any(|loss| loss.name == base_name)
            && let Some(count) = self.loss(MONITORING_SERIES_REJECTED, &metric)
        {
            count.increment(1);
        }
        let is_new = {
            let mut rejected = self.rejected.lock();
            rejected.len() < MAX_REJECTED && rejected.insert(metric.as_str().into())
        };
        if !is_new {
            return;
        }
        let kind = instrument.as_str();
        match rejection {
            Rejection::Kind(own) => tracing::warn!(
                metric,
                "metric is a {own}: a {kind} of this name is not recorded, because Prometheus would refuse the whole scrape",
                own = own.as_str()
            ),
            Rejection::Clash(other) => tracing::warn!(
                metric,
                other,
                "{kind} is not recorded: its samples would have the same names as those of `other`"
            ),
            Rejection::TooManyFamilies => tracing::warn!(
                max = MAX_FAMILIES,
                "metric names are made of changing values: further names are not recorded"
            ),
        }
    }

    /// Returns all families by name.
    pub(super) fn all_families(&self) -> Vec<Arc<StoredFamily>> {
        self.families.read().values().cloned().collect()
    }

    /// Returns the families that show series, by name. Of two that have the same name in this escaping it returns the first.
    pub(super) fn shown_families(&self, escaping: Escaping) -> Vec<Arc<StoredFamily>> {
        let is_shown = |family: &StoredFamily| {
            let is_shadowed =
                family.info.shadowed_by.is_some() && escaping == Escaping::Underscores;
            !is_shadowed && !family.list.is_empty()
        };
        let mut families = self.all_families();
        families.retain(|family| is_shown(family));
        families
    }
}

pub(super) fn is_loss(family: &FamilyInfo) -> bool {
    LOSSES.iter().any(|loss| loss.name == family.base_name())
}

/// Like `get_or_init`, without a lock while `init` runs, because it may register further series.
fn init_once<T>(cell: &std::sync::OnceLock<T>, init: impl FnOnce() -> Option<T>) {
    if cell.get().is_none()
        && let Some(value) = init()
    {
        // Another thread may have been faster, with the same value.
        let _ = cell.set(value);
    }
}
