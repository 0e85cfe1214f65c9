//! `Runtime`: the process, its host and its runtime.

use super::cpu_time::CpuTime;
use super::number::{push_exact, push_rounded};
use super::times::Times;
use crate::catalog::{
    Family, PROCESS_MAX_FDS, PROCESS_OPEN_FDS, PROCESS_RESIDENT_MEMORY, PROCESS_THREADS,
    SYSTEM_CPU_USAGE, SYSTEM_MEMORY_AVAILABLE, SYSTEM_MEMORY_USED, TOKIO_ALIVE_TASKS,
    TOKIO_BUSY_RATIO, TOKIO_GLOBAL_QUEUE_DEPTH, TOKIO_SCHEDULING_DELAY, TOKIO_WORKERS,
};

const COUNT: usize = 12;

pub(super) const GAUGES: [&Family; COUNT] = [
    &SYSTEM_MEMORY_USED,
    &SYSTEM_MEMORY_AVAILABLE,
    &PROCESS_RESIDENT_MEMORY,
    &PROCESS_OPEN_FDS,
    &PROCESS_MAX_FDS,
    &PROCESS_THREADS,
    &SYSTEM_CPU_USAGE,
    &TOKIO_WORKERS,
    &TOKIO_ALIVE_TASKS,
    &TOKIO_GLOBAL_QUEUE_DEPTH,
    &TOKIO_BUSY_RATIO,
    &TOKIO_SCHEDULING_DELAY,
];

/// The values that collectors sample. Those without a collector are missing.
#[derive(Default)]
pub(super) struct Runtime {
    /// By [`GAUGES`].
    values: [Option<f64>; COUNT],
    /// The CPU time of the process.
    cpu: Option<f64>,
    cpu_time: CpuTime,
    text: String,
    is_changed: bool,
}

impl Runtime {
    /// Begins a frame.
    pub(super) fn begin(&mut self) {
        self.values = Default::default();
        self.cpu = None;
    }

    /// Reads one of the [`GAUGES`].
    pub(super) fn set(&mut self, gauge: usize, value: f64) {
        self.values[gauge] = Some(value);
    }

    pub(super) fn set_cpu(&mut self, seconds: f64) {
        self.cpu = Some(seconds);
    }

    /// Ends a frame at the latest of these times.
    pub(super) fn end(&mut self, times: &Times) {
        let mut text = String::from("{\"cpu\":");
        let cpu_time = &mut self.cpu_time;
        let cores = self
            .cpu
            .and_then(|seconds| cpu_time.busy_cores(times.latest(), seconds));
        push_rounded(&mut text, cores);
        text.push_str(",\"memory_limit\":");
        push_exact(&mut text, self.memory_limit());
        for (family, value) in GAUGES.iter().zip(self.values) {
            if let Some(value) = value {
                text.push_str(",\"");
                text.push_str(family.name);
                text.push_str("\":");
                push_exact(&mut text, Some(value));
            }
        }
        text.push('}');
        self.is_changed = text != self.text;
        self.text = text;
    }

    /// The memory that the container, or else the host, has: its used share and its rest say so.
    fn memory_limit(&self) -> Option<f64> {
        const PAGE: f64 = 4096.0;
        let [used, available, ..] = self.values;
        let limit = available? / (1.0 - used?);
        let limit = (limit / PAGE).round() * PAGE;
        limit.is_finite().then_some(limit)
    }

    /// Writes the member `runtime` of a frame, if it is new.
    pub(super) fn push(&self, text: &mut String, is_full: bool) {
        if is_full || self.is_changed {
            text.push_str(",\"runtime\":");
            text.push_str(&self.text);
        }
    }
}
