//! Collectors: what nobody records as it happens, read every now and then.

mod app;
mod ask;
#[cfg(feature = "system")]
mod host;
#[cfg(feature = "system")]
mod process;
#[cfg(feature = "health")]
mod runtime;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use metrics::{Gauge, Recorder};

use self::ask::Ask;
use crate::catalog::MONITORING_COLLECTION_TIMESTAMP;
use crate::error::Error;
use crate::recorder::RecorderRef;
use crate::thread;

/// One thing to read. Kept from one reading to the next, for what is a difference of two.
type Collector = Box<dyn FnMut(&RecorderRef) + Send>;

/// What a service's process, host and runtime are doing, read every now and then.
///
/// Nothing is read before [`start`](Self::start), and only what was named:
///
/// | method | families |
/// |---|---|
/// | [`app`](Self::app) | `app_info{version, environment}`, `app_uptime_seconds`, `app_start_time_seconds` |
/// | `process` (feature `system`) | `process_cpu_seconds_total`, `process_resident_memory_bytes`, `process_open_fds`, `process_max_fds`, `process_threads`, `process_start_time_seconds` |
/// | `host` (feature `system`) | `system_cpu_usage_ratio`, `system_memory_used_ratio`, `system_memory_available_bytes`, and of `/` what `disk` has |
/// | `disk` (feature `system`) | `system_disk_used_ratio{mount}`, `system_disk_available_bytes{mount}` |
/// | `runtime` (feature `health`) | `tokio_workers`, `tokio_alive_tasks`, `tokio_global_queue_depth`, `tokio_busy_ratio`, `tokio_park_count_total` |
/// | [`also`](Self::also) | whatever the function records |
///
/// ```
/// use tower_vitals::Prometheus;
/// use tower_vitals::instrument::Collectors;
///
/// let prometheus = Prometheus::install()?;
/// let collecting = Collectors::new().app(env!("CARGO_PKG_VERSION"), "production").start()?;
/// // Whoever reads gets what is true now, not what was 15 s ago.
/// prometheus.on_gather(collecting.refresher());
/// assert!(prometheus.render().contains("app_info{version="));
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[must_use]
pub struct Collectors {
    recorder: RecorderRef,
    interval: Duration,
    all: Group,
    disks: Group,
}

