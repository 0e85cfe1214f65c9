//! [`CpuProfile`]: the stacks that a profiler has sampled.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

pub(super) struct CpuProfile {
    /// The path of the executable.
    pub(super) program: String,
    pub(super) start: SystemTime,
    pub(super) duration: Duration,
    /// The CPU time that one sample stands for.
    pub(super) period: Duration,
    /// Samples that were not taken, because the profiler was busy.
    pub(super) missed: u64,
    pub(super) stacks: Vec<Stack>,
    /// The source lines of the addresses of all stacks. Inlined functions come before those that they are inlined into. An
    /// address without symbol has none.
    pub(super) lines: HashMap<usize, Vec<Line>>,
}

pub(super) struct Stack {
    /// The interrupted instruction, then each caller.
    pub(super) addresses: Vec<usize>,
    pub(super) thread: String,
    pub(super) samples: u64,
}

pub(super) struct Line {
    pub(super) function: String,
    pub(super) mangled: String,
    /// Empty without debug information.
    pub(super) file: String,
    pub(super) number: u32,
}

impl CpuProfile {
    pub(super) fn lines_of(&self, address: usize) -> &[Line] {
        self.lines.get(&address).map_or(&[], Vec::as_slice)
    }
}
