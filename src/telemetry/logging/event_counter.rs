//! `EventCounter`: the layer that counts events in `log_events_total`.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{Counter, SharedString};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::catalog::LOG_EVENTS;
use crate::recorder::{LazyHandle, RecorderRef, Zeros};

const LEVELS: [(Level, &str); 5] = [
    (Level::ERROR, "error"),
    (Level::WARN, "warn"),
    (Level::INFO, "info"),
    (Level::DEBUG, "debug"),
    (Level::TRACE, "trace"),
];

pub(super) struct EventCounter(Vec<Series>);

struct Series {
    level: Level,
    counter: LazyHandle<Counter>,
    /// Events that came while the recorder worked, which are counted with the next one.
    waiting: AtomicU64,
}

thread_local! {
    /// Whether the recorder works in this thread. It may log, and must then not be called again.
    static IS_COUNTING: Cell<bool> = const { Cell::new(false) };
}

impl EventCounter {
    /// The series exist at 0 from now on, or from the recorder's installation.
    pub(super) fn new(recorder: &RecorderRef) -> Self {
        let mut zeros = Zeros::new(recorder);
        let series = LEVELS.map(|(level, name)| Series {
            level,
            counter: zeros.add(LOG_EVENTS.key([SharedString::const_str(name)])),
            waiting: AtomicU64::new(0),
        });
        zeros.announce();
        Self(series.into())
    }
}

impl Series {
    fn count(&self) {
        // A thread that ends has no cell any more. Its recorder may be gone as well.
        let _ = IS_COUNTING.try_with(|is_counting| {
            if is_counting.replace(true) {
                self.waiting.fetch_add(1, Ordering::Relaxed);
                return;
            }
            // Also if the recorder panics.
            let _counted = Counted(is_counting);
            let mut events = 1;
            if self.waiting.load(Ordering::Relaxed) > 0 {
                events += self.waiting.swap(0, Ordering::Relaxed);
            }
            self.counter.record(|counter| counter.increment(events));
        });
    }
}

struct Counted<'a>(&'a Cell<bool>);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl<S: Subscriber> Layer<S> for EventCounter {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let level = event.metadata().level();
        if let Some(series) = self.0.iter().find(|series| series.level == *level) {
            series.count();
        }
    }
}
