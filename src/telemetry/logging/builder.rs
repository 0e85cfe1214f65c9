//! [`LoggingBuilder`]: the log's filter, its sinks, and what `init` sets.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::console::Console;
use super::daily_cleanup::OldFiles;
use super::files::FileSinkBuilder;
use super::line_sink::LineSink;
use super::log_tail::LogTail;
use crate::recorder::RecorderRef;

/// A setting of each log file.
pub(super) type SetFile = Box<dyn Fn(FileSinkBuilder) -> FileSinkBuilder + Send + Sync>;

/// What `init` does once the log runs.
pub(crate) type AtInit = Box<dyn FnOnce() + Send + Sync>;

/// Builds the log of a service. Mistakes are reported by [`init`](Self::init) and [`layer`](Self::layer).
///
/// | sink | lines | set by |
/// |---|---|---|
/// | console | text, or JSON with [`json_console`](Self::json_console) | [`console`](Self::console), standard output by default |
/// | `alerts.log` | text of WARN and ERROR | [`folder`](Self::folder) |
/// | `app.jsonl` | JSON | [`folder`](Self::folder) and [`json_file`](Self::json_file) |
/// | [`LogTail`] | JSON of WARN and ERROR, in memory | [`tail`](Self::tail) |
/// | your own | text or JSON | [`console_lines_to`](Self::console_lines_to), [`json_lines_to`](Self::json_lines_to) |
///
/// [`JsonLines`](super::JsonLines) and [`ConsoleLines`](super::ConsoleLines) describe the lines, and [`FileSink`](super::FileSink) the
/// files. One filter decides for all sinks. Each event that passes it is counted in `log_events_total{level}`.
#[must_use]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct LoggingBuilder {
    pub(super) filter: String,
    pub(super) own_level: Option<String>,
    pub(super) console: Console,
    pub(super) is_json_console: bool,
    pub(super) folder: Option<PathBuf>,
    pub(super) has_json_file: bool,
    pub(super) set_file: SetFile,
    pub(super) max_age: Duration,
    pub(super) old_files: Vec<OldFiles>,
    pub(super) service: String,
    pub(super) environment: String,
    pub(super) text_sinks: Vec<Arc<dyn LineSink>>,
    pub(super) json_sinks: Vec<Arc<dyn LineSink>>,
    pub(super) tail: Option<LogTail>,
    pub(super) recorder: RecorderRef,
    pub(super) has_panic_hook: bool,
    pub(super) takes_log_records: bool,
    /// Logs the events of the time before the log runs.
    pub(crate) at_init: Option<AtInit>,
}

debug_fields!(LoggingBuilder {
    filter,
    own_level,
    console,
    is_json_console,
    folder,
    has_json_file
});

impl LoggingBuilder {
    pub(super) fn new() -> Self {
        Self {
            filter: "info".to_owned(),
            own_level: None,
            console: Console::default(),
            is_json_console: false,
            folder: None,
            has_json_file: false,
            set_file: Box::new(|file| file),
            max_age: Duration::from_secs(30 * 24 * 60 * 60),
            old_files: Vec::new(),
            service: String::new(),
            environment: String::new(),
            text_sinks: Vec::new(),
            json_sinks: Vec::new(),
            tail: None,
            recorder: RecorderRef::default(),
            has_panic_hook: true,
            takes_log_records: true,
            at_init: None,
        }
    }

    /// Sets the filter. Defaults to `info`. [`LogLevel`](super::LogLevel) says what a filter is, and changes it later.
    pub fn filter(mut self, filter: impl Into<String>) -> Self {
        self.filter = filter.into();
        self
    }

    /// Sets the level of the crate's own lines (target `tower_vitals`). Defaults to that of the filter.
    pub fn own_level(mut self, level: impl Into<String>) -> Self {
        self.own_level = Some(level.into());
        self
    }

    /// Sets the console. Defaults to [`Console::Stdout`]. Lines have colours only on a terminal, and none if the variable
    /// `NO_COLOR` is set.
    pub fn console(mut self, console: Console) -> Self {
        self.console = console;
        self
    }

