//! `SeriesVisitor`: reads all series, one after another, without keeping them.

use super::labels::Labels;
use super::snapshot::{Snapshot, Value};
use crate::catalog::Kind;

/// Sees all series of a recorder. A [`Snapshot`] of them takes twice as long, because it keeps their values.
pub(crate) trait SeriesVisitor {
    /// Begins the series of a family, which has one at least. Families come in the order of their names. Returns whether it wants to
    /// see the series.
    fn family(&mut self, name: &str, kind: Kind) -> bool;

    /// Sees a series. One that is idle is in no response: it is seen because its total goes on when it returns.
    fn series(&mut self, labels: &Labels, value: Seen<'_>, is_idle: bool);
}

/// The value of a series.
#[derive(Clone, Copy)]
pub(crate) enum Seen<'a> {
    Number(f64),
    /// The finite upper bounds, and the samples of each bucket and of the one above.
    Histogram {
        bounds: &'a [f64],
        counts: &'a [u64],
    },
}

impl Seen<'_> {
    /// The number, or the number of samples.
    pub(crate) fn count(self) -> f64 {
        match self {
            Self::Number(number) => number,
            Self::Histogram { counts, .. } => counts.iter().sum::<u64>() as f64,
        }
    }
}

/// Lets a visitor see what a snapshot has.
pub(super) fn visit_snapshot(snapshot: &Snapshot, visitor: &mut dyn SeriesVisitor) {
    let (mut bounds, mut counts) = (Vec::new(), Vec::new());
    for family in &snapshot.families {
        if family.series.is_empty() || !visitor.family(&family.name, family.kind) {
            continue;
        }
        for series in &family.series {
            let Value::Histogram(histogram) = &series.value else {
                let number = series.value.as_f64().unwrap_or_default();
                visitor.series(&series.labels, Seen::Number(number), false);
                continue;
            };
            bounds.clear();
            counts.clear();
            let mut below = 0;
            for (bound, count) in &histogram.buckets {
                if bound.is_finite() {
                    bounds.push(*bound);
                }
                counts.push(count.saturating_sub(below));
                below = *count;
            }
            let (bounds, counts) = (&*bounds, &*counts);
            let seen = Seen::Histogram { bounds, counts };
            visitor.series(&series.labels, seen, false);
        }
    }
}
