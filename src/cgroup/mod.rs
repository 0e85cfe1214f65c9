//! The memory and CPU limits of the process' container, and their usage.
//!
//! Reads control groups of version 1, version 2 and hybrid hosts. A controller belongs to version 1 if it has a line and a
//! mount there, and to version 2 otherwise (`man 7 cgroups`). The limits of outer groups apply as well, so the lowest limit up
//! to the mount point counts. Missing and malformed files mean no limit; nothing here fails.

mod files;
mod mounts;
#[cfg(test)]
mod tests;
mod v1;
mod v2;

use std::path::PathBuf;
use std::time::Duration;

use mounts::Mounts;

/// The control groups of this process. Every call reads the files again.
#[derive(Debug, Clone)]
pub(crate) struct Cgroup {
    /// The directory that contains `/proc` and the mount points: `/`, or a recorded tree in tests.
    root: PathBuf,
}

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

impl Cgroup {
    pub(crate) fn of_this_process() -> Self {
        Self { root: "/".into() }
    }

    /// A tree recorded in `tests/cgroups`.
    #[cfg(test)]
    pub(crate) fn recorded(name: &str) -> Self {
        let trees = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cgroups");
        let root = trees.join(name);
        assert!(root.is_dir(), "{} does not exist", root.display());
        Self { root }
    }

    /// `None` without a limit, and if it cannot be read: on other systems than Linux, or without permission.
    pub(crate) fn memory(&self) -> Option<Memory> {
        let mounts = Mounts::read(&self.root)?;
        match mounts.v1("memory") {
            Some(own) => v1::memory(&own),
            None => v2::memory(&mounts.v2()?),
        }
    }

    /// `None` without a quota, and if it cannot be read.
    pub(crate) fn cpu(&self) -> Option<Cpu> {
        let mounts = Mounts::read(&self.root)?;
        match mounts.v1("cpu") {
            Some(own) => v1::cpu(&own, &mounts.v1("cpuacct")?),
            None => v2::cpu(&mounts.v2()?),
        }
    }
}

/// The lowest limit, and the outermost of equal ones: it is charged for its inner groups and their siblings, so it is reached
/// first.
fn lowest<T, L: PartialOrd>(
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
fn cores(quota: u64, period: u64) -> Option<f64> {
    (quota > 0 && period > 0).then(|| quota as f64 / period as f64)
}
