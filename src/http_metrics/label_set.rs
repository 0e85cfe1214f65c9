//! `LabelSet`: the extra labels of a layer. One number stands for a combination of their values.

use metrics::Label;

use super::extra_label::ExtraLabel;

/// Labels that are picked from `P`, the parts of a request or of a response.
#[derive(Debug)]
pub(crate) struct LabelSet<P>(Vec<ExtraLabel<P>>);

impl<P> Clone for LabelSet<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P> Default for LabelSet<P> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<P> LabelSet<P> {
    pub(crate) fn add(&mut self, label: ExtraLabel<P>) {
        self.0.push(label);
    }

    /// Removes the labels for which `keep` is false.
    pub(crate) fn retain(&mut self, keep: impl Fn(&ExtraLabel<P>) -> bool) {
        self.0.retain(keep);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &ExtraLabel<P>> {
        self.0.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of combinations of values of the labels for which `counts` is true.
    pub(crate) fn combinations(&self, counts: impl Fn(&ExtraLabel<P>) -> bool) -> usize {
        let counted = self.0.iter().filter(|label| counts(label));
        let counts = counted.map(|label| label.values.count());
        counts.fold(1, usize::saturating_mul)
    }

    /// The combination that these parts have, in mixed radix.
    pub(crate) fn combination(&self, parts: &P) -> usize {
        self.encode(|label| label.index(parts))
    }

    /// The combination of `other` for all labels.
    pub(crate) fn others(&self) -> usize {
        self.encode(|label| label.values.other_index())
    }

    fn encode(&self, index: impl Fn(&ExtraLabel<P>) -> usize) -> usize {
        self.0.iter().rev().fold(0, |number, label| {
            number * label.values.count() + index(label)
        })
    }

    /// Adds the labels of a combination for which `has` is true.
    pub(crate) fn push(
        &self,
        mut combination: usize,
        has: impl Fn(&ExtraLabel<P>) -> bool,
        labels: &mut Vec<Label>,
    ) {
        for label in &self.0 {
            let count = label.values.count();
            if has(label) {
                label.push(combination % count, labels);
            }
            combination /= count;
        }
    }
}
