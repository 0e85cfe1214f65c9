//! Samples the stacks of all threads, with rpprof.
//!
//! A timer of the process counts CPU time and sends SIGPROF to a thread that runs. The handler unwinds the thread's stack by its
//! unwind tables, which were read before, and stores the addresses in memory that was allocated before. It allocates nothing, but
//! asks libgcc for the function of each frame, which takes no lock with glibc 2.35 and later. rpprof is a fork of the crate pprof,
//! whose unwinders do not do: that by frame pointers leaves out the interrupted function, so no profile names the function that
//! burns CPU, and the others allocate in the handler or unwind with libgcc, which may deadlock.

use std::borrow::Cow;
use std::collections::HashMap;
use std::env;
use std::ptr;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use rpprof::{Error, ProfilerGuardBuilder, UnresolvedReport};

use super::cpu_profile::{CpuProfile, Line, Stack};
use super::profile_error::ProfileError;

/// Samples per second of CPU time. Go takes 100: an odd rate does not run in step with timers of the service.
const HZ: i32 = 99;

/// The timer counts in microseconds.
const PERIOD: Duration = Duration::from_micros(1_000_000 / HZ.unsigned_abs() as u64);

/// Records for this time, or until the other end of `stop` is dropped.
pub(super) fn record(duration: Duration, stop: &Receiver<()>) -> Result<CpuProfile, ProfileError> {
    let guard = ProfilerGuardBuilder::default().frequency(HZ).build();
    let guard = guard.map_err(failed)?;
    if let Err(RecvTimeoutError::Disconnected) = stop.recv_timeout(duration) {
        return Err(ProfileError::Cancelled);
    }
    let report = guard.report().build_unresolved();
    // Symbols take long, and nothing is sampled meanwhile.
    drop(guard);
    Ok(resolve(&report.map_err(failed)?))
}

fn failed(error: Error) -> ProfileError {
    match error {
        Error::Running => ProfileError::InUse,
        error => ProfileError::Failed(error.to_string()),
    }
}

fn resolve(report: &UnresolvedReport) -> CpuProfile {
    let mut lines = HashMap::new();
    let mut stacks = Vec::with_capacity(report.data.len());
    for (sampled, samples) in &report.data {
        let frames = sampled.frames.iter().enumerate();
        // A return address may be the first one of the next line, or of the next function.
        let addresses: Vec<_> = frames
            .map(|(depth, frame)| frame.ip.saturating_sub(usize::from(depth > 0)))
            .collect();
        for address in &addresses {
            lines.entry(*address).or_insert_with(|| lines_of(*address));
        }
        let thread = sampled.thread_name.get(..sampled.thread_name_length);
        stacks.push(Stack {
            addresses,
            thread: String::from_utf8_lossy(thread.unwrap_or_default()).into_owned(),
            samples: samples.unsigned_abs() as u64,
        });
    }
    CpuProfile {
        program: env::current_exe().map_or_else(
            |_| String::new(),
            |path| path.to_string_lossy().into_owned(),
        ),
        start: report.timing.start_time,
        duration: report.timing.duration,
        period: PERIOD,
        missed: report.missed_samples,
        stacks,
        lines,
    }
}

fn lines_of(address: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    backtrace::resolve(ptr::without_provenance_mut(address), |symbol| {
        let Some(name) = symbol.name() else {
            return;
        };
        let file = symbol.filename().map(|file| file.to_string_lossy());
        lines.push(Line {
            // Without the hash.
            function: format!("{name:#}"),
            mangled: String::from_utf8_lossy(name.as_bytes()).into_owned(),
            file: file.map_or_else(String::new, Cow::into_owned),
            number: symbol.lineno().unwrap_or(0),
        });
    });
    lines
}
