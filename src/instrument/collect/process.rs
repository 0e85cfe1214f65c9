//! The process: what Prometheus' own client libraries tell of theirs.

use metrics::Gauge;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::catalog::{
    Family, PROCESS_CPU, PROCESS_MAX_FDS, PROCESS_OPEN_FDS, PROCESS_RESIDENT_MEMORY,
    PROCESS_START_TIME, PROCESS_THREADS,
};
use crate::recorder::RecorderRef;

/// Where the system tells nothing of a process, nothing is recorded.
pub(super) fn collector() -> impl FnMut(&RecorderRef) + Send {
    let mut system = System::new().ok().zip(sysinfo::get_current_pid().ok());
    // A counter must not fall, and the last digit of what the system counts in may.
    let mut cpu = 0.0_f64;
    move |recorder| {
        let Some((system, own)) = &mut system else {
            return;
        };
        let Some(process) = refreshed(system, *own) else {
            return;
        };
        let set = |family: &Family, value: f64| {
            recorder.register::<Gauge>(&family.key([])).set(value);
        };
        cpu = cpu.max(process.accumulated_cpu_time() as f64 / 1e3);
        set(&PROCESS_CPU, cpu);
        set(&PROCESS_RESIDENT_MEMORY, process.memory() as f64);
        set(&PROCESS_START_TIME, process.start_time() as f64);
        if let Some(tasks) = process.tasks() {
            // All threads but the first, which is the process itself.
            set(&PROCESS_THREADS, tasks.len() as f64 + 1.0);
        }
        if let Some(open) = process.open_files() {
            // On Linux they are the entries of a directory, which is open itself while they are counted.
            let counting = usize::from(cfg!(target_os = "linux"));
            set(&PROCESS_OPEN_FDS, open.saturating_sub(counting) as f64);
        }
        if let Some(max) = process.open_files_limit() {
            set(&PROCESS_MAX_FDS, max as f64);
        }
    }
}

fn refreshed(system: &mut System, own: Pid) -> Option<&sysinfo::Process> {
    let what = ProcessRefreshKind::nothing()
        .with_cpu()
        .with_memory()
        .with_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), true, what);
    system.process(own)
}
