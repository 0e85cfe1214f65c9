//! Logs: layers of `tracing-subscriber` that make each event a line, and the sinks of the lines.

mod files;
mod line_sink;

pub use self::files::{
    Cleanup, FileSink, FileSinkBuilder, Loss, cleanup_old_backups, cleanup_old_logs,
};
pub use self::line_sink::LineSink;
