//! The process, as Prometheus' client libraries describe it.

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use super::Collectors;
use crate::catalog::{
    Family, PROCESS_CPU, PROCESS_MAX_FDS, PROCESS_OPEN_FDS, PROCESS_RESIDENT_MEMORY,
    PROCESS_START_TIME, PROCESS_THREADS,
};
use crate::recorder::RecorderRef;

impl Collectors {
    /// Collects CPU time, memory, file descriptors and threads of the process, under the names of Prometheus' client
    /// libraries. Values that the system does not provide are skipped.
    pub fn process(self) -> Self {
        self.with("process", collector())
    }
}

fn collector() -> impl FnMut(&RecorderRef) + Send {
    let mut system = System::new().ok().zip(sysinfo::get_current_pid().ok());
    // A counter must not fall, but the last digit of the system's figure may.
    let mut cpu = 0.0_f64;
    move |recorder| {
        let Some((system, pid)) = &mut system else {
            return;
        };
        let Some(process) = refreshed(system, *pid) else {
            return;
        };
        let set = |family: &Family, value| recorder.set_gauge(&family.key([]), value);
        cpu = cpu.max(process.accumulated_cpu_time() as f64 / 1e3);
        set(&PROCESS_CPU, cpu);
        set(&PROCESS_RESIDENT_MEMORY, process.memory() as f64);
        set(&PROCESS_START_TIME, process.start_time() as f64);
        if let Some(tasks) = process.tasks() {
            // The tasks do not include the main thread.
            set(&PROCESS_THREADS, tasks.len() as f64 + 1.0);
        }
        if let Some(open) = process.open_files() {
            // On Linux this includes the directory `/proc/self/fd`, which is open while its entries are counted.
            let counting = usize::from(cfg!(target_os = "linux"));
            set(&PROCESS_OPEN_FDS, open.saturating_sub(counting) as f64);
        }
        if let Some(max) = process.open_files_limit() {
            set(&PROCESS_MAX_FDS, max as f64);
        }
    }
}

fn refreshed(system: &mut System, pid: Pid) -> Option<&sysinfo::Process> {
    let kind = ProcessRefreshKind::nothing()
        .with_cpu()
        .with_memory()
        .with_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, kind);
    system.process(pid)
}
