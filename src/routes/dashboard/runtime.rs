//! `Runtime`: the process, its host and its runtime.

use super::number::{push_exact, push_rounded};
use super::times::Times;
use super::totals::Totals;
use crate::catalog::{
    Family, PROCESS_CPU, PROCESS_MAX_FDS, PROCESS_OPEN_FDS, PROCESS_RESIDENT_MEMORY,
    PROCESS_THREADS, SYSTEM_CPU_USAGE, SYSTEM_MEMORY_AVAILABLE, SYSTEM_MEMORY_USED,
    TOKIO_ALIVE_TASKS, TOKIO_BUSY_RATIO, TOKIO_GLOBAL_QUEUE_DEPTH, TOKIO_SCHEDULING_DELAY,
    TOKIO_WORKERS,
};
use crate::exporter::{Reader, Snapshot};

const GAUGES: [&Family; 12] = [
    &PROCESS_RESIDENT_MEMORY,
    &PROCESS_OPEN_FDS,
    &PROCESS_MAX_FDS,
    &PROCESS_THREADS,
    &SYSTEM_CPU_USAGE,
    &SYSTEM_MEMORY_USED,
    &SYSTEM_MEMORY_AVAILABLE,
    &TOKIO_WORKERS,
    &TOKIO_ALIVE_TASKS,
    &TOKIO_GLOBAL_QUEUE_DEPTH,
    &TOKIO_BUSY_RATIO,
    &TOKIO_SCHEDULING_DELAY,
];

/// The values that collectors sample, as far as they are there.
pub(super) struct Runtime {
    gauges: Vec<(&'static str, String)>,
    cpu: String,
    cpu_seconds: Totals,
    text: String,
    is_changed: bool,
}

impl Runtime {
    pub(super) fn new(reader: &Reader) -> Self {
        let gauges = GAUGES.iter();
        let gauges = gauges.map(|family| (family.name, reader.prefixed(family.name)));
        Self {
            gauges: gauges.collect(),
            cpu: reader.prefixed(PROCESS_CPU.name),
            cpu_seconds: Totals::default(),
            text: String::new(),
            is_changed: false,
        }
    }

    /// Reads the values of this moment, which `times` has already.
    pub(super) fn advance(&mut self, snapshot: &Snapshot, times: &Times) {
        let mut text = String::from("{\"cpu\":");
        push_rounded(&mut text, self.cpu(snapshot, times));
        text.push_str(",\"memory_limit\":");
        push_exact(&mut text, self.memory_limit(snapshot));
        for (name, own) in &self.gauges {
            if let Some(value) = snapshot.sum(own, &[]) {
                text.push_str(",\"");
                text.push_str(name);
                text.push_str("\":");
                push_exact(&mut text, Some(value));
            }
        }
        text.push('}');
        self.is_changed = text != self.text;
        self.text = text;
    }

    /// The cores that the process keeps busy.
    fn cpu(&mut self, snapshot: &Snapshot, times: &Times) -> Option<f64> {
        let total = snapshot.sum(&self.cpu, &[])?;
        self.cpu_seconds.begin(times, 1)[0] = total;
        let mut increases = Vec::new();
        self.cpu_seconds.increases(times, &mut increases);
        let seconds = times.seconds();
        (seconds > 0.0).then(|| increases[0] / seconds)
    }

    /// The memory that the container, or else the host, has: its used share and its rest say so.
    fn memory_limit(&self, snapshot: &Snapshot) -> Option<f64> {
        let own = |family: &Family| {
            let own = self.gauges.iter().find(|(name, _)| *name == family.name);
            own.and_then(|(_, name)| snapshot.sum(name, &[]))
        };
        let free = 1.0 - own(&SYSTEM_MEMORY_USED)?;
        let limit = own(&SYSTEM_MEMORY_AVAILABLE)? / free;
        // Rounded, because the two are not read at one moment.
        let rounded = (limit / 1e6).round() * 1e6;
        (free > 0.0 && rounded.is_finite()).then_some(rounded)
    }

    /// Writes the member `runtime` of a frame, if it is new.
    pub(super) fn push(&self, text: &mut String, is_full: bool) {
        if is_full || self.is_changed {
            text.push_str(",\"runtime\":");
            text.push_str(&self.text);
        }
    }
}
