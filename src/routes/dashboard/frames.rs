//! `Frames`: the values that viewers see, from frame to frame.

use bytes::Bytes;

use super::metrics::Metrics;
use super::moment::Moment;
use super::number::{push_exact, push_rounded, push_string};
use crate::panics;
use crate::time::unix_seconds;

/// The tables and texts of the last frame.
pub(super) struct Frames {
    number: u64,
    metrics: Option<Metrics>,
    /// Whether the metrics could be read.
    has_metrics: bool,
    /// Members that every frame has.
    head: String,
    health: Option<String>,
    slots: String,
    /// The whole frame, once somebody needs it.
    full: Option<Bytes>,
}

impl Frames {
    pub(super) fn new(metrics: Option<Metrics>) -> Self {
        Self {
            number: 0,
            metrics,
            has_metrics: false,
            head: String::new(),
            health: None,
            slots: String::new(),
            full: None,
        }
    }

    /// Moves on to this moment. Returns the number of the frame and the changes since the one before.
    pub(super) fn advance(&mut self, moment: &Moment) -> (u64, Bytes) {
        self.number += 1;
        self.full = None;
        let read = self.metrics.as_mut().map(|metrics| {
            let read = panics::caught_here(|| metrics.read(moment.now));
            read.is_ok()
        });
        self.has_metrics = read.unwrap_or(false);
        let health = moment.health.as_ref().and_then(|view| view.text.clone());
        let is_new = health != self.health;
        self.health = health;
        self.write_head(moment);
        self.write_slots(moment);
        (self.number, self.frame(false, is_new))
    }

    /// Returns the number of the last frame, all of it, and whether changes may follow it: without metrics that it should have, the
    /// next one must be whole, too.
    pub(super) fn full(&mut self) -> (u64, Bytes, bool) {
        let full = match self.full.take() {
            Some(full) => full,
            None => self.frame(true, true),
        };
        self.full = Some(full.clone());
        let is_whole = self.has_metrics || self.metrics.is_none();
        (self.number, full, is_whole)
    }

    fn metrics(&self) -> Option<&Metrics> {
        self.metrics.as_ref().filter(|_| self.has_metrics)
    }

    fn write_head(&mut self, moment: &Moment) {
        let mut head = std::mem::take(&mut self.head);
        head.clear();
        let metrics = self.metrics();
        head.push_str("\"time\":");
        let time = (unix_seconds(moment.time) * 1e3).round() / 1e3;
        push_exact(&mut head, Some(time));
        push_member(&mut head, "seconds");
        let seconds = metrics.map(|metrics| metrics.times.seconds());
        push_rounded(&mut head, Some(seconds.unwrap_or_default()));
        head.push_str(",\"overview\":{\"status\":");
        match &moment.health {
            Some(health) => push_string(&mut head, health.status),
            None => head.push_str("null"),
        }
        for (name, count) in &moment.counts {
            push_member(&mut head, name);
            head.push_str(itoa::Buffer::new().format(*count));
        }
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
            push_member(&mut head, name);
            push_rounded(&mut head, value);
        }
        push_member(&mut head, "in_flight");
        push_exact(&mut head, in_flight);
        let uptime = metrics.and_then(|metrics| metrics.uptime);
        push_member(&mut head, "uptime");
        push_exact(&mut head, Some(uptime.unwrap_or(moment.uptime).floor()));
        let info = metrics.and_then(|metrics| metrics.info.as_ref());
        for name in ["version", "environment"] {
            push_member(&mut head, name);
            match info.and_then(|info| info.get(name)) {
                Some(value) => push_string(&mut head, value),
                None => head.push_str("null"),
            }
        }
        head.push('}');
        self.head = head;
    }

    fn write_slots(&mut self, moment: &Moment) {
        let slots = &mut self.slots;
        slots.clear();
        slots.push_str(",\"slots\":{\"health\":");
        let version = moment.health.as_ref().map(|view| view.version);
        slots.push_str(itoa::Buffer::new().format(version.unwrap_or_default()));
        for (name, version) in &moment.versions {
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
        match self.metrics() {
            Some(metrics) => {
                text.push(',');
                metrics.endpoints.push(&mut text, is_full);
                text.push(',');
                metrics.families.push(&mut text, is_full);
                metrics.runtime.push(&mut text, is_full);
            }
            None => {
                text.push_str(",\"endpoints\":null,\"gone\":[],\"families\":null,\"gone_families\":[],\"runtime\":null");
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

fn push_member(text: &mut String, name: &str) {
    text.push_str(",\"");
    text.push_str(name);
    text.push_str("\":");
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::SystemTime;

    use super::*;
    use crate::exporter::{MetricsSource, Prometheus};
    use crate::routes::dashboard::request_names::RequestNames;

    #[test]
    fn no_changes_follow_a_frame_that_lacks_the_metrics() {
        let moment = Moment {
            now: 1.0,
            time: SystemTime::UNIX_EPOCH,
            health: None,
            counts: Vec::new(),
            versions: Vec::new(),
            uptime: 1.0,
        };
        let MetricsSource { reader, .. } = Prometheus::builder().build().unwrap().into();
        let names = Arc::new(RequestNames::new(None, Some(&reader)));
        let mut frames = Frames::new(Some(Metrics::new(&reader, &names)));
        frames.advance(&moment);
        assert!(frames.full().2);
        // As after a panic of the source.
        frames.has_metrics = false;
        assert!(!frames.full().2);
        let mut without = Frames::new(None);
        without.advance(&moment);
        assert!(without.full().2, "it has none to lack");
    }
}
