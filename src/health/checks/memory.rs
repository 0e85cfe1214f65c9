//! `Memory`: the service has enough memory left.

use std::sync::Arc;

use parking_lot::Mutex;
use sysinfo::{MemoryRefreshKind, System};

use super::super::{Check, Outcome};
use super::single_flight::SingleFlight;
use super::thresholds::Thresholds;
use crate::cgroup::{self, Cgroup};

/// Checks the used memory: degraded at 80 %, unhealthy at 90 %.
///
/// In a container, the total is its limit, if that is below the host's memory (cgroup v2 `memory.max` or v1
/// `memory.limit_in_bytes`, its own or a parent's). The used memory is then the working set of the cgroup that has the
/// limit, as kubelet and `docker stats` count it: its memory without the page cache that is reclaimed first (inactive
/// files). Without a limit, the total is the host's memory, and all that is not available is used.
///
/// Data: `used_percent`, `used_bytes`, `total_bytes`, `scope` (`container` or `host`).
///
/// ```
/// use tower_vitals::{Health, health::checks::Memory};
///
/// let health = Health::builder().check("memory", Memory::new().unhealthy_at(95.0)).build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Memory {
    percent: Thresholds<f64>,
    /// Cached, because creating it costs more than reading it.
    system: Arc<Mutex<Option<System>>>,
    flight: SingleFlight,
}

struct Reading {
    used: u64,
    total: u64,
    scope: &'static str,
}

impl Memory {
    /// Checks with the default limits.
    pub fn new() -> Self {
        Self {
            percent: Thresholds {
                degraded: 80.0,
                unhealthy: 90.0,
            },
            system: Arc::default(),
            flight: SingleFlight::default(),
        }
    }

    /// The percentage used from which it is degraded. Defaults to 80.
    pub fn degraded_at(mut self, percent: f64) -> Self {
        self.percent.degraded = percent;
        self
    }

    /// The percentage used from which it is unhealthy. Defaults to 90.
    pub fn unhealthy_at(mut self, percent: f64) -> Self {
        self.percent.unhealthy = percent;
        self
    }

    fn read(&self) -> Result<Reading, sysinfo::Error> {
        let mut cached = self.system.lock();
        let system = match &mut *cached {
            Some(system) => system,
            none => none.insert(System::new()?),
        };
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        let host = Reading {
            used: system
                .total_memory()
                .saturating_sub(system.available_memory()),
            total: system.total_memory(),
            scope: "host",
        };
        Ok(host.within(Cgroup::of_this_process().memory()))
    }

    fn judge(&self, reading: &Reading) -> Outcome {
        let percent = 100.0 * reading.used as f64 / reading.total.max(1) as f64;
        let message = || format!("{percent:.1} % of the {}'s memory is used", reading.scope);
        self.percent
            .outcome(percent, |limit| percent >= limit, message)
            .data("used_bytes", reading.used)
            .data("total_bytes", reading.total)
            .data("scope", reading.scope)
    }
}

impl Check for Memory {
    async fn check(&self) -> Outcome {
        let memory = self.clone();
        let work = move || match memory.read() {
            Ok(reading) => memory.judge(&reading),
            Err(error) => Outcome::failed(&error),
        };
        self.flight.run_on_thread(work).await
    }
}

default_is_new!(Memory);

impl Reading {
    /// Returns the container's reading instead, if its limit is below the host's memory.
    fn within(self, container: Option<cgroup::Memory>) -> Self {
        match container {
            Some(cgroup::Memory { limit, used }) if limit < self.total => Self {
                used,
                total: limit,
                scope: "container",
            },
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Status;

    #[test]
    fn limits_hold_at_their_value() {
        let status = |used| {
            let reading = Reading {
                used,
                total: 1000,
                scope: "container",
            };
            Memory::new().judge(&reading).status()
        };
        assert_eq!(status(799), Status::Healthy);
        assert_eq!(status(800), Status::Degraded);
        assert_eq!(status(900), Status::Unhealthy);
    }

    #[test]
    fn only_a_limit_below_the_hosts_memory_counts() {
        let within = |limit| {
            let host = Reading {
                used: 500,
                total: 1000,
                scope: "host",
            };
            let reading = host.within(Some(cgroup::Memory { limit, used: 100 }));
            (reading.used, reading.total, reading.scope)
        };
        assert_eq!(within(999), (100, 999, "container"));
        assert_eq!(within(1000), (500, 1000, "host"));
        assert_eq!(within(1 << 50), (500, 1000, "host"));
    }

    #[test]
    fn this_machine_has_memory() {
        let reading = Memory::new().read().unwrap();
        assert!(reading.used > 0 && reading.used <= reading.total);
    }
}
