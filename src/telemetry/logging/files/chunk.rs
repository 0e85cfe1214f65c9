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

    /// Adds a line, with its line feed if that is missing. Returns whether there was room.
    #[inline]
    pub(super) fn push(&mut self, line: &[u8]) -> bool {
        if self.bytes.capacity() - self.bytes.len() <= line.len() {
            return false;
        }
        self.bytes.extend_from_slice(line);
        if line.last() != Some(&b'\n') {
            self.bytes.push(b'\n');
        }
        self.lines += 1;
        true
    }

    /// The lines that were not written yet.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.written..]
    }

    /// Notes that the first bytes were written. Returns the number of lines in them.
    pub(super) fn advance(&mut self, bytes: usize) -> usize {
        let written = self.bytes().iter().take(bytes);
        let ends = written.filter(|byte| **byte == b'\n').count();
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
