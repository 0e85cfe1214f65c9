//! `CpuTime`: the time that this thread ran on a core.

use rustix::time::{ClockId, clock_gettime};

/// A reading of this thread's CPU time. Unlike wall time, it excludes the time of other programs on the same core.
#[derive(Clone, Copy)]
pub(crate) struct CpuTime(f64);

impl CpuTime {
    pub(crate) fn now() -> Self {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Self(time.tv_sec as f64 * 1e9 + time.tv_nsec as f64)
    }

    /// The nanoseconds since this reading.
    pub(crate) fn nanos(self) -> f64 {
        Self::now().0 - self.0
    }

    /// The nanoseconds that `run` takes.
    pub(crate) fn of(run: impl FnOnce()) -> f64 {
        let started = Self::now();
        run();
        started.nanos()
    }
}
