use std::ops::Deref;

use super::rule::Rule;

/// Rules that were checked. A slice of [`Rule`] in all other respects.
///
/// ```
/// use tower_vitals::alerts::{Rule, Rules, Signal};
///
/// let rules = Rules::builder()
///     .rule(Rule::new("PoolFull", Signal::value("database_connections")).ge(20.0))
///     .build()?;
/// assert_eq!(rules.len(), 1);
/// assert_eq!(rules.get("PoolFull").unwrap().threshold, 20.0);
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rules(Vec<Rule>);

impl Rules {
    pub(super) fn new(rules: Vec<Rule>) -> Self {
        Self(rules)
    }

    /// Returns the rule of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Rule> {
        self.0.iter().find(|rule| rule.name == name)
    }
}

impl Deref for Rules {
    type Target = [Rule];

    fn deref(&self) -> &[Rule] {
        &self.0
    }
}
