//! `LineSink`: the destination of lines.

use std::io::Write;
use std::sync::Arc;

use tracing::Level;

/// A destination of log lines: a terminal, a file, a queue.
///
/// Functions that return a writer are sinks, such as [`std::io::stderr`]. They are called for each line. Lines that the writer does not
/// take are lost, in part or as a whole, and nobody counts them. A sink that is to count them implements this trait.
pub trait LineSink: Send + Sync + 'static {
    /// Takes one line of an event of this level. Its last byte is the only line feed.
    ///
    /// This runs in the thread of the event, so it must not wait, panic or log.
    fn write(&self, level: Level, line: &[u8]);
}

impl<F, W> LineSink for F
where
    F: Fn() -> W + Send + Sync + 'static,
    W: Write,
{
    fn write(&self, _level: Level, line: &[u8]) {
        // A log line that cannot be written has no other place to go.
        let _ = self().write_all(line);
    }
}

impl<S: LineSink + ?Sized> LineSink for Arc<S> {
    fn write(&self, level: Level, line: &[u8]) {
        (**self).write(level, line);
    }
}