/// Collectors that are read one after the other.
type Group = Vec<(&'static str, Collector)>;

impl Collectors {
    /// Without any: what is to be read is named by the methods.
    pub fn new() -> Self {
        Self {
            recorder: RecorderRef::default(),
            interval: Duration::from_secs(15),
            all: Vec::new(),
            disks: Vec::new(),
        }
    }

    /// Records to this recorder. Defaults to the facade's.
    pub fn recorder(mut self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        self.recorder = RecorderRef::new(recorder);
        self
    }

    /// How often all of it is read. Defaults to 15 s.
    pub fn every(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Reads what is running, since when, and for how long: `version` by the convention of the service, `environment` as
    /// its people call it.
    pub fn app(self, version: impl Into<String>, environment: impl Into<String>) -> Self {
        self.with("app", app::collector(version.into(), environment.into()))
    }

    /// The process: CPU time, memory, file descriptors, threads, by the names that Prometheus' own client libraries have.
    #[cfg(feature = "system")]
    pub fn process(self) -> Self {
        self.with("process", process::collector())
    }

    /// The host, or the container where one has limits (cgroup v1 and v2): CPU and memory; and the disk of `/`.
    ///
    /// The use of the CPU is that since the reading before, so the first has none.
    #[cfg(feature = "system")]
    pub fn host(self) -> Self {
        self.with("host", host::collector()).disk("/")
    }

    /// The file system that is mounted at, or holds, this path. The path is the value of `mount`.
    ///
    /// Disks are read on a thread of their own, for one on a network may hang: then all disks keep their last values, which
    /// `monitoring_collection_timestamp_seconds{collectors="disks"}` tells, and nothing else waits.
    #[cfg(feature = "system")]
    pub fn disk(mut self, mount: impl Into<std::path::PathBuf>) -> Self {
        let collector = host::disk(mount.into());
        self.disks.push(("disk", Box::new(collector)));
        self
    }

    /// The tokio runtime of this handle; `Handle::current()` is the one that runs the caller.
    #[cfg(feature = "health")]
    pub fn runtime(self, handle: &tokio::runtime::Handle) -> Self {
        self.with("runtime", runtime::collector(handle))
    }

    /// Calls a function at each reading, on the thread that reads: what it records is as fresh as the rest.
    ///
    /// ```
    /// use tower_vitals::instrument::{Collectors, Plugins};
    ///
    /// # fn count_plugins() -> usize { 3 }
    /// let plugins = Plugins::new();
    /// let collectors = Collectors::new().also(move || plugins.set(count_plugins()));
    /// ```
    pub fn also(self, mut collect: impl FnMut() + Send + 'static) -> Self {
        self.with("also", move |_: &RecorderRef| collect())
    }

    fn with(
        mut self,
        name: &'static str,
        collect: impl FnMut(&RecorderRef) + Send + 'static,
    ) -> Self {
        self.all.push((name, Box::new(collect)));
        self
    }

    /// Reads everything, on threads of its own, until what this gives is dropped. The first reading is waited for: 250 ms at
    /// the longest.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] for an interval below 200 ms, in which no share of a CPU can be told; [`ErrorKind::Io`] if a thread cannot be started.
    pub fn start(self) -> Result<Collecting, Error> {
        const SHORTEST: Duration = Duration::from_millis(200);
        if self.interval < SHORTEST {
            return Err(Error::invalid(format!(
                "collection interval is {:?}: {SHORTEST:?} and anything longer is allowed, 15 s is the default",
                self.interval
            )));
        }
        let mut asks = vec![start("all", self.all, &self.recorder, self.interval)?];
        if !self.disks.is_empty() {
            asks.push(start("disks", self.disks, &self.recorder, self.interval)?);
        }
        let collecting = Collecting { asks: asks.into() };
        collecting.refresh();
        Ok(collecting)
    }
}

fn start(
    name: &'static str,
    mut group: Group,
    recorder: &RecorderRef,
    interval: Duration,
) -> Result<Ask, Error> {
    let (ask, asked) = ask::pair();
    let recorder = recorder.clone();
    let read = move || {
        while asked.wait(interval) {
            collect(&mut group, &recorder);
            tell_when(name, &recorder);
            asked.answer();
        }
    };
    thread::spawn(&format!("vitals-{name}"), read)?;
    Ok(ask)
}

/// One that panics does not keep the others from being read, this time or the next.
fn collect(group: &mut Group, recorder: &RecorderRef) {
    for (name, collect) in group {
        if catch_unwind(AssertUnwindSafe(|| collect(recorder))).is_err() {
            tracing::error!(collector = name, "a collector of metrics panicked");
        }
    }
}

fn tell_when(name: &'static str, recorder: &RecorderRef) {
    if let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) {
        let key = MONITORING_COLLECTION_TIMESTAMP.key([name.into()]);
        let timestamp: Gauge = recorder.register(&key);
        timestamp.set(now.as_secs_f64());
    }
}

impl Default for Collectors {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Collectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.all.iter().chain(&self.disks).map(|(name, _)| name);
        f.debug_struct("Collectors")
            .field("recorder", &self.recorder)
            .field("interval", &self.interval)
            .field("collectors", &names.collect::<Vec<_>>())
            .finish()
    }
}

/// [`Collectors`] at work, until this and its clones are dropped.
///
/// ```
/// use tower_vitals::instrument::Collectors;
///
/// let collecting = Collectors::new().app("1.2.0", "staging").start()?;
/// collecting.refresh();
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "the reading ends when this is dropped"]
pub struct Collecting {
    asks: Arc<[Ask]>,
}

impl Collecting {
    /// Has everything read again that was read more than a second ago, and waits for that, 250 ms at the longest.
    pub fn refresh(&self) {
        ask::refresh(&self.asks);
    }

    /// [`refresh`](Self::refresh) as a function that does not keep the reading going, for
    /// `Prometheus::on_gather`.
    pub fn refresher(&self) -> impl Fn() + Send + Sync + 'static + use<> {
        let asks = Arc::downgrade(&self.asks);
        move || {
            if let Some(asks) = asks.upgrade() {
                ask::refresh(&asks);
            }
        }
    }
}
