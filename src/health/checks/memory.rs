//! `Memory`: how much of its memory the service may still use.

use std::sync::{Arc, Mutex, PoisonError};

use sysinfo::{MemoryRefreshKind, ProcessRefreshKind, ProcessesToUpdate, System};

use super::super::{Check, Outcome, Status};
use super::one_at_a_time::OneAtATime;

/// How much memory is used: degraded at 80 %, unhealthy at 90 %.
///
/// Of the container's limit where there is one (cgroup v2 `memory.max` or v1 `memory.limit_in_bytes`, its own or a
/// parent's): what is used then is the container's anonymous memory, for the page cache is given back when memory is
/// short. Without a limit, of the host's memory: what is used then is all that is not available.
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
        // By the process: the system's own limits are those of the root, which in a container is not where it is.
        let Ok(own) = sysinfo::get_current_pid() else {
            return Ok(host);
        };
        let own_only = ProcessesToUpdate::Some(&[own]);
        system.refresh_processes_specifics(own_only, true, ProcessRefreshKind::nothing());
        let limits = system
            .process(own)
            .and_then(sysinfo::Process::cgroup_limits);
        Ok(match limits {
            Some(limits) if limits.total_memory < host.total => Reading {
                used: limits.rss,
                total: limits.total_memory,
                scope: "container",
            },
            _ => host,
        })
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
    fn this_machine_has_memory() {
        let reading = Memory::used().read().unwrap();
        assert!(reading.used > 0 && reading.used <= reading.total);
    }
}
