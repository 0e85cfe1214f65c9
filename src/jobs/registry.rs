//! `Registry`: the jobs that this process knows, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::history::Registration;
use super::job::{Job, is_stored_name};
use super::job_entry::JobEntry;
use super::run_record::RunRecord;
use crate::error::Error;
use crate::recorder::RecorderRef;

/// The most jobs that are not registered. Runs of further jobs are runs of `OTHER`.
const MAX_UNREGISTERED: usize = 1000;
const OTHER: Job = Job::named("other");

#[derive(Debug)]
pub(super) struct Registry {
    entries: RwLock<BTreeMap<String, Arc<JobEntry>>>,
    recorder: RecorderRef,
    /// The most entries.
    capacity: usize,
}

impl Registry {
    /// Leaves out jobs with mistakes.
    pub(super) fn new(jobs: &[Job], recorder: RecorderRef, mistakes: &mut Vec<String>) -> Self {
        let mut entries = BTreeMap::new();
        for (index, job) in jobs.iter().enumerate() {
            let (name, earlier) = (job.name(), &jobs[..index]);
            if earlier.contains(job) {
                continue;
            }
            if earlier.iter().any(|other| other.name() == name) {
                mistakes.push(format!(
                    "two different jobs are named {name:?}: each needs a name of its own"
                ));
            }
            match JobEntry::new(job.clone(), &recorder) {
                Ok(entry) => drop(entries.insert(name.to_owned(), Arc::new(entry))),
                Err(all) => mistakes.extend(all),
            }
        }
        Self {
            capacity: entries.len() + MAX_UNREGISTERED,
            entries: RwLock::new(entries),
            recorder,
        }
    }

    pub(super) fn recorder(&self) -> &RecorderRef {
        &self.recorder
    }

    pub(super) fn get(&self, job_name: &str) -> Option<Arc<JobEntry>> {
        self.entries.read().get(job_name).cloned()
    }

    /// Registers a job at its first run if the builder did not.
    pub(super) fn get_or_insert(&self, job: Job) -> Arc<JobEntry> {
        if let Some(entry) = self.get(job.name()) {
            if entry.job != job {
                entry.warn_once("two different jobs have this name: the registered one is used");
            }
            return entry;
        }
        if self.entries.read().len() >= self.capacity && job != OTHER {
            let other = self.get_or_insert(OTHER);
            other.warn_once("too many jobs are not registered: others are recorded as this one");
            return other;
        }
        let new = JobEntry::new(job.clone(), &self.recorder).unwrap_or_else(|mistakes| {
            if let Err(error) = Error::combine(mistakes.into_iter().map(Error::invalid)) {
                tracing::error!(%error, "an unregistered job is invalid: it is never expected");
            }
            JobEntry::on_demand(job, &self.recorder)
        });
        new.register_counters();
        let new = Arc::new(new);
        let mut entries = self.entries.write();
        let entry = entries.entry(new.job.name().to_owned());
        let entry = Arc::clone(entry.or_insert_with(|| Arc::clone(&new)));
        // Before `new`, whose handles may be those of a user's recorder.
        drop(entries);
        entry
    }

    /// Returns the job of a run. The history may store the job under a different name.
    pub(super) fn of_run(&self, run: &RunRecord) -> Option<Arc<JobEntry>> {
        self.get(&run.job_name).or_else(|| {
            let entries = self.entries.read();
            let mut entries = entries.values();
            entries.find(|it| it.stored_name == run.job_name).cloned()
        })
    }

    /// Returns the jobs by name.
    pub(super) fn all(&self) -> Vec<Arc<JobEntry>> {
        self.entries.read().values().cloned().collect()
    }

    /// Registers the counters of all jobs.
    pub(super) fn register_counters(&self) {
        // A recorder may be a user's, so it is not called under the lock.
        (self.all().iter()).for_each(|entry| entry.register_counters());
    }

    /// Returns a registration for every job that the history stores under its own name.
    pub(super) fn registrations(&self) -> Vec<Registration> {
        let entries = self.all().into_iter();
        let stored = entries.filter(|entry| is_stored_name(entry.job.name()));
        stored
            .map(|entry| Registration::new(entry.job.name(), entry.job.schedule_text()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unregistered_jobs_are_bounded() {
        let registered = [Job::named("nightly")];
        let registry = Registry::new(&registered, RecorderRef::default(), &mut Vec::new());
        for n in 0..5000 {
            let name = format!("job {n}");
            let entry = registry.get_or_insert(Job::new(name.clone()));
            let is_known = n < MAX_UNREGISTERED;
            assert_eq!(entry.job.name(), if is_known { &name } else { "other" });
        }
        // Known jobs are found.
        for name in ["nightly", "job 0", "job 999"] {
            assert_eq!(registry.get_or_insert(Job::new(name)).job.name(), name);
        }
        assert_eq!(registry.all().len(), MAX_UNREGISTERED + 2);
    }
}
