//! `Memory`: how much of its memory the service may still use.

use std::sync::{Arc, Mutex, PoisonError};

use sysinfo::{MemoryRefreshKind, System};

use super::super::{Check, Outcome, Status};
use super::one_at_a_time::OneAtATime;
use crate::cgroup::{self, Cgroup};

/// How much memory is used: degraded at 80 %, unhealthy at 90 %.
///
/// Of the container's limit where there is one below the host's memory (cgroup v2 `memory.max` or v1
/// `memory.limit_in_bytes`, its own or a parent's): what is used then is the working set of the cgroup that has the
/// limit, all that is charged to it less the page cache that is given back first (inactive files), as kubelet and
/// `docker stats` count it. Without a limit, of the host's memory: what is used then is all that is not available.
///
/// Data: `used_percent`, `used_bytes`, `total_bytes`, `scope` (`container` or `host`).
///
/// ```
/// use tower_vitals::{Health, health::checks::Memory};
///
/// let health = Health::builder().check("memory", Memory::used().unhealthy_at(95.0)).build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Memory {
    degraded: f64,
    unhealthy: f64,
    /// Kept, because making one costs more than reading it.
    system: Arc<Mutex<Option<System>>>,
    attempts: OneAtATime,
}

struct Reading {
    used: u64,
    total: u64,
    scope: &'static str,
}

impl Memory {
    /// Degraded at 80 % used, unhealthy at 90 %.
    #[must_use]
    pub fn used() -> Self {
        Self {
            degraded: 80.0,
            unhealthy: 90.0,
            system: Arc::default(),
            attempts: OneAtATime::default(),
        }
    }

    /// Degraded from this many percent used. Defaults to 80.
    #[must_use]
    pub fn degraded_at(mut self, percent: f64) -> Self {
        self.degraded = percent;
        self
    }

    /// Unhealthy from this many percent used. Defaults to 90.
    #[must_use]
    pub fn unhealthy_at(mut self, percent: f64) -> Self {
        self.unhealthy = percent;
        self
    }

    fn read(&self) -> Result<Reading, sysinfo::Error> {
        let mut kept = self.system.lock().unwrap_or_else(PoisonError::into_inner);
        let system = match &mut *kept {
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
        let status = if percent >= self.unhealthy {
            Status::Unhealthy
        } else if percent >= self.degraded {
            Status::Degraded
        } else {
            Status::Healthy
        };
        let outcome = match status {
            Status::Healthy => Outcome::healthy(),
            status => Outcome::from(status).message(format!(
                "{percent:.1} % of the {}'s memory is used",
                reading.scope
            )),
        };
        outcome
            .data("used_percent", (percent * 10.0).round() / 10.0)
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
        self.attempts.blocking(work).await
    }
}

impl Reading {
    /// The container's instead, if its limit is below what the host has.
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

    #[test]
    fn limits_hold_at_their_value() {
        let judged = |used| {
            let reading = Reading {
                used,
                total: 1000,
                scope: "container",
            };
            Memory::used().judge(&reading).status()
        };
        assert_eq!(judged(799), Status::Healthy);
        assert_eq!(judged(800), Status::Degraded);
        assert_eq!(judged(900), Status::Unhealthy);
    }

    #[test]
    fn only_a_limit_below_the_hosts_memory_counts() {
        let within = |limit| {
            let host = Reading {
                used: 500,
                total: 1000,
                scope: "host",
            };
            let found = host.within(Some(cgroup::Memory { limit, used: 100 }));
            (found.used, found.total, found.scope)
        };
        assert_eq!(within(999), (100, 999, "container"));
        assert_eq!(within(1000), (500, 1000, "host"));
        assert_eq!(within(1 << 50), (500, 1000, "host"));
    }

    #[test]
    fn this_machine_has_memory() {
        let reading = Memory::used().read().unwrap();
        assert!(reading.used > 0 && reading.used <= reading.total);
    }
}
