//! The evaluation of a rule.

use std::time::SystemTime;

use super::evaluated::{Evaluated, Evaluation};
use super::evaluator::{Evaluator, Member};
use super::rule::Rule;
use super::samples::Samples;

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
        match Evaluator::new(&self.signal.by, samples, now).evaluate(&self.signal.measure) {
            Ok(members) if members.is_empty() => Evaluation::NoData,
            Ok(members) => {
                let members = members.into_iter().map(|member| self.judge(member));
                Evaluation::Members(members.collect())
            }
            Err(error) => Evaluation::Failed(error),
        }
    }

    fn judge(&self, member: Member) -> Evaluated {
        let is_enough = |events| events >= self.min_events as f64;
        Evaluated {
            labels: member.labels,
            value: member.value,
            holds: member.events.is_none_or(is_enough)
                && self.comparison.holds(member.value, self.threshold),
        }
    }
}
