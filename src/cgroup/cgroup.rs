use std::path::PathBuf;

use super::limits::{Cpu, Memory};
use super::mounts::Mounts;
use super::{v1, v2};

/// The control groups of this process. Every call reads the files again.
#[derive(Debug, Clone)]
pub(crate) struct Cgroup {
    /// The directory that contains `/proc` and the mount points: `/`, or a recorded tree in tests.
    pub(super) root: PathBuf,
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
