use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, SystemTime};

use super::collecting::Collecting;
use super::refresh::{self, RefreshHandle};
use crate::catalog::MONITORING_COLLECTION_TIMESTAMP;
use crate::error::Error;
use crate::recorder::RecorderRef;
use crate::thread;
use crate::time::unix_seconds;

const SHORTEST_INTERVAL: Duration = Duration::from_millis(200);

/// Records one kind of values. It may keep state between two collections.
type Collector = Box<dyn FnMut(&RecorderRef) + Send>;

/// Named collectors that run one after the other on one thread.
type Group = Vec<(&'static str, Collector)>;

/// Samples the app, its process, host and runtime at an interval.
///
/// Nothing is collected before [`start`](Self::start), and then only the selected families:
///
/// | method | families |
/// |---|---|
/// | [`app`](Self::app) | `app_info{version, environment}`, `app_uptime_seconds`, `app_start_time_seconds` |
/// | `process` (feature `system`) | `process_cpu_seconds_total`, `process_resident_memory_bytes`, `process_open_fds`, `process_max_fds`, `process_threads`, `process_start_time_seconds` |
/// | `host` (feature `system`) | `system_cpu_usage_ratio`, `system_memory_used_ratio`, `system_memory_available_bytes`, and those of `disk("/")` |
/// | `disk` (feature `system`) | `system_disk_used_ratio{mount}`, `system_disk_available_bytes{mount}` |
/// | `runtime` (feature `health`) | `tokio_workers`, `tokio_alive_tasks`, `tokio_global_queue_depth`, `tokio_busy_ratio`, `tokio_park_count_total`, `tokio_scheduling_delay_seconds` |
/// | [`custom`](Self::custom) | those that the function records |
///
/// ```
/// use tower_vitals::Prometheus;
/// use tower_vitals::instrument::Collectors;
///
/// let prometheus = Prometheus::install()?;
/// let collecting = Collectors::new().app(env!("CARGO_PKG_VERSION"), "production").start()?;
/// // Scrapes see current values, not those of 15 s ago.
/// prometheus.on_gather(collecting.refresher());
/// assert!(prometheus.render().contains("app_info{version="));
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[must_use]
pub struct Collectors {
    recorder: RecorderRef,
    interval: Duration,
    all: Group,
    /// Disks have a thread of their own, because a network disk may hang.
    pub(super) disks: Group,
}

impl Collectors {
    /// Creates an empty set of collectors.
    pub fn new() -> Self {
        Self {
            recorder: RecorderRef::default(),
            interval: Duration::from_secs(15),
            all: Vec::new(),
            disks: Vec::new(),
        }
    }

    recorder_setter!(recorder);

    /// Sets the interval between collections. Defaults to 15 s.
    pub fn every(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Calls a function at each collection, on the collecting thread.
    ///
    /// ```
    /// use tower_vitals::instrument::{Collectors, Plugins};
    ///
    /// # fn count_plugins() -> usize { 3 }
    /// let plugins = Plugins::new();
    /// let collectors = Collectors::new().custom(move || plugins.set(count_plugins()));
    /// ```
    pub fn custom(self, mut collect: impl FnMut() + Send + 'static) -> Self {
        self.with("custom", move |_: &RecorderRef| collect())
    }

    pub(super) fn with(
        mut self,
        name: &'static str,
        collector: impl FnMut(&RecorderRef) + Send + 'static,
    ) -> Self {
        self.all.push((name, Box::new(collector)));
        self
    }

    /// Starts collecting on threads of its own, until the returned handle and its clones are dropped. Waits for the first
    /// collection, for at most 250 ms.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) if the interval is shorter than 200 ms, which is too
    /// short to measure CPU usage; [`ErrorKind::Io`](crate::ErrorKind::Io) if a thread cannot be started.
    pub fn start(self) -> Result<Collecting, Error> {
        if self.interval < SHORTEST_INTERVAL {
            return Err(Error::invalid(format!(
                "collection interval is {:?}: at least {SHORTEST_INTERVAL:?} is needed",
                self.interval
            )));
        }
        let mut handles = vec![start("all", self.all, &self.recorder, self.interval)?];
        if !self.disks.is_empty() {
            handles.push(start("disks", self.disks, &self.recorder, self.interval)?);
        }
        let collecting = Collecting::new(handles);
        collecting.refresh();
        Ok(collecting)
    }
}

fn start(
    name: &'static str,
    mut group: Group,
    recorder: &RecorderRef,
    interval: Duration,
) -> Result<RefreshHandle, Error> {
    let (handle, worker) = refresh::pair();
    let recorder = recorder.clone();
    thread::spawn(&format!("vitals-{name}"), move || {
        while worker.wait(interval) {
            collect(&mut group, &recorder);
            let timestamp = MONITORING_COLLECTION_TIMESTAMP.key([name.into()]);
            recorder.set_gauge(&timestamp, unix_seconds(SystemTime::now()));
            worker.complete();
        }
    })?;
    Ok(handle)
}

/// A collector that panics does not stop the others, and runs again at the next collection.
fn collect(group: &mut Group, recorder: &RecorderRef) {
    for (name, collector) in group {
        if catch_unwind(AssertUnwindSafe(|| collector(recorder))).is_err() {
            tracing::error!(collector = name, "a metrics collector panicked");
        }
    }
}

default_is_new!(Collectors);

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
