use serde::{Deserialize, Serialize};

/// The comparison of a signal's value with the rule's threshold. As in `PromQL`, NaN satisfies [`Ne`](Self::Ne) alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Comparison {
    /// Greater than.
    Gt,
    /// Greater or equal.
    Ge,
    /// Less than.
    Lt,
    /// Less or equal.
    Le,
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
}

impl Comparison {
    /// The operator of `PromQL`, such as `>`.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Eq => "==",
            Self::Ne => "!=",
        }
    }

    /// Whether the comparison is true of `value` and `threshold`.
    ///
    /// ```
    /// use tower_vitals::alerts::Comparison;
    ///
    /// assert!(Comparison::Ge.holds(0.9, 0.9));
    /// assert!(!Comparison::Gt.holds(f64::NAN, 0.9));
    /// ```
    #[must_use]
    #[expect(clippy::float_cmp, reason = "the rule asks for exact equality")]
    pub fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::Gt => value > threshold,
            Self::Ge => value >= threshold,
            Self::Lt => value < threshold,
            Self::Le => value <= threshold,
            Self::Eq => value == threshold,
            Self::Ne => value != threshold,
        }
    }
}
