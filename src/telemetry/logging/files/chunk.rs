//! `Chunk`: a buffer of whole lines.

/// The bytes of a usual chunk: many lines for one write, and little to allocate at once.
pub(super) const CHUNK: usize = 64 * 1024;

/// Lines in the order of their arrival, without a gap. Its buffer never grows.
pub(super) struct Chunk {
    bytes: Vec<u8>,
    lines: u32,
}

impl Chunk {
    /// Room for a line of this length at least.
    pub(super) fn with_room(line: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(Self::size_for(line)),
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

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn lines(&self) -> usize {
        self.lines as usize
    }

    pub(super) fn size(&self) -> usize {
        self.bytes.capacity()
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.lines = 0;
    }
}
