//! The memory and CPU limits of the process' container, and their usage.
//!
//! Reads control groups of version 1, version 2 and hybrid hosts. A controller belongs to version 1 if it has a line and a
//! mount there, and to version 2 otherwise (`man 7 cgroups`). The limits of outer groups apply as well, so the lowest limit up
//! to the mount point counts. Missing and malformed files mean no limit; nothing here fails.

mod cgroup;
mod files;
mod limits;
mod mounts;
#[cfg(test)]
mod tests;
mod v1;
mod v2;

pub(crate) use self::cgroup::Cgroup;
pub(crate) use self::limits::{Cpu, Memory};
