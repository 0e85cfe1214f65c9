//! `Checker`: a registered check as `/health/status` tells of it.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use super::report::milliseconds;
use super::slot::Slot;
use super::{CheckResult, Probe};

/// A registered check: how it is run, what it decides, and the last that is known of it, without asking anybody.
///
/// Serialized, it is one of the `checkers` of `/health/status`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Checker {
    /// Its name.
    pub name: String,
    /// The probes it decides.
    pub probes: Vec<Probe>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether its failure only degrades.
    pub is_optional: bool,
    /// Whether it is a dependency that all instances share.
    pub is_shared: bool,
    /// Unhealthy after this long.
    pub timeout: Duration,
    /// A result this young is answered again.
    pub cache_for: Duration,
    /// How often it is run in the background, if it is.
    pub every: Option<Duration>,
    /// The last result and its age.
    pub last: Option<(CheckResult, Duration)>,
    /// Whether it is being run.
    pub is_running: bool,
}

impl Checker {
    pub(super) fn of(slot: &Arc<Slot>) -> Self {
        let options = &slot.options;
        let last = slot.last();
        Self {
            name: slot.name.to_string(),
            probes: options.probes.clone(),
            tags: options.tags.clone(),
            is_optional: options.is_optional,
            is_shared: options.is_shared,
            timeout: slot.timeout,
            cache_for: slot.cache_for,
            every: slot.every,
            last: last.map(|(result, age)| (CheckResult::clone(&result), age)),
            is_running: slot.is_running(),
        }
    }
}

/// Durations in milliseconds; what is not known is null.
impl Serialize for Checker {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let last = self.last.as_ref();
        let mut fields = serializer.serialize_struct("Checker", 11)?;
        fields.serialize_field("name", &self.name)?;
        fields.serialize_field("probes", &self.probes)?;
        fields.serialize_field("tags", &self.tags)?;
        fields.serialize_field("optional", &self.is_optional)?;
        fields.serialize_field("shared", &self.is_shared)?;
        fields.serialize_field("timeout_ms", &milliseconds(self.timeout))?;
        fields.serialize_field("cache_ms", &milliseconds(self.cache_for))?;
        fields.serialize_field("every_ms", &self.every.map(milliseconds))?;
        fields.serialize_field("status", &last.map(|(result, _)| result.status()))?;
        fields.serialize_field("age_ms", &last.map(|(_, age)| milliseconds(*age)))?;
        fields.serialize_field("running", &self.is_running)?;
        fields.end()
    }
}
