//! Series that leave the exposition because nobody writes to them, and that return when somebody does.
//!
//! A series that leaves keeps its cells, and handles go on writing to them. So nothing is lost, and no record
//! has to look whether its series is shown. The next look finds what was written.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use metrics::{Key, Label};

use super::canonical::CanonicalKey;
use super::store::{Store, is_loss};
use super::stored_family::StoredFamily;
use super::stored_series::StoredSeries;

impl Store {
    /// Lets idle series leave and written ones return. A reader calls it first, and waits for one that does this already,
    /// because that one may have missed a write which this reader must show.
    pub(in crate::exporter) fn sweep(&self) {
        let _sweeping = self.sweeping.lock();
        let mut counts = Vec::new();
        for family in self.all_families() {
            // In this order, so that a series that was just written to is shown at least once.
            self.put_to_sleep(&family, &mut counts);
            self.wake(&family, &mut counts);
        }
    }

    /// Shows the dormant series that were written to.
    fn wake(&self, family: &StoredFamily, counts: &mut Vec<u64>) {
        let mut dormant = family.dormant.lock();
        let now = self.now();
        dormant.retain(|series| {
            let is_written = series.take_written(counts);
            if is_written {
                series.changed_at.store(now, Ordering::Relaxed);
                if series.has_place {
                    family.retake_place();
                }
                family.list.push(Arc::clone(series));
            }
            !is_written
        });
    }

    fn put_to_sleep(&self, family: &StoredFamily, counts: &mut Vec<u64>) {
        let timeout = self.config.idle_timeouts.of(family.info.kind());
        // A count of losses is no series of the service.
        let Some(timeout) = timeout.filter(|_| !is_loss(&family.info)) else {
            return;
        };
        let timeout = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
        let now = self.now();
        let mut is_idle = |series: &StoredSeries| {
            if series.take_written(counts) || series.is_in_use() {
                series.changed_at.store(now, Ordering::Relaxed);
                return false;
            }
            now.saturating_sub(series.changed_at.load(Ordering::Relaxed)) >= timeout
        };
        let mut idle = Vec::new();
        for chunk in family.list.chunks() {
            idle.extend(chunk.iter().filter(|series| is_idle(series)).cloned());
        }
        if !idle.is_empty() {
            self.hide(family, idle);
        }
    }

    /// Takes the series off the list. Those that may be written again stay dormant, up to the series limit.
    fn hide(&self, family: &StoredFamily, series: Vec<Arc<StoredSeries>>) {
        let hidden: std::collections::HashSet<_> = series.iter().map(Arc::as_ptr).collect();
        family
            .list
            .remove(|series| hidden.contains(&std::ptr::from_ref(series)));
        let places = series.iter().filter(|series| series.has_place);
        family.give_places_back(places.count());
        let mut dormant = family.dormant.lock();
        dormant.extend(series);
        let mut surplus = dormant.len().saturating_sub(self.config.max_series);
        dormant.retain(|series| {
            let is_removed = surplus > 0 && self.table.remove_unused(series, 1);
            surplus -= usize::from(is_removed);
            !is_removed
        });
    }

    /// Removes a series, shown or idle. It returns if somebody who still holds a handle writes to it. Returns whether there was
    /// one.
    pub(in crate::exporter) fn remove(&self, name: &str, labels: &[(&str, &str)]) -> bool {
        let label =
            |(name, value): &(&str, &str)| Label::new((*name).to_owned(), (*value).to_owned());
        let labels: Vec<_> = labels.iter().map(label).collect();
        let key = Key::from_parts(name.to_owned(), labels);
        let Some(series) = self.find(&key) else {
            return false;
        };
        let _sweeping = self.sweeping.lock();
        let Some(family) = self.families.read().get(series.family.name()).cloned() else {
            return false;
        };
        let is_it = |other: &StoredSeries| std::ptr::eq(other, &raw const *series);
        let is_shown = {
            let chunks = family.list.chunks();
            chunks
                .iter()
                .any(|chunk| chunk.iter().any(|series| is_it(series)))
        };
        let mut dormant = family.dormant.lock();
        if is_shown {
            family.list.remove(is_it);
            family.give_places_back(usize::from(series.has_place));
        } else {
            let count = dormant.len();
            dormant.retain(|series| !is_it(series));
            if dormant.len() == count {
                return false;
            }
        }
        // From here on, only later writes count.
        series.take_written(&mut Vec::new());
        if !self.table.remove_unused(&series, 1) {
            dormant.push(series);
        }
        true
    }

    /// Returns the series of a key in the facade's spelling or in Prometheus' own.
    fn find(&self, key: &Key) -> Option<Arc<StoredSeries>> {
        let find = |key: &Key| {
            self.table
                .find(self.table.hash_of(key), |series| series.is(key))
        };
        find(key).or_else(|| {
            let canonical = CanonicalKey::new(&self.config, key);
            let labels = canonical.labels.iter();
            let labels =
                labels.map(|(name, value)| Label::new(name.to_string(), value.to_string()));
            let labels: Vec<_> = labels.collect();
            find(&Key::from_parts(canonical.name.to_string(), labels))
        })
    }
}
