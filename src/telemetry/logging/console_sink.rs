//! `ConsoleSink`: writes lines to standard output or standard error.

use std::io::{self, Write};

use parking_lot::Mutex;
use tracing::Level;

use super::files::LostLines;
use super::line_sink::LineSink;
use crate::recorder::RecorderRef;

/// A stream that may take a part of a line or nothing, such as a pipe that does not block and that nobody reads.
pub(super) struct ConsoleSink<S> {
    stream: fn() -> S,
    /// The last line was cut, so the next one begins with a line feed.
    is_cut: Mutex<bool>,
    lost: LostLines,
}

impl<S: Write> ConsoleSink<S> {
    pub(super) fn new(stream: fn() -> S, recorder: &RecorderRef) -> Self {
        Self {
            stream,
            is_cut: Mutex::new(false),
            lost: LostLines::new(recorder, "console"),
        }
    }
}

impl<S: Write + 'static> LineSink for ConsoleSink<S> {
    fn write(&self, _level: Level, line: &[u8]) {
        let is_written = write_line(&mut (self.stream)(), line, &mut self.is_cut.lock());
        // A recorder may log in turn, so nothing is locked any more.
        if is_written {
            self.lost.publish();
        } else {
            self.lost.add(1);
        }
    }
}

/// Returns whether the line was written, at most without its line feed.
fn write_line(stream: &mut impl Write, line: &[u8], is_cut: &mut bool) -> bool {
    if *is_cut && write(stream, b"\n") == 0 {
        return false;
    }
    let written = write(stream, line);
    *is_cut = 0 < written && written < line.len();
    // What a buffer keeps now is written with a later line.
    let _ = stream.flush();
    written + 1 >= line.len()
}

/// Returns the number of bytes that the stream took.
fn write(stream: &mut impl Write, bytes: &[u8]) -> usize {
    let mut written = 0;
    while written < bytes.len() {
        match stream.write(&bytes[written..]) {
            Ok(0) => break,
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // A log line that cannot be written has no other place to go.
            Err(_) => break,
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes this many bytes.
    struct Stream(Vec<u8>, usize);

    impl Write for Stream {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.1 - self.0.len());
            if count == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.0.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_feed_ends_a_cut_line_before_the_next_one() {
        let (mut stream, mut is_cut) = (Stream(Vec::new(), 6), false);
        let mut write = |room: usize, line: &str| {
            stream.1 += room;
            let is_written = write_line(&mut stream, line.as_bytes(), &mut is_cut);
            (is_written, String::from_utf8_lossy(&stream.0).into_owned())
        };
        assert_eq!(write(0, "one\n"), (true, "one\n".to_owned()));
        assert_eq!(write(0, "two\n"), (false, "one\ntw".to_owned()));
        assert_eq!(write(0, "three\n"), (false, "one\ntw".to_owned()));
        // Room for the line feed alone.
        assert_eq!(write(1, "four\n"), (false, "one\ntw\n".to_owned()));
        assert_eq!(write(4, "five\n"), (true, "one\ntw\nfive".to_owned()));
        assert_eq!(write(9, "six\n"), (true, "one\ntw\nfive\nsix\n".to_owned()));
        assert_eq!(
            write(9, "7\n"),
            (true, "one\ntw\nfive\nsix\n7\n".to_owned())
        );
    }
}
