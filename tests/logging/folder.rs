//! A folder of log files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tower_vitals::telemetry::logging::{FileSink, LineSink};
use tracing::Level;

/// Longer than any wait of a test.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// A new folder, removed on drop.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("vitals-logging-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The names of the files, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        names(&self.0)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub(crate) fn warn(sink: &FileSink, line: &str) {
    sink.write(Level::WARN, format!("{line}\n").as_bytes());
}

/// Writes a line and waits until it is in the file.
pub(crate) fn warn_and_flush(sink: &FileSink, line: &str) {
    warn(sink, line);
    assert!(sink.flush(TIMEOUT));
}

/// Asks again and again until the answer is yes.
#[track_caller]
pub(crate) fn eventually(is_true: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_true() {
        assert!(started.elapsed() < TIMEOUT, "it never happened");
        std::thread::yield_now();
    }
}
