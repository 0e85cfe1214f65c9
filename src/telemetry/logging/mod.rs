//! Logs: layers of `tracing-subscriber` that make each event a line, and the sinks of the lines.

mod line_sink;

pub use self::line_sink::LineSink;
