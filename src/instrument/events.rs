use std::borrow::Cow;
use std::sync::Arc;

use metrics::Counter;

use crate::catalog::EVENTS;
use crate::recorder::{LazyHandle, RecorderRef};

/// Events of one type: `events_total{event_type}`.
///
/// ```
/// use tower_vitals::instrument::Events;
///
/// let placed = Events::new("order.placed");
/// placed.record();
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Events {
    events: Arc<LazyHandle<Counter>>,
}

impl Events {
    /// Creates an instrument for events of this type.
    pub fn new(event_type: impl Into<Cow<'static, str>>) -> Self {
        let key = EVENTS.key([event_type.into().into()]);
        Self {
            events: Arc::new(LazyHandle::zero(&RecorderRef::default(), key)),
        }
    }

    recorder_setter!(handles: events);

    pub(super) fn with_recorder(&self, recorder: &RecorderRef) -> Self {
        let events = Arc::new(self.events.with_recorder(recorder));
        Self { events }
    }

    /// Counts one event.
    pub fn record(&self) {
        self.record_many(1);
    }

    /// Counts several events.
    pub fn record_many(&self, count: u64) {
        self.events.record(|counter| counter.increment(count));
    }
}
