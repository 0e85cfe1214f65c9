//! Control groups of version 1 (the kernel's `admin-guide/cgroup-v1`, and `scheduler/sched-bwc` for the quota).

use std::path::Path;
use std::time::Duration;

use super::files::{field, number};
use super::limits::{Cpu, Memory, cores, lowest};
use super::mounts::Hierarchy;

/// No limit is the greatest `i64`, rounded down to the page size. No machine has half of that.
const UNLIMITED: u64 = 1 << 62;

pub(super) fn memory(own: &Hierarchy) -> Option<Memory> {
    let levels = own.levels();
    let limited = levels.filter_map(|level| memory_of(&own.directory(level)));
    lowest(limited, |memory| memory.limit)
}

/// `accounting` is the hierarchy that counts CPU time. It may be the same one.
pub(super) fn cpu(own: &Hierarchy, accounting: &Hierarchy) -> Option<Cpu> {
    let limited = own.levels().filter_map(|level| {
        let usage = accounting.directory(level).join("cpuacct.usage");
        Some(Cpu {
            cores: quota_of(&own.directory(level))?,
            used: Duration::from_nanos(number(&usage)?),
        })
    });
    lowest(limited, |cpu| cpu.cores)
}

fn memory_of(directory: &Path) -> Option<Memory> {
    let limit = number(&directory.join("memory.limit_in_bytes"))?;
    if limit >= UNLIMITED {
        return None;
    }
    let charged = number(&directory.join("memory.usage_in_bytes"))?;
    // The total includes inner cgroups, as the usage does.
    let inactive = field(&directory.join("memory.stat"), "total_inactive_file")?;
    Some(Memory {
        limit,
        used: charged.saturating_sub(inactive),
    })
}

/// In cores. No quota is -1, which does not parse as `u64`.
fn quota_of(directory: &Path) -> Option<f64> {
    let quota = number(&directory.join("cpu.cfs_quota_us"))?;
    let period = number(&directory.join("cpu.cfs_period_us"))?;
    cores(quota, period)
}
