//! `State`: the state that all clones of a `Health` share.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use http::StatusCode;
use parking_lot::RwLock;
use tokio::sync::broadcast;

use super::check_options::Defaults;
use super::entry::CheckEntry;
use super::runtime_heartbeat::RuntimeHeartbeat;
use super::{ConfiguredCheck, Probe, StatusChange};
use crate::broadcast::CAPACITY;
use crate::recorder::RecorderRef;

/// The number of checks is bounded because each is a label value of three metrics and a task while it runs.
const MAX_CHECKS: usize = 1000;

pub(super) struct State {
    /// Replaced as a whole when a check is added or removed, so that reports hold no lock.
    entries: RwLock<Arc<[Arc<CheckEntry>]>>,
    pub(super) defaults: Defaults,
    /// The status code of reports that are degraded.
    pub(super) degraded_status: StatusCode,
    pub(super) starts_explicitly: bool,
    pub(super) is_started: AtomicBool,
    pub(super) is_draining: AtomicBool,
    /// Whether `Health::run` was called, so that checks added later start their background runs at once.
    pub(super) runs_in_background: AtomicBool,
    pub(super) liveness_failure: OnceLock<Arc<str>>,
    pub(super) runtime_heartbeat: Option<RuntimeHeartbeat>,
    pub(super) changes: broadcast::Sender<StatusChange>,
    pub(super) recorder: RecorderRef,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            entries: RwLock::default(),
            defaults: Defaults {
                timeout: Duration::from_secs(2),
                cache_for: Duration::from_secs(1),
            },
            degraded_status: StatusCode::OK,
            starts_explicitly: false,
            is_started: AtomicBool::new(false),
            is_draining: AtomicBool::new(false),
            runs_in_background: AtomicBool::new(false),
            liveness_failure: OnceLock::new(),
            runtime_heartbeat: None,
            changes: broadcast::Sender::new(CAPACITY),
            recorder: RecorderRef::default(),
        }
    }

    pub(super) fn entries(&self) -> Arc<[Arc<CheckEntry>]> {
        Arc::clone(&self.entries.read())
    }

    pub(super) fn find(&self, name: &str) -> Option<Arc<CheckEntry>> {
        let entries = self.entries();
        entries.iter().find(|entry| &*entry.name == name).cloned()
    }

    /// Returns an entry that publishes to this state. It is not inserted yet.
    pub(super) fn new_entry(
        self: &Arc<Self>,
        name: &str,
        check: ConfiguredCheck,
        probes: impl Iterator<Item = Probe>,
    ) -> Arc<CheckEntry> {
        let state: Weak<Self> = Arc::downgrade(self);
        Arc::new(CheckEntry::new(name, check, probes, self.defaults, state))
    }

    pub(super) fn insert(&self, entry: Arc<CheckEntry>) -> Result<(), String> {
        let name = &entry.name;
        let mut entries = self.entries.write();
        if entries.iter().any(|other| other.name == *name) {
            return Err(format!(
                "check name {name:?} is taken: each check needs its own name"
            ));
        }
        if entries.len() >= MAX_CHECKS {
            return Err(format!(
                "check {name:?} exceeds the limit: at most {MAX_CHECKS} checks are allowed"
            ));
        }
        *entries = entries.iter().cloned().chain([entry]).collect();
        Ok(())
    }

    pub(super) fn remove(&self, name: &str) -> Option<Arc<CheckEntry>> {
        let mut entries = self.entries.write();
        let removed = entries.iter().find(|entry| &*entry.name == name).cloned()?;
        let is_kept = |entry: &&Arc<CheckEntry>| !Arc::ptr_eq(entry, &removed);
        *entries = entries.iter().filter(is_kept).cloned().collect();
        // Under the lock, so that its results cannot be taken for those of a new check with the same name.
        removed.retire();
        drop(entries);
        removed.end_background();
        Some(removed)
    }
}

impl Drop for State {
    fn drop(&mut self) {
        for entry in &**self.entries.get_mut() {
            entry.retire();
            entry.end_background();
        }
    }
}
