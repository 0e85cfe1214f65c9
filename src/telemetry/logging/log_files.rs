//! `LogFiles`: the files in the folder of the log.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::builder::LoggingBuilder;
use super::daily_cleanup::{DailyCleanup, OldFiles};
use super::files::{FileSink, FileSinkBuilder, Loss};
use crate::error::{Error, ErrorKind};
use crate::measure::Instant;

/// The name of a file and the memory of its queue. Together they take less than 32 MiB.
const ALERTS: (&str, usize) = ("alerts.log", 4 * MIB);
const JSON: (&str, usize) = ("app.jsonl", 27 * MIB);

const MIB: usize = 1024 * 1024;

/// The files that are written. Clones are the same files.
#[derive(Debug, Clone, Default)]
pub(super) struct LogFiles(Arc<Open>);

#[derive(Debug, Default)]
struct Open {
    alerts: Option<FileSink>,
    json: Option<FileSink>,
    old: Vec<OldFiles>,
    /// Runs as long as this exists.
    cleanup: OnceLock<DailyCleanup>,
}

impl Open {
    fn iter(&self) -> impl Iterator<Item = &FileSink> {
        self.alerts.iter().chain(&self.json)
    }
}

impl LogFiles {
    pub(super) fn open(builder: &LoggingBuilder) -> Result<Self, Error> {
        let file = |(name, queue): (&str, usize)| {
            let path = builder.folder.as_ref()?.join(name);
            let file = FileSink::builder(path).queue_bytes(queue);
            Some((builder.set_file)(file.recorder_ref(&builder.recorder)))
        };
        let (service, environment) = (builder.service.clone(), builder.environment.clone());
        let loss_line = move |loss: &Loss| json_line(loss, &service, &environment);
        let json = file(JSON).filter(|_| builder.has_json_file);
        let json = json.map(|file| file.loss_line(loss_line).open());
        let mut open = Open {
            alerts: file(ALERTS).map(FileSinkBuilder::open).transpose()?,
            json: json.transpose()?,
            old: Vec::new(),
            cleanup: OnceLock::new(),
        };
        let backups = open.iter().map(|file| OldFiles::Backups {
            log: file.path().to_owned(),
            max_age: builder.max_age,
        });
        open.old = backups.chain(builder.old_files.iter().cloned()).collect();
        Ok(Self(Arc::new(open)))
    }

    /// Deletes old files, now and once a day.
    pub(super) fn start_cleanup(&self) -> Result<(), Error> {
        if !self.0.old.is_empty() {
            // Called once.
            let _ = self.0.cleanup.set(DailyCleanup::start(self.0.old.clone())?);
        }
        Ok(())
    }

    pub(super) fn alerts(&self) -> Option<&FileSink> {
        self.0.alerts.as_ref()
    }

    pub(super) fn json(&self) -> Option<&FileSink> {
        self.0.json.as_ref()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    fn iter(&self) -> impl Iterator<Item = &FileSink> {
        self.0.iter()
    }

    pub(super) fn reopen(&self) {
        self.iter().for_each(FileSink::reopen);
    }

    pub(super) fn flush(&self, deadline: Duration) -> Result<(), Error> {
        let problem = |file: &FileSink, left| {
            let name = name(file.path());
            (!file.flush(left)).then(|| format!("{name} may lack lines"))
        };
        self.within(deadline, problem)
    }

    pub(super) fn shutdown(&self, deadline: Duration) -> Result<(), Error> {
        // All files use the whole time, although one after the other is waited for.
        self.iter().for_each(FileSink::begin_shutdown);
        let problem = |file: &FileSink, left| {
            let (name, lost) = (name(file.path()), file.shutdown(left));
            (lost > 0).then(|| format!("{name} lost {lost} lines"))
        };
        self.within(deadline, problem)
    }

    /// Waits for each file. All problems are in one error.
    fn within(
        &self,
        deadline: Duration,
        problem: impl Fn(&FileSink, Duration) -> Option<String>,
    ) -> Result<(), Error> {
        let start = Instant::now();
        let problems = self.iter().filter_map(|file| {
            let elapsed = Duration::from_nanos(start.nanos());
            problem(file, deadline.saturating_sub(elapsed))
        });
        let problems: Vec<_> = problems.collect();
        if problems.is_empty() {
            return Ok(());
        }
        let problems = problems.join(", ");
        Err(Error::new(
            ErrorKind::Io,
            format!("the log was not written within {deadline:?}: {problems}"),
        ))
    }
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The report of lost lines in a file of JSON lines.
fn json_line(loss: &Loss, service: &str, environment: &str) -> String {
    let Loss { lines, reason, .. } = loss;
    let mut line = json!({
        "timestamp": format!("{:.6}", Timestamp::now()),
        "level": "WARN",
        "logger": "tower_vitals::telemetry::logging",
        "message": format!("{lines} lines of this log were lost: {reason}"),
    });
    for (key, value) in [("service", service), ("environment", environment)] {
        if !value.is_empty() {
            line[key] = value.into();
        }
    }
    format!("{line}\n")
}
