//! Logs: layers of `tracing-subscriber` that make each event a line, and the sinks of the lines.

mod console_lines;
mod escape;
mod event_parts;
mod exception;
mod excerpt;
mod field_visitor;
mod fields;
mod json_lines;
mod keys;
mod limits;
mod line_fields;
mod line_sink;
mod scratch;
mod span_fields;
mod timestamp;
mod trace_source;

pub use self::console_lines::ConsoleLines;
pub use self::json_lines::JsonLines;
pub use self::line_sink::LineSink;