    /// Whether the console shows JSON lines. Defaults to false. Container platforms collect the console, and most of them read JSON.
    pub fn json_console(mut self, is_json: bool) -> Self {
        self.is_json_console = is_json;
        self
    }

    /// Sets the folder of log files, which is made if it is missing. Defaults to none: no file is written.
    ///
    /// WARN and ERROR go to `alerts.log` in this folder.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Whether all lines also go to `app.jsonl` in the [`folder`](Self::folder), as JSON. Defaults to false.
    pub fn json_file(mut self, is_written: bool) -> Self {
        self.has_json_file = is_written;
        self
    }

    /// Changes the settings of the files, such as their sizes. The function is called for each file. The labels of their metrics are
    /// `alerts` and `app`, and their queues have 4 MiB and 27 MiB.
    ///
    /// ```
    /// use tower_vitals::telemetry::logging::Logging;
    ///
    /// let logging = Logging::builder()
    ///     .folder("/var/log/shop")
    ///     .json_file(true)
    ///     .files(|file| file.max_bytes(50 << 20).backups(3).gzip());
    /// ```
    pub fn files(
        mut self,
        set: impl Fn(FileSinkBuilder) -> FileSinkBuilder + Send + Sync + 'static,
    ) -> Self {
        self.set_file = Box::new(set);
        self
    }

    /// Sets the age from which backups of the log files are deleted, at the start and once a day. Defaults to 30 days. With
    /// [`Duration::MAX`], only rotation deletes them.
    pub fn keep_backups_for(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// Deletes files of a folder that fit this pattern, except the `max` ones that were last written, at the start and once a day.
    /// [`cleanup_old_backups`](super::cleanup_old_backups) says what a pattern is. For files that the service writes itself.
    ///
    /// ```
    /// use tower_vitals::telemetry::logging::Logging;
    ///
    /// let logging = Logging::builder().delete_old("/var/backups/shop", "shop-*.sql.gz", 14);
    /// ```
    pub fn delete_old(
        mut self,
        folder: impl Into<PathBuf>,
        pattern: impl Into<String>,
        max: usize,
    ) -> Self {
        self.old_files.push(OldFiles::Fitting {
            folder: folder.into(),
            pattern: pattern.into(),
            max,
        });
        self
    }

    /// Sets the name of the service in JSON lines. Defaults to none.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = name.into();
        self
    }

    /// Sets the name of the environment in JSON lines. Defaults to none.
    pub fn environment(mut self, name: impl Into<String>) -> Self {
        self.environment = name.into();
        self
    }

    /// Also passes lines of text, without colours, to this sink.
    pub fn console_lines_to(mut self, sink: impl LineSink) -> Self {
        self.text_sinks.push(Arc::new(sink));
        self
    }

    /// Also passes JSON lines to this sink.
    pub fn json_lines_to(mut self, sink: impl LineSink) -> Self {
        self.json_sinks.push(Arc::new(sink));
        self
    }

    /// Also keeps the last lines at WARN and above in this tail, for [`Routes::log_tail`](crate::Routes::log_tail).
    pub fn tail(mut self, tail: &LogTail) -> Self {
        self.tail = Some(tail.clone());
        self
    }

    recorder_setter!(recorder);

    /// Whether [`init`](Self::init) sets a panic hook. Defaults to true.
    ///
    /// The hook logs each panic as an event of level ERROR and target `panic`, with message, location, thread and, if
    /// `RUST_BACKTRACE` is set, the backtrace. Then it calls the hook that was set before, such as that of the standard library, which
    /// prints to standard error. Panics of sinks and of the values of fields only reach that one. If panics abort the process, it first waits until the line is in the files, at most a second.
    pub fn panic_hook(mut self, is_set: bool) -> Self {
        self.has_panic_hook = is_set;
        self
    }

    /// Whether [`init`](Self::init) turns records of the `log` crate into events. Defaults to true. A logger that the service set before
    /// stays.
    pub fn log_records(mut self, are_taken: bool) -> Self {
        self.takes_log_records = are_taken;
        self
    }
}
