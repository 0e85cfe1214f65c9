//! The container this process is in, as the kernel sees it: its limits of memory and CPU, and what is used of them.
//!
//! Control groups of version 1, of version 2 and of both at once, told apart by the controller: version 1 has it where
//! its line and its mount exist, else version 2 (`man 7 cgroups`). A limit further up holds too, so the lowest on the
//! way up to the mount point counts. What is missing, torn or wrong is no limit; nothing here fails.

mod files;
mod mounts;
#[cfg(test)]
mod tests;
mod v1;
mod v2;

use std::path::PathBuf;
use std::time::Duration;

use mounts::Mounts;

/// The control groups of this process, read anew each time.
#[derive(Debug, Clone)]
pub(crate) struct Cgroup {
    /// Where `/proc` and what it names lie: `/`, but a tree of small files in tests.
    root: PathBuf,
}

/// A limit of memory, and what counts as used of it, in bytes.
///
/// Used is the working set: all that is charged, less the page cache that is given back first (inactive files).
/// kubelet evicts by the same figure (`container_memory_working_set_bytes`) and `docker stats` shows it (the CLI's
/// `calculateMemUsageUnixNoCache`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Memory {
    pub(crate) limit: u64,
    pub(crate) used: u64,
}

/// A limit of CPU, and the CPU time used since the cgroup that has this limit began.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cpu {
    /// Quota by period: 0.5 is half of one core.
    pub(crate) cores: f64,
    pub(crate) used: Duration,
}

impl Cgroup {
    /// Reads nothing yet.
    pub(crate) fn of_this_process() -> Self {
        Self { root: "/".into() }
    }

    /// That of a tree of small files among the tests.
    #[cfg(test)]
    pub(crate) fn recorded(name: &str) -> Self {
        let trees = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cgroups");
        let root = trees.join(name);
        assert!(root.is_dir(), "{} is not there", root.display());
        Self { root }
    }

    /// None without a limit, and where there is none to read: not on Linux, not allowed.
    pub(crate) fn memory(&self) -> Option<Memory> {
        let mounts = Mounts::read(&self.root)?;
        match mounts.v1("memory") {
            Some(own) => v1::memory(&own),
            None => v2::memory(&mounts.v2()?),
        }
    }

    /// None without a quota, and where there is none to read.
    pub(crate) fn cpu(&self) -> Option<Cpu> {
        let mounts = Mounts::read(&self.root)?;
        match mounts.v1("cpu") {
            Some(own) => v1::cpu(&own, &mounts.v1("cpuacct")?),
            None => v2::cpu(&mounts.v2()?),
        }
    }
}

/// The lowest of what was found on the way up. Of equal ones the outermost: it is charged for all that those within are,
/// and for their neighbours, so it is reached first.
fn lowest<T, L: PartialOrd>(
    on_the_way_up: impl Iterator<Item = T>,
    limit: impl Fn(&T) -> L,
) -> Option<T> {
    on_the_way_up.reduce(|inner, outer| {
        if limit(&outer) <= limit(&inner) {
            outer
        } else {
            inner
        }
    })
}

/// None for a quota or a period of zero.
fn cores(quota: u64, period: u64) -> Option<f64> {
    (quota > 0 && period > 0).then(|| quota as f64 / period as f64)
}
