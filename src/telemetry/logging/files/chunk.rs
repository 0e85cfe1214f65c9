//! `Chunk`: a buffer of whole lines.

/// The bytes of a usual chunk: many lines for one write, and little to allocate at once.
pub(super) const CHUNK: usize = 64 * 1024;

/// Lines in the order of their arrival, without a gap. Its buffer never grows.
pub(super) struct Chunk {
    bytes: Vec<u8>,
    /// The bytes at the beginning that were written.
    written: usize,
    lines: usize,
}

impl Chunk {
    /// Room for a line of this length at least.
    pub(super) fn with_room(line: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(Self::size_for(line)),
            written: 0,
            lines: 0,
        }
    }

    /// The bytes of a new chunk that begins with a line of this length.
    pub(super) fn size_for(line: usize) -> usize {
        line.saturating_add(1).max(CHUNK)
    }

    /// Adds a line or several, with the last line feed if that is missing. Returns the number of lines, or `None` if there was no room.
    #[inline]
    pub(super) fn push(&mut self, lines: &[u8]) -> Option<usize> {
        if self.bytes.capacity() - self.bytes.len() <= lines.len() {
            return None;
        }
        self.bytes.extend_from_slice(lines);
        if lines.last() != Some(&b'\n') {
            self.bytes.push(b'\n');
        }
        let lines = count_lines(lines);
        self.lines += lines;
        Some(lines)
    }

    /// The lines that were not written yet.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.written..]
    }

    /// Notes that the first bytes were written. Returns the number of lines in them.
    pub(super) fn advance(&mut self, bytes: usize) -> usize {
        let ends = line_feeds(&self.bytes()[..bytes]);
        self.written += bytes;
        let lines = ends.min(self.lines);
        self.lines -= lines;
        lines
    }

    pub(super) fn lines(&self) -> usize {
        self.lines
    }

    pub(super) fn size(&self) -> usize {
        self.bytes.capacity()
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.written = 0;
        self.lines = 0;
    }
}

/// The number of lines, of which the last one may lack its line feed.
#[inline]
pub(super) fn count_lines(lines: &[u8]) -> usize {
    line_feeds(lines) + usize::from(lines.last() != Some(&b'\n'))
}

/// Counts in bytes, because compilers make that fast.
#[inline]
fn line_feeds(bytes: &[u8]) -> usize {
    let parts = bytes.chunks(usize::from(u8::MAX));
    let counts = parts.map(|part| part.iter().map(|byte| u8::from(*byte == b'\n')).sum::<u8>());
    counts.map(usize::from).sum()
}
