//! `Sum`: a sum that does not depend on the order of its terms.

/// A sum with its rounding error (Neumaier). Series have no order, and a quantile at the edge of a bucket jumps with the last digit.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    rounded: f64,
    error: f64,
}

impl Sum {
    #[inline]
    pub(super) fn add(&mut self, term: f64) {
        // The most usual term changes nothing.
        if term == 0.0 {
            return;
        }
        let rounded = self.rounded + term;
        if rounded.is_infinite() {
            self.error = 0.0;
        } else if self.rounded.abs() >= term.abs() {
            self.error += (self.rounded - rounded) + term;
        } else {
            self.error += (term - rounded) + self.rounded;
        }
        self.rounded = rounded;
    }

    #[inline]
    pub(super) fn value(self) -> f64 {
        self.rounded + self.error
    }
}

impl From<f64> for Sum {
    fn from(term: f64) -> Self {
        Self {
            rounded: term,
            error: 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(terms: &[f64]) -> f64 {
        let mut sum = Sum::default();
        for term in terms {
            sum.add(*term);
        }
        sum.value()
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the sums are exact")]
    fn small_terms_are_not_lost_in_any_order() {
        assert_eq!(sum(&[1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(sum(&[1e100, 1.0, -1e100, 1.0]), 2.0);
        assert_eq!(sum(&[0.1; 10]), 1.0);
    }

    #[test]
    fn infinity_and_nan_stay() {
        assert!(sum(&[1.0, f64::INFINITY, 2.0]) > f64::MAX);
        assert!(sum(&[1.0, f64::NAN, 2.0]).is_nan());
        assert!(sum(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
    }
}
