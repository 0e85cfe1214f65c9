//! Measures of current and computed values.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::evaluator::Evaluator;
use super::sum::Sum;
use crate::error::{Error, ErrorKind};

impl Evaluator<'_, '_> {
    /// The greatest or least current value of each group. As in `PromQL`, NaN counts only if there is nothing else.
    pub(super) fn extreme(&mut self, choose: fn(f64, f64) -> f64) -> Result<(), Error> {
        let join = |chosen: &mut f64, other| *chosen = choose(*chosen, other);
        self.fold(self.current(0)?, join, |value| value)
    }

    pub(super) fn avg(&mut self) -> Result<(), Error> {
        let current = self.current(0)?;
        let read = |series: usize| Some((Sum::from(current(series)?), 1_u32));
        let join = |all: &mut (Sum, u32), other: (Sum, u32)| {
            all.0.add(other.0.value());
            all.1 += other.1;
        };
        self.fold(read, join, |(sum, count)| sum.value() / f64::from(count))
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
            let is_own =
                |(name, value): &(&String, &String)| by.contains(name) && !value.is_empty();
            let group = if labels.iter().all(|pair| is_own(&pair)) {
                labels.clone()
            } else {
                let own = labels.iter().filter(is_own);
                own.map(|(name, value)| (name.clone(), value.clone()))
                    .collect()
            };
            groups.entry(group).or_default().add(*value);
        }
        for (labels, sum) in groups {
            self.add(Cow::Owned(labels), sum.value(), None);
        }
        Ok(())
    }
}
