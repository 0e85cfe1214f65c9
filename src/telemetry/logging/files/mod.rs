//! Log files: written by a thread behind a queue, rotated, and cleaned up.

mod active_files;
mod backup_name;
mod backups;
mod builder;
mod chunk;
mod cleanup;
mod compressor;
mod file_id;
mod file_sink;
mod limits;
mod loss;
mod lost_lines;
mod open_file;
mod pattern;
mod period;
mod queue;
mod queue_state;
mod reports;
mod rotating_file;
mod rotation;
mod shared;
mod writer;

pub use self::builder::FileSinkBuilder;
pub(super) use self::cleanup::check_pattern;
pub use self::cleanup::{Cleanup, cleanup_old_backups, cleanup_old_logs};
pub use self::file_sink::FileSink;
pub use self::loss::Loss;
pub(super) use self::lost_lines::LostLines;
