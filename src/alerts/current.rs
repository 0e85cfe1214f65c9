//! Measures of current and computed values.

use std::collections::BTreeMap;

use super::evaluator::{Evaluator, Member, Members, members};
use super::points::Points;
use super::selector::Selector;
use super::sum::Sum;
use crate::error::{Error, ErrorKind};

impl Evaluator<'_> {
    /// The greatest or least current value of each group. As in `PromQL`, NaN counts only if there is nothing else.
    pub(super) fn extreme(
        &self,
        selector: &Selector,
        choose: fn(f64, f64) -> f64,
    ) -> Result<Members, Error> {
        let join = |chosen: &mut f64, other| *chosen = choose(*chosen, other);
        let groups = self.fold(selector, |points| self.current(points), join)?;
        Ok(members(groups, |value| (value, None)))
    }

    pub(super) fn avg(&self, selector: &Selector) -> Result<Members, Error> {
        let read = |points: &Points| {
            let value = self.current(points)?;
            Ok(value.map(|value| (Sum::from(value), 1_u32)))
        };
        let join = |all: &mut (Sum, u32), other: (Sum, u32)| {
            all.0.add(other.0.value());
            all.1 += other.1;
        };
        let groups = self.fold(selector, read, join)?;
        Ok(members(groups, |(sum, count)| {
            (sum.value() / f64::from(count), None)
        }))
    }

    /// Only groups of both selectors have a value.
    pub(super) fn quotient(&self, part: &Selector, whole: &Selector) -> Result<Members, Error> {
        let mut parts = self.sums(part, |points| self.current(points))?;
        let wholes = self.sums(whole, |points| self.current(points))?;
        let quotients = wholes.map(|group, whole| {
            let part = parts.remove(group)?;
            Some(part.value() / whole.value())
        });
        let quotients = quotients.into_labels();
        let member = |(labels, value): (_, Option<f64>)| {
            Some(Member {
                labels,
                value: value?,
                events: None,
            })
        };
        Ok(quotients.filter_map(member).collect())
    }

    pub(super) fn computed(&self, name: &str) -> Result<Members, Error> {
        let values = self.samples.computed(name).ok_or_else(|| {
            let missing =
                format!("no values of {name:?} were computed: register a closure of this name");
            Error::invalid(missing)
        })?;
        let values = values.as_ref().map_err(|error| {
            Error::new(ErrorKind::Io, format!("computing {name:?} failed: {error}"))
        })?;
        let mut groups = BTreeMap::<_, Sum>::new();
        for (labels, value) in values {
            let label = |label| Some((label, labels.get(label).filter(|text| !text.is_empty())?));
            let own: BTreeMap<_, _> = self.by.iter().filter_map(label).collect();
            groups.entry(own).or_default().add(*value);
        }
        let member = |(labels, sum): (BTreeMap<&String, &String>, Sum)| Member {
            labels: labels
                .into_iter()
                .map(|(label, value)| (label.clone(), value.clone()))
                .collect(),
            value: sum.value(),
            events: None,
        };
        Ok(groups.into_iter().map(member).collect())
    }
}
