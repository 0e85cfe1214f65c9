//! Alerts that code fires with one call.

use std::fmt::Display;
use std::time::Duration;

use super::alerts::Alerts;
use crate::alerts::state::{Alert, AlertId};
use crate::redact::redact;

/// Alerts that a shortcut fires resolve when they were not fired again for this long.
const SHORTCUT_RESOLVES: Duration = Duration::from_secs(15 * 60);

impl Alerts {
    /// Fires `JobFailed` for a background job. It resolves when it was not fired again for 15 minutes.
    pub fn job_failed(&self, job: &str, error: impl Display) -> AlertId {
        self.shortcut("JobFailed", "job", job, error)
    }

    /// Fires `ApiError` for an outbound API. It resolves when it was not fired again for 15 minutes.
    pub fn api_error(&self, service: &str, error: impl Display) -> AlertId {
        self.shortcut("ApiError", "API", service, error)
    }

    /// Fires `DatabaseError` for a database. It resolves when it was not fired again for 15 minutes.
    pub fn database_error(&self, database: &str, error: impl Display) -> AlertId {
        self.shortcut("DatabaseError", "database", database, error)
    }

    fn shortcut(&self, name: &str, kind: &str, which: &str, error: impl Display) -> AlertId {
        let error = error.to_string();
        let text = format!("{kind} {which}: {}", redact(&error));
        let alert = Alert::error(text).name(name).component(which);
        self.fire(alert.auto_resolve(SHORTCUT_RESOLVES))
    }
}
