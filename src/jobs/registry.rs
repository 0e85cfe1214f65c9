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

#[derive(Debug)]
pub(super) struct Registry {
    entries: RwLock<BTreeMap<&'static str, Arc<JobEntry>>>,
    recorder: RecorderRef,
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
            match JobEntry::new(*job, &recorder) {
                Ok(entry) => drop(entries.insert(name, Arc::new(entry))),
                Err(all) => mistakes.extend(all),
            }
        }
        let entries = RwLock::new(entries);
        Self { entries, recorder }
    }

    pub(super) fn get(&self, job_name: &str) -> Option<Arc<JobEntry>> {
        self.entries.read().get(job_name).cloned()
    }

    /// Registers a job at its first run if the builder did not.
    pub(super) fn get_or_insert(&self, job: Job) -> Arc<JobEntry> {
        if let Some(entry) = self.get(job.name()) {
            if entry.job != job {
                entry.warn_of_duplicate();
            }
            return entry;
        }
        let entry = JobEntry::new(job, &self.recorder).unwrap_or_else(|mistakes| {
            if let Err(error) = Error::combine(mistakes.into_iter().map(Error::invalid)) {
                tracing::error!(%error, "an unregistered job is invalid: it is never expected");
            }
            JobEntry::on_demand(job, &self.recorder)
        });
        entry.register_counters();
        let mut entries = self.entries.write();
        let entry = entries.entry(job.name()).or_insert(Arc::new(entry));
        Arc::clone(entry)
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
        (self.entries.read().values()).for_each(|entry| entry.register_counters());
    }

    /// Returns a registration for every job that the history stores under its own name.
    pub(super) fn registrations(&self) -> Vec<Registration> {
        let entries = self.all().into_iter();
        let jobs = entries.map(|entry| entry.job);
        jobs.filter(|job| is_stored_name(job.name()))
            .map(|job| Registration::new(job.name(), job.schedule_text()))
            .collect()
    }
}
