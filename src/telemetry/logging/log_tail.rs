//! [`LogTail`]: the last warnings and errors, in memory.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use tracing::Level;

use super::line_sink::LineSink;

/// The most lines, and the most bytes that they have together. The oldest leave.
const MAX_LINES: usize = 500;
const MAX_BYTES: usize = 1024 * 1024;

/// A line and its number.
pub(crate) type Numbered = (u64, Box<[u8]>);

/// Keeps the last 500 lines at WARN and above, at most 1 MiB, for [`Routes::log_tail`](crate::Routes::log_tail) and for code. Clones
/// share the lines. [`LoggingBuilder::tail`](super::LoggingBuilder::tail) passes lines to it, as JSON in which secrets are masked.
#[derive(Clone)]
pub struct LogTail(Arc<Mutex<Tail>>);

struct Tail {
    /// The number before that of the first line: the microseconds since 1970, so that no process repeats numbers of an earlier
    /// one. They are exact in JavaScript until 2255.
    start: u64,
    /// The number of the last line.
    last: u64,
    bytes: usize,
    /// The oldest first.
    lines: VecDeque<Box<[u8]>>,
}

impl LogTail {
    /// Creates a tail without lines.
    #[must_use]
    pub fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let start = now.map_or(0, |now| u64::try_from(now.as_micros()).unwrap_or(0));
        Self(Arc::new(Mutex::new(Tail {
            start,
            last: start,
            bytes: 0,
            lines: VecDeque::new(),
        })))
    }

    /// Returns the lines, the oldest first, without line feeds.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let (lines, _) = self.after(0);
        let text = |line: &[u8]| String::from_utf8_lossy(line).into_owned();
        lines.iter().map(|(_, line)| text(line)).collect()
    }

    /// The number of the last line.
    #[cfg_attr(
        not(feature = "axum"),
        expect(dead_code, reason = "only the routes use it")
    )]
    pub(crate) fn last(&self) -> u64 {
        self.0.lock().last
    }

    /// Returns the lines after that of this number, with their numbers, and the number of the last one. A number that no line has is
    /// that of another process, so all lines are new.
    pub(crate) fn after(&self, number: u64) -> (Vec<Numbered>, u64) {
        let tail = self.0.lock();
        let is_own = (tail.start..=tail.last).contains(&number);
        let number = if is_own { number } else { 0 };
        let first = tail.last - tail.lines.len() as u64 + 1;
        let numbered = (first..).zip(&tail.lines);
        let lines = numbered.filter(|(own, _)| *own > number);
        let lines = lines.map(|(own, line)| (own, line.clone()));
        (lines.collect(), tail.last)
    }
}

impl LineSink for LogTail {
    fn write(&self, level: Level, line: &[u8]) {
        if level > Level::WARN {
            return;
        }
        let line: Box<[u8]> = line.trim_ascii_end().into();
        let mut tail = self.0.lock();
        tail.last += 1;
        tail.bytes += line.len();
        tail.lines.push_back(line);
        while tail.lines.len() > MAX_LINES || tail.bytes > MAX_BYTES {
            let oldest = tail.lines.pop_front();
            tail.bytes -= oldest.map_or(0, |line| line.len());
        }
    }
}

impl Default for LogTail {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows no line.
impl std::fmt::Debug for LogTail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tail = self.0.lock();
        f.debug_struct("LogTail")
            .field("lines", &tail.lines.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_warnings_are_kept_within_their_bounds() {
        let tail = LogTail::new();
        tail.write(Level::INFO, b"info\n");
        let start = tail.last();
        assert_eq!(tail.after(0), (vec![], start));
        for number in 1..=600 {
            let level = if number % 2 == 0 {
                Level::WARN
            } else {
                Level::ERROR
            };
            tail.write(level, format!("{number}\n").as_bytes());
        }
        let lines = tail.lines();
        assert_eq!((lines.len(), &*lines[0], &*lines[499]), (500, "101", "600"));
        let (new, next) = tail.after(start + 598);
        let numbers: Vec<_> = new.iter().map(|(number, _)| *number).collect();
        assert_eq!(
            (numbers, next),
            (vec![start + 599, start + 600], start + 600)
        );
        assert_eq!(tail.after(start + 600).0.len(), 0);
        for other in [1, 700, start - 1, start + 601] {
            let lines = tail.after(other).0;
            assert_eq!(lines.len(), 500, "{other} is that of another process");
        }

        let long = vec![b'x'; 64 * 1024];
        for _ in 0..100 {
            tail.write(Level::ERROR, &long);
        }
        assert_eq!(tail.lines().len(), MAX_BYTES / long.len());
    }
}
