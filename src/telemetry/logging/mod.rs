//! Logs: layers of `tracing-subscriber` that make each event a line, and the sinks of the lines.
#![doc = ""]
#![doc = include_str!("../../../docs/logging.md")]

mod active_filter;
mod builder;
mod console;
mod console_lines;
mod console_sink;
mod daily_cleanup;
mod dispatching;
mod escape;
mod event_counter;
mod event_parts;
mod exception;
mod excerpt;
mod expiry;
mod field_visitor;
mod fields;
mod files;
mod filter_state;
mod handle;
mod hangup;
mod json_lines;
mod keys;
mod layers;
mod limits;
mod line_fields;
mod line_sink;
mod log_files;
mod log_level;
mod log_level_status;
mod log_records;
mod log_tail;
mod logging;
mod panic_event;
mod panic_hook;
mod scratch;
mod span_fields;
mod start;
mod timestamp;
mod trace_source;
mod up_to;

pub use self::builder::LoggingBuilder;
pub use self::console::Console;
pub use self::console_lines::ConsoleLines;
pub use self::files::{
    Cleanup, FileSink, FileSinkBuilder, Loss, cleanup_old_backups, cleanup_old_logs,
};
pub use self::handle::LoggingHandle;
pub use self::json_lines::JsonLines;
pub use self::line_sink::LineSink;
pub use self::log_level::LogLevel;
pub use self::log_level_status::LogLevelStatus;
pub use self::log_tail::LogTail;
pub use self::logging::Logging;
