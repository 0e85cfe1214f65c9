//! CPU profiles of the process.

mod cpu_profile;
mod cpu_route;
mod flame_graph;
mod pprof;
mod profile_error;
#[cfg(all(
    target_os = "linux",
    any(target_arch = "aarch64", target_arch = "x86_64")
))]
mod profiler;
#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "aarch64", target_arch = "x86_64")
)))]
#[path = "no_profiler.rs"]
mod profiler;
