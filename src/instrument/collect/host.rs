//! CPU and memory usage of the host, or of the container if it has limits.

use std::time::Duration;

use sysinfo::{MemoryRefreshKind, System};

use super::Collectors;
use crate::catalog::{SYSTEM_CPU_USAGE, SYSTEM_MEMORY_AVAILABLE, SYSTEM_MEMORY_USED};
use crate::cgroup::{self, Cgroup};
use crate::measure::Instant;

impl Collectors {
    /// Collects CPU and memory usage of the host, or of the container if it has limits (cgroup v1 and v2), and the usage of
    /// the disk `/`.
    ///
    /// CPU usage is measured between two collections, so the first one has none.
    pub fn host(self) -> Self {
        let mut host = Host {
            cgroup: Cgroup::of_this_process(),
            system: System::new().ok(),
            previous: None,
        };
        let collectors = self.with("host", move |recorder| {
            if let Some(usage) = host.cpu_usage() {
                recorder.set_gauge(&SYSTEM_CPU_USAGE.key([]), usage);
            }
            if let Some((used, available)) = host.memory() {
                recorder.set_gauge(&SYSTEM_MEMORY_USED.key([]), used);
                recorder.set_gauge(&SYSTEM_MEMORY_AVAILABLE.key([]), available);
            }
        });
        collectors.disk("/")
    }
}

struct Host {
    cgroup: Cgroup,
    /// `None` on unsupported systems, where only the container is read.
    system: Option<System>,
    previous: Option<CpuReading>,
}

/// CPU usage is the difference of two readings.
struct CpuReading {
    at: Instant,
    /// `None` without a container limit. `System` keeps the host's readings itself.
    container: Option<cgroup::Cpu>,
}

impl Host {
    /// The usage since the previous reading. `None` if there is none, or if a limit was added or removed since.
    fn cpu_usage(&mut self) -> Option<f64> {
        if let Some(system) = &mut self.system {
            system.refresh_cpu_usage();
        }
        let cores = self.system.as_ref().map(|system| system.cpus().len());
        let now = CpuReading {
            at: Instant::now(),
            // A limit that is not below the number of cores has no effect.
            container: self
                .cgroup
                .cpu()
                .filter(|cpu| cores.is_none_or(|cores| cpu.cores < cores as f64)),
        };
        let container = now.container;
        let previous = self.previous.replace(now)?;
        match (container, previous.container) {
            (Some(now), Some(then)) => container_usage(now, then, previous.at.elapsed()),
            (None, None) => Some(f64::from(self.system.as_ref()?.global_cpu_usage()) / 100.0),
            _ => None,
        }
    }

    /// The used ratio and the available bytes.
    fn memory(&mut self) -> Option<(f64, f64)> {
        let container = self.cgroup.memory();
        let host = self.system.as_mut().map(|system| {
            system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
            (system.total_memory(), system.available_memory())
        });
        // A limit that is not below the host's memory has no effect.
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

/// The usage relative to the cores of the limit. Capped at 1, because the kernel lets a group exceed its quota for a moment.
fn container_usage(now: cgroup::Cpu, then: cgroup::Cpu, elapsed: Duration) -> Option<f64> {
    let available = elapsed.as_secs_f64() * now.cores;
    let used = now.used.saturating_sub(then.used).as_secs_f64();
    (available > 0.0).then(|| (used / available).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_usage_is_relative_to_the_containers_limit() {
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

    #[test]
    fn memory_and_cpu_usage_respect_a_containers_limit() {
        for name in ["docker-v1", "docker-v2"] {
            let mut host = Host {
                cgroup: Cgroup::recorded(name),
                system: System::new().ok(),
                previous: None,
            };
            let limit = host.cgroup.memory().unwrap();
            let available = (limit.limit - limit.used) as f64;
            let ratio = limit.used as f64 / limit.limit as f64;
            assert_eq!(host.memory(), Some((ratio, available)), "{name}");
            assert_eq!(host.cpu_usage(), None, "the first reading");
            // The files do not change, so no CPU time was used.
            assert_eq!(host.cpu_usage(), Some(0.0), "{name}");
        }
    }
}
