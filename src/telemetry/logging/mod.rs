//! Logs: layers of `tracing-subscriber` that make each event a line, and the sinks of the lines.

mod active_filter;
mod builder;
mod console;
mod event_counter;
mod expiry;
mod filter_state;
mod handle;
mod line_sink;
mod log_level;
mod log_level_status;
mod log_records;
mod logging;
mod panic_hook;
mod stand_in;
mod up_to;

pub use self::builder::LoggingBuilder;
pub use self::console::Console;
pub use self::handle::LoggingHandle;
pub use self::line_sink::LineSink;
pub use self::log_level::LogLevel;
pub use self::log_level_status::LogLevelStatus;
pub use self::logging::Logging;
