//! Control groups of version 2 (the kernel's `admin-guide/cgroup-v2`).

use std::path::Path;
use std::time::Duration;

use super::files::{field, number, text};
use super::limits::{Cpu, Memory, cores, lowest};
use super::mounts::Hierarchy;

/// The kernel's default, in microseconds.
const DEFAULT_PERIOD: u64 = 100_000;

pub(super) fn memory(own: &Hierarchy) -> Option<Memory> {
    let levels = own.levels();
    let limited = levels.filter_map(|level| memory_of(&own.directory(level)));
    lowest(limited, |memory| memory.limit)
}

pub(super) fn cpu(own: &Hierarchy) -> Option<Cpu> {
    let levels = own.levels();
    let limited = levels.filter_map(|level| cpu_of(&own.directory(level)));
    lowest(limited, |cpu| cpu.cores)
}

/// No limit is `max`, which does not parse. The root has no such file.
fn memory_of(directory: &Path) -> Option<Memory> {
    let limit = number(&directory.join("memory.max"))?;
    let charged = number(&directory.join("memory.current"))?;
    let inactive = field(&directory.join("memory.stat"), "inactive_file")?;
    Some(Memory {
        limit,
        used: charged.saturating_sub(inactive),
    })
}

fn cpu_of(directory: &Path) -> Option<Cpu> {
    let cores = quota(&text(&directory.join("cpu.max"))?)?;
    let used = field(&directory.join("cpu.stat"), "usage_usec")?;
    Some(Cpu {
        cores,
        used: Duration::from_micros(used),
    })
}

/// Parses quota and period, such as `50000 100000`, into cores. No quota is `max`.
fn quota(text: &str) -> Option<f64> {
    let mut words = text.split_ascii_whitespace();
    let quota = words.next()?.parse().ok()?;
    let period = match words.next() {
        Some(period) => period.parse().ok()?,
        None => DEFAULT_PERIOD,
    };
    cores(quota, period)
}

#[cfg(test)]
mod tests {
    use super::quota;

    #[test]
    fn quotas_are_parsed() {
        assert_eq!(quota("50000 100000\n"), Some(0.5));
        assert_eq!(quota("300000 100000\n"), Some(3.0));
        assert_eq!(quota("250000"), Some(2.5));
        for none in [
            "max 100000\n",
            "max",
            "",
            "\n",
            "0 100000",
            "50000 0",
            "50000 x",
            "-1 100000",
            "99999999999999999999999 100000",
        ] {
            assert_eq!(quota(none), None, "{none:?}");
        }
    }
}
