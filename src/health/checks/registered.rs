//! `Registered`: whether all expected modules or plugins are there.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::{Check, Outcome};

/// Unhealthy while a module or plugin that is expected has not registered. A clone is the same register.
///
/// It answers from memory. Data: `expected` (a count), `registered` (their names).
///
/// ```
/// use tower_vitals::{Health, health::checks::Registered};
///
/// let plugins = Registered::expects(["billing", "search"]);
/// let health = Health::builder().check("plugins", plugins.clone()).build()?;
///
/// // Where they are loaded:
/// plugins.register("billing");
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Registered {
    expected: Arc<BTreeSet<String>>,
    registered: Arc<Mutex<BTreeSet<String>>>,
}

impl Registered {
    /// These have to register.
    pub fn expects<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self {
            expected: Arc::new(names.into_iter().map(Into::into).collect()),
            registered: Arc::default(),
        }
    }

    /// It is there. One that was not expected is not kept.
    pub fn register(&self, name: &str) {
        if self.expected.contains(name) {
            self.registered().insert(name.to_owned());
        }
    }

    /// It is gone.
    pub fn deregister(&self, name: &str) {
        self.registered().remove(name);
    }

    fn registered(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.registered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn outcome(&self) -> Outcome {
        let registered = self.registered().clone();
        let missing: Vec<_> = self
            .expected
            .difference(&registered)
            .map(|name| &**name)
            .collect();
        let outcome = if missing.is_empty() {
            Outcome::healthy()
        } else {
            Outcome::unhealthy().message(format!("not registered: {}", missing.join(", ")))
        };
        outcome
            .data("expected", self.expected.len())
            .data("registered", registered.into_iter().collect::<Vec<_>>())
    }
}

impl Check for Registered {
    async fn check(&self) -> Outcome {
        self.outcome()
    }

    fn from_memory(&self) -> Option<Outcome> {
        Some(self.outcome())
    }
}
