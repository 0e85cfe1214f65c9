//! `RegisteredModules`: all expected modules or plugins have registered.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;

use super::super::{Check, Outcome};

/// Unhealthy while an expected module or plugin has not registered. Clones share the registrations.
///
/// Answers from memory. Data: `expected` (a count), `registered` (names).
///
/// ```
/// use tower_vitals::{Health, health::checks::RegisteredModules};
///
/// let plugins = RegisteredModules::new(["billing", "search"]);
/// let health = Health::builder().check("plugins", plugins.clone()).build()?;
///
/// // Where the plugins are loaded:
/// plugins.register("billing");
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Clone)]
pub struct RegisteredModules {
    expected: Arc<BTreeSet<String>>,
    registered: Arc<Mutex<BTreeSet<String>>>,
}

impl RegisteredModules {
    /// Expects modules of these names to register.
    pub fn new<N: Into<String>>(expected: impl IntoIterator<Item = N>) -> Self {
        Self {
            expected: Arc::new(expected.into_iter().map(Into::into).collect()),
            registered: Arc::default(),
        }
    }

    /// Registers a module. An unexpected name is ignored.
    pub fn register(&self, name: &str) {
        if self.expected.contains(name) {
            self.registered.lock().insert(name.to_owned());
        }
    }

    /// Removes a module, for example when it is unloaded.
    pub fn deregister(&self, name: &str) {
        self.registered.lock().remove(name);
    }

    fn outcome(&self) -> Outcome {
        let registered = self.registered.lock().clone();
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

impl Check for RegisteredModules {
    async fn check(&self) -> Outcome {
        self.outcome()
    }

    fn from_memory(&self) -> Option<Outcome> {
        Some(self.outcome())
    }
}

debug_redacted!(RegisteredModules {
    expected,
    registered
});
