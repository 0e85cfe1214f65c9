//! Measures of current and computed values.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::evaluator::Evaluator;
use super::series::Series;
use super::sum::Sum;
use crate::error::{Error, ErrorKind};

impl Evaluator<'_, '_> {
    /// The greatest or least current value of each group. As in `PromQL`, NaN counts only if there is nothing else.
    pub(super) fn extreme(&mut self, choose: fn(f64, f64) -> f64) -> Result<(), Error> {
        let join = |chosen: &mut f64, other| *chosen = choose(*chosen, other);
        self.fold(self.reads_current(0)?, join, |value| (value, None))
    }

    pub(super) fn avg(&mut self) -> Result<(), Error> {
        let current = self.reads_current(0)?;
        let read = |series: &Series| {
            let value = current(series)?;
            Ok(value.map(|value| (Sum::from(value), 1_u32)))
        };
        let join = |all: &mut (Sum, u32), other: (Sum, u32)| {
            all.0.add(other.0.value());
            all.1 += other.1;
        };
        self.fold(read, join, |(sum, count)| {
            (sum.value() / f64::from(count), None)
        })
    }

    pub(super) fn computed(&mut self, name: &str) -> Result<(), Error> {
        let values = self.samples.computed(name).ok_or_else(|| {
            let missing =
                format!("no values of {name:?} were computed: register a closure of this name");
            Error::invalid(missing)
        })?;
        let values = values.as_ref().map_err(|error| {
            Error::new(ErrorKind::Io, format!("computing {name:?} failed: {error}"))
        })?;
        let mut groups = BTreeMap::<_, Sum>::new();
        let by = &self.rule.signal.by;
        for (labels, value) in values {
            let own = by.iter().filter_map(|label| {
                let value = labels.get(label).filter(|text| !text.is_empty());
                Some((label, value?))
            });
            let own: BTreeMap<_, _> = own.collect();
            groups.entry(own).or_default().add(*value);
        }
        for (labels, sum) in groups {
            let labels = labels.into_iter();
            let labels = labels.map(|(label, value)| (label.clone(), value.clone()));
            self.add(Cow::Owned(labels.collect()), sum.value(), None);
        }
        Ok(())
    }
}
