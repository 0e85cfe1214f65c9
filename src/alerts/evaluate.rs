//! The evaluation of a rule.

use std::time::SystemTime;

use super::evaluated::{Evaluated, Evaluation};
use super::evaluator::Evaluator;
use super::grouping::Grouping;
use super::rule::Rule;
use super::samples::Samples;
use super::scratch::Scratch;
use super::selected::Selected;
use super::table::Table;
use super::view::View;
use super::window::milliseconds;
use crate::error::Error;

impl Rule {
    /// Computes the members of this rule at the time `now`, from the snapshots that were added until then.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use tower_vitals::alerts::{Evaluation, Rule, Samples, Signal};
    ///
    /// let rule = Rule::new("ErrorsLogged", Signal::value("errors_total"));
    /// let samples = Samples::for_rules(std::slice::from_ref(&rule));
    /// assert!(matches!(rule.evaluate(&samples, SystemTime::now()), Evaluation::NoData));
    /// ```
    #[must_use]
    pub fn evaluate(&self, samples: &Samples, now: SystemTime) -> Evaluation {
        let mut selectors = self.signal.measure.selectors();
        let selected = [(); 2].map(|()| samples.selected(selectors.next()?));
        // The samples may be those of another rule that reads the same series in other groups.
        let own = selected.map(|selected| {
            let (selected, table) = selected?;
            self.grouping_of(selected, table)
        });
        let view = |at: usize| {
            let (selected, table) = selected[at]?;
            let mut known = selected.groupings.iter();
            let known = known.find(|it| it.by == self.signal.by);
            let grouping = known.or(own[at].as_ref());
            Some(View {
                selected,
                table,
                grouping,
            })
        };
        let mut scratch = Scratch::default();
        match self.find(samples, [view(0), view(1)], now, &mut scratch) {
            Ok(()) if scratch.found.is_empty() => Evaluation::NoData,
            Ok(()) => {
                let members = scratch.found.into_iter().map(Evaluated::from);
                Evaluation::Members(members.collect())
            }
            Err(error) => Evaluation::Failed(error),
        }
    }

    /// A grouping that the samples lack.
    fn grouping_of(&self, selected: &Selected, table: &Table) -> Option<Grouping> {
        let by = &self.signal.by;
        let is_known = by.is_empty() || selected.groupings.iter().any(|it| it.by == *by);
        (!is_known).then(|| {
            let mut grouping = Grouping::new(by);
            grouping.fill(&selected.series, &table.series);
            grouping
        })
    }

    /// Computes the members into `scratch`, as [`evaluate`](Self::evaluate). `views` are those of its selectors.
    pub(super) fn find<'a>(
        &self,
        samples: &'a Samples,
        views: [Option<View<'a>>; 2],
        now: SystemTime,
        scratch: &mut Scratch<'a>,
    ) -> Result<(), Error> {
        scratch.found.clear();
        let mut evaluator = Evaluator {
            rule: self,
            samples,
            views,
            now: milliseconds(now),
            scratch,
        };
        evaluator.evaluate()
    }
}
