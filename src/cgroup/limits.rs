use std::time::Duration;

/// A memory limit and its usage, in bytes.
///
/// The usage is the working set: all charged memory except the page cache that is reclaimed first (inactive files). kubelet
/// evicts by the same value (`container_memory_working_set_bytes`), and `docker stats` shows it (the CLI's
/// `calculateMemUsageUnixNoCache`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Memory {
    pub(crate) limit: u64,
    pub(crate) used: u64,
}

/// A CPU limit, and the CPU time used since the creation of the cgroup with this limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cpu {
    /// The quota divided by the period: 0.5 is half a core.
    pub(crate) cores: f64,
    pub(crate) used: Duration,
}

/// The lowest limit, and the outermost of equal ones: it is charged for its inner groups and their siblings, so it is reached
/// first.
pub(super) fn lowest<T, L: PartialOrd>(
    innermost_first: impl Iterator<Item = T>,
    limit: impl Fn(&T) -> L,
) -> Option<T> {
    innermost_first.reduce(|inner, outer| {
        if limit(&outer) <= limit(&inner) {
            outer
        } else {
            inner
        }
    })
}

/// `None` if the quota or the period is zero.
pub(super) fn cores(quota: u64, period: u64) -> Option<f64> {
    (quota > 0 && period > 0).then(|| quota as f64 / period as f64)
}
