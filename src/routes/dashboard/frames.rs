//! `Frames`: what viewers see, from frame to frame.

use std::sync::Arc;

use bytes::Bytes;

use super::endpoints::Endpoints;
use super::families::Families;
use super::number::{push_exact, push_rounded, push_string};
use super::request_names::RequestNames;
use super::runtime::Runtime;
use super::sample::Sample;
use super::times::Times;
use crate::catalog::{APP_INFO, APP_UPTIME};
use crate::exporter::{Reader, Snapshot};
use crate::time::unix_seconds;

/// The tables and texts of the last frame, and the totals of the window.
pub(super) struct Frames {
    number: u64,
    times: Times,
    metrics: Option<Metrics>,
    /// Members that every frame has.
    head: String,
    health: Option<String>,
    /// The slot of `health`.
    health_version: u64,
    slots: String,
    /// The whole frame, once somebody needs it.
    full: Option<Bytes>,
}

/// What is computed from the metrics.
struct Metrics {
    names: Arc<RequestNames>,
    endpoints: Endpoints,
    families: Families,
    runtime: Runtime,
    uptime: String,
    info: String,
    is_known: bool,
}

impl Frames {
    pub(super) fn new(reader: Option<&Reader>, names: &Arc<RequestNames>) -> Self {
        let metrics = reader.map(|reader| Metrics {
            names: Arc::clone(names),
            endpoints: Endpoints::default(),
            families: Families::new(reader),
            runtime: Runtime::new(reader),
            uptime: reader.prefixed(APP_UPTIME.name),
            info: reader.prefixed(APP_INFO.name),
            is_known: false,
        });
        Self {
            number: 0,
            times: Times::default(),
            metrics,
            head: String::new(),
            health: None,
            health_version: 0,
            slots: String::new(),
            full: None,
        }
    }

    /// Moves on to this moment. Returns the number of the frame and the changes since the one before.
    pub(super) fn advance(&mut self, sample: &Sample) -> (u64, Bytes) {
        self.number += 1;
        self.full = None;
        let snapshot = sample.snapshot.as_ref();
        if let Some(metrics) = &mut self.metrics {
            metrics.is_known = snapshot.is_some();
            if let Some(snapshot) = snapshot {
                self.times.push(sample.now);
                metrics.advance(snapshot, &self.times);
            }
        }
        let health = sample.health.as_ref().and_then(|view| view.text.clone());
        let is_new = health != self.health;
        self.health = health;
        self.health_version += u64::from(is_new);
        self.write_head(sample);
        self.write_slots(sample);
        (self.number, self.frame(false, is_new))
    }

    /// Returns the number of the last frame, and all of it.
    pub(super) fn full(&mut self) -> (u64, Bytes) {
        let full = match self.full.take() {
            Some(full) => full,
            None => self.frame(true, true),
        };
        self.full = Some(full.clone());
        (self.number, full)
    }

    fn write_head(&mut self, sample: &Sample) {
        let head = &mut self.head;
        head.clear();
        head.push_str("\"time\":");
        push_exact(head, Some((unix_seconds(sample.time) * 1e3).round() / 1e3));
        head.push_str(",\"seconds\":");
        push_rounded(head, Some(self.times.seconds()));
        head.push_str(",\"overview\":{\"status\":");
        match &sample.health {
            Some(health) => push_string(head, health.status),
            None => head.push_str("null"),
        }
        for (name, count) in &sample.counts {
            head.push_str(",\"");
            head.push_str(name);
            head.push_str("\":");
            head.push_str(itoa::Buffer::new().format(*count));
        }
        let metrics = self.metrics.as_ref().filter(|metrics| metrics.is_known);
        let snapshot = sample.snapshot.as_ref();
        let (all, in_flight) = metrics
            .map(|metrics| metrics.endpoints.all())
            .unwrap_or_default();
        let [p50, p95, p99] = all.quantiles;
        for (name, value) in [
            ("requests_per_second", all.rate),
            ("error_ratio", all.error_ratio),
            ("p50", p50),
            ("p95", p95),
            ("p99", p99),
        ] {
            push_member(head, name);
            push_rounded(head, value);
        }
        push_member(head, "in_flight");
        push_exact(head, in_flight);
        let own = |name: fn(&Metrics) -> &str| {
            let family = snapshot?.family(name(metrics?))?;
            family.series.first()
        };
        let uptime = own(|metrics| &metrics.uptime).and_then(|one| one.value.as_f64());
        push_member(head, "uptime");
        push_exact(head, Some(uptime.unwrap_or(sample.uptime).floor()));
        let info = own(|metrics| &metrics.info);
        for name in ["version", "environment"] {
            push_member(head, name);
            match info.and_then(|info| info.labels.get(name)) {
                Some(value) => push_string(head, value),
                None => head.push_str("null"),
            }
        }
        head.push('}');
    }

    fn write_slots(&mut self, sample: &Sample) {
        let slots = &mut self.slots;
        slots.clear();
        slots.push_str(",\"slots\":{\"health\":");
        slots.push_str(itoa::Buffer::new().format(self.health_version));
        for (name, version) in &sample.versions {
            push_member(slots, name);
            slots.push_str(itoa::Buffer::new().format(*version));
        }
        slots.push('}');
    }

    /// Writes an event of the stream. Its data is one line, because JSON escapes line feeds.
    fn frame(&self, is_full: bool, with_health: bool) -> Bytes {
        let mut text = String::with_capacity(4 * 1024);
        text.push_str("event: frame\ndata: {\"full\":");
        text.push_str(if is_full { "true," } else { "false," });
        text.push_str(&self.head);
        text.push_str(&self.slots);
        match &self.metrics {
            Some(metrics) if metrics.is_known => {
                text.push(',');
                metrics.endpoints.push(&mut text, is_full);
                text.push(',');
                metrics.families.push(&mut text, is_full);
                metrics.runtime.push(&mut text, is_full);
            }
            _ => {
                text.push_str(",\"endpoints\":null,\"gone\":[],\"families\":null,\"runtime\":null");
            }
        }
        if with_health {
            text.push_str(",\"health\":");
            text.push_str(self.health.as_deref().unwrap_or("null"));
        }
        text.push_str("}\n\n");
        text.into()
    }
}

impl Metrics {
    fn advance(&mut self, snapshot: &Snapshot, times: &Times) {
        let names = self.names.find(snapshot);
        self.endpoints.advance(snapshot, names, times);
        self.families.advance(snapshot, times);
        self.runtime.advance(snapshot, times);
    }
}

fn push_member(text: &mut String, name: &str) {
    text.push_str(",\"");
    text.push_str(name);
    text.push_str("\":");
}
