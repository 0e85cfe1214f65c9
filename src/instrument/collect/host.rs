//! The host, or the container where that has limits.

use std::path::PathBuf;
use std::time::Duration;

use metrics::{Gauge, SharedString};
use sysinfo::{MemoryRefreshKind, System};

use crate::catalog::{
    SYSTEM_CPU_USAGE, SYSTEM_DISK_AVAILABLE, SYSTEM_DISK_USED, SYSTEM_MEMORY_AVAILABLE,
    SYSTEM_MEMORY_USED,
};
use crate::cgroup::{self, Cgroup};
use crate::measure::Instant;
use crate::outage::Outage;
use crate::recorder::RecorderRef;

pub(super) fn collector() -> impl FnMut(&RecorderRef) + Send {
    let mut host = Host {
        cgroup: Cgroup::of_this_process(),
        system: System::new().ok(),
        before: None,
    };
    move |recorder| {
        if let Some(usage) = host.cpu_usage() {
            recorder
                .register::<Gauge>(&SYSTEM_CPU_USAGE.key([]))
                .set(usage);
        }
        if let Some((used, available)) = host.memory() {
            recorder
                .register::<Gauge>(&SYSTEM_MEMORY_USED.key([]))
                .set(used);
            recorder
                .register::<Gauge>(&SYSTEM_MEMORY_AVAILABLE.key([]))
                .set(available);
        }
    }
}

/// Used as a share of what can be used, as `df` shows it: blocks kept for root count as used up.
pub(super) fn disk(mount: PathBuf) -> impl FnMut(&RecorderRef) + Send {
    let name = SharedString::from(mount.display().to_string());
    let used_ratio = SYSTEM_DISK_USED.key([name.clone()]);
    let available_bytes = SYSTEM_DISK_AVAILABLE.key([name]);
    let outage = Outage::default();
    move |recorder| match fs4::statvfs(&mount) {
        Ok(stats) => {
            outage.update(false);
            let used = stats.total_space().saturating_sub(stats.free_space());
            let available = stats.available_space();
            let ratio = used as f64 / (used + available).max(1) as f64;
            recorder.register::<Gauge>(&used_ratio).set(ratio);
            recorder
                .register::<Gauge>(&available_bytes)
                .set(available as f64);
        }
        Err(error) => {
            if outage.update(true).is_some() {
                tracing::warn!(mount = %mount.display(), %error, "disk space cannot be read; logged once until it can");
            }
        }
    }
}

struct Host {
    cgroup: Cgroup,
    /// None where it cannot be had: then only a container's figures are.
    system: Option<System>,
    before: Option<Before>,
}

/// The reading before, of which the CPU's use is the difference.
struct Before {
    at: Instant,
    /// None for the host's, which `System` keeps itself.
    container: Option<cgroup::Cpu>,
}

impl Host {
    /// Since the reading before; none at the first, and when a limit came or went meanwhile.
    fn cpu_usage(&mut self) -> Option<f64> {
        if let Some(system) = &mut self.system {
            system.refresh_cpu_usage();
        }
        let cores = self.system.as_ref().map(|system| system.cpus().len());
        let now = Before {
            at: Instant::now(),
            // A limit of as many cores as there are limits nothing.
            container: self
                .cgroup
                .cpu()
                .filter(|cpu| cores.is_none_or(|cores| cpu.cores < cores as f64)),
        };
        let before = self.before.replace(now)?;
        match (&self.before.as_ref()?.container, before.container) {
            (Some(now), Some(then)) => container_usage(*now, then, before.at.elapsed()),
            (None, None) => Some(f64::from(self.system.as_ref()?.global_cpu_usage()) / 100.0),
            _ => None,
        }
    }

    /// The share that is used, and what is left.
    fn memory(&mut self) -> Option<(f64, f64)> {
        let container = self.cgroup.memory();
        let host = self.system.as_mut().map(|system| {
            system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
            (system.total_memory(), system.available_memory())
        });
        // A limit above what there is limits nothing.
        let container =
            container.filter(|memory| host.is_none_or(|(total, _)| memory.limit < total));
        let (total, available) = match container {
            Some(memory) => (memory.limit, memory.limit.saturating_sub(memory.used)),
            None => host?,
        };
        let used = total.saturating_sub(available);
        Some((used as f64 / total.max(1) as f64, available as f64))
    }
}

/// Of the cores that the limit amounts to. The kernel lets a group run over its quota for a moment: that is all of it.
fn container_usage(now: cgroup::Cpu, then: cgroup::Cpu, elapsed: Duration) -> Option<f64> {
    let could = elapsed.as_secs_f64() * now.cores;
    let used = now.used.saturating_sub(then.used).as_secs_f64();
    (could > 0.0).then(|| (used / could).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_containers_cpu_is_used_by_its_limit() {
        let at = |cores, millis| cgroup::Cpu {
            cores,
            used: Duration::from_millis(millis),
        };
        let second = Duration::from_secs(1);
        assert_eq!(
            container_usage(at(0.5, 1250), at(0.5, 1000), second),
            Some(0.5)
        );
        assert_eq!(
            container_usage(at(4.0, 2000), at(4.0, 1000), second),
            Some(0.25)
        );
        assert_eq!(
            container_usage(at(0.5, 9000), at(0.5, 1000), second),
            Some(1.0)
        );
        assert_eq!(
            container_usage(at(1.0, 10), at(1.0, 1000), second),
            Some(0.0)
        );
        assert_eq!(
            container_usage(at(1.0, 10), at(1.0, 5), Duration::ZERO),
            None
        );
    }

    /// On a tree of files as the kernel lays them out: 0.5 cores and 200 MB, whatever this machine has.
    #[test]
    fn memory_and_cpu_respect_a_containers_limit() {
        for name in ["docker-v1", "docker-v2"] {
            let mut host = Host {
                cgroup: Cgroup::recorded(name),
                system: System::new().ok(),
                before: None,
            };
            let limit = host.cgroup.memory().unwrap();
            let left = (limit.limit - limit.used) as f64;
            let share = limit.used as f64 / limit.limit as f64;
            assert_eq!(host.memory(), Some((share, left)), "{name}");
            assert_eq!(host.cpu_usage(), None, "the first has nothing before it");
            // The tree does not change: nothing was used since.
            assert_eq!(host.cpu_usage(), Some(0.0), "{name}");
        }
    }
}
