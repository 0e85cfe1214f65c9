//! `Feed`: computes one frame a second for all viewers, while there are some.

use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::frames::Frames;
use super::health_watch::HealthWatch;
use super::metrics::Metrics;
use super::moment::Moment;
use super::place::Place;
use super::request_names::RequestNames;
use super::tick::{Tick, Ticks};
use super::viewer::Viewer;
use crate::exporter::Reader;
use crate::measure;
use crate::panics;
use crate::routes::mounted::Mounted;
use crate::routes::stopping::Stopping;
use crate::routes::watch::Watch;

/// The time from frame to frame.
const EVERY: Duration = Duration::from_secs(1);

/// How long a frame waits for the health. Without an answer it has the last one.
const HEALTH_WAIT: Duration = Duration::from_millis(100);

/// The most viewers.
pub(super) const MAX_VIEWERS: usize = 256;

/// One for all viewers of a dashboard.
pub(super) struct Feed {
    reader: Option<Arc<Reader>>,
    names: Arc<RequestNames>,
    health: Option<Arc<HealthWatch>>,
    watched: Vec<Arc<dyn Watch>>,
    built: measure::Instant,
    frames: Arc<Mutex<Frames>>,
    viewers: Mutex<Viewers>,
}

#[derive(Default)]
struct Viewers {
    /// Set while the task runs.
    ticks: Option<Ticks>,
    places: Vec<Weak<Place>>,
}

impl Feed {
    pub(super) fn new(
        mounted: &Mounted,
        reader: Option<Arc<Reader>>,
        names: Arc<RequestNames>,
    ) -> Arc<Self> {
        let health = mounted.health.clone();
        Arc::new(Self {
            // Replaced at the start of the task.
            frames: Arc::new(Mutex::new(Frames::new(None))),
            reader,
            names,
            health: health.map(|health| HealthWatch::new(health, mounted.details)),
            watched: mounted.watched.clone(),
            built: measure::Instant::now(),
            viewers: Mutex::default(),
        })
    }

    /// Adds a viewer. Returns `None` if there are [`MAX_VIEWERS`].
    pub(super) fn join(self: &Arc<Self>, stopping: Option<Stopping>) -> Option<Viewer> {
        let mut viewers = self.viewers.lock();
        viewers.places.retain(|place| place.strong_count() > 0);
        let places = viewers.places.iter().filter_map(Weak::upgrade);
        if places.filter(|place| !place.is_left()).count() >= MAX_VIEWERS {
            return None;
        }
        let running = viewers.ticks.clone();
        // The task ends without notice if its runtime does.
        let running = running.filter(|ticks| ticks.has_changed().is_ok());
        let ticks = running.unwrap_or_else(|| self.start());
        viewers.ticks = Some(ticks.clone());
        let place = Arc::new(Place::default());
        if let Some(tick) = &*ticks.borrow() {
            place.take(tick.number);
        }
        viewers.places.push(Arc::downgrade(&place));
        Some(Viewer::new(
            Arc::clone(&self.frames),
            ticks,
            place,
            stopping,
        ))
    }

    fn start(self: &Arc<Self>) -> Ticks {
        let (sender, ticks) = watch::channel(None);
        let metrics = self.reader.as_ref();
        let metrics = metrics.map(|reader| Metrics::new(reader, &self.names));
        *self.frames.lock() = Frames::new(metrics);
        tokio::spawn(Arc::clone(self).run(sender));
        ticks
    }

    async fn run(self: Arc<Self>, ticks: watch::Sender<Option<Arc<Tick>>>) {
        let start = Instant::now();
        let mut interval = interval(EVERY);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut number = 0;
        loop {
            interval.tick().await;
            if !self.is_watched(number) {
                return;
            }
            if let Some(health) = &self.health {
                // A check may take longer than a frame may wait.
                let health = Arc::clone(health);
                let asked = tokio::spawn(async move { health.ask().await });
                let _ = timeout(HEALTH_WAIT, asked).await;
            }
            let is_last = self
                .health
                .as_ref()
                .is_some_and(|health| health.is_draining());
            let now = start.elapsed().as_secs_f64();
            let feed = Arc::clone(&self);
            let frame = tokio::task::spawn_blocking(move || {
                let moment = feed.moment(now);
                feed.frames.lock().advance(&moment)
            });
            let Ok((latest, changes)) = frame.await else {
                // It is a bug that the log shows as a panic. The next frame is full for all.
                continue;
            };
            number = latest;
            ticks.send_replace(Some(Arc::new(Tick {
                number,
                changes,
                is_last,
            })));
        }
    }

    /// Whether somebody views. If not, the task ends.
    fn is_watched(&self, number: u64) -> bool {
        let mut viewers = self.viewers.lock();
        viewers.places.retain(|place| {
            let place = place.upgrade();
            place.is_some_and(|place| place.is_kept(number))
        });
        if viewers.places.is_empty() {
            viewers.ticks = None;
        }
        viewers.ticks.is_some()
    }

    /// Reads all sources but the metrics, and lets these get ready. A part whose source panics is missing.
    fn moment(&self, now: f64) -> Moment {
        let mut counts = Vec::new();
        let mut versions = Vec::new();
        for source in &self.watched {
            let read = panics::caught_here(|| (source.counts(), source.version()));
            if let Ok((own, version)) = read {
                counts.extend(own);
                versions.push((source.name(), version));
            }
        }
        if let Some(reader) = &self.reader {
            // Their panics are caught.
            reader.run_hooks();
        }
        Moment {
            now,
            time: SystemTime::now(),
            health: self.health.as_ref().and_then(|health| health.last()),
            counts,
            versions,
            uptime: self.built.elapsed().as_secs_f64(),
        }
    }
}
