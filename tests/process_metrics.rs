//! The process metrics compared with `/proc`. Needs a process of its own, because other tests would open files.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_methods,
    reason = "tests panic on failure and compare exact values"
)]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use tower_vitals::Prometheus;
use tower_vitals::instrument::Collectors;

fn status(field: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    let number = line.split_whitespace().nth(1).unwrap();
    number.parse().unwrap()
}

/// User and system time, in seconds.
fn cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let (_, after_name) = stat.rsplit_once(')').unwrap();
    let fields: Vec<_> = after_name.split_whitespace().collect();
    let ticks: f64 = fields[11..13]
        .iter()
        .map(|ticks| ticks.parse::<f64>().unwrap())
        .sum();
    // USER_HZ, which is 100 on every Linux since 2.6.
    ticks / 100.0
}

/// Checks each descriptor, because reading the directory would open another one.
fn open_files() -> usize {
    let is_open = |fd: &usize| Path::new(&format!("/proc/self/fd/{fd}")).is_symlink();
    (0..4096).filter(is_open).count()
}

fn assert_near(name: &str, measured: f64, expected: f64) {
    println!("{name}: {measured}, expected {expected}");
    assert!(
        (measured - expected).abs() <= expected * 0.05,
        "{name}: {measured}, expected {expected}"
    );
}

#[test]
fn process_metrics_agree_with_proc() {
    let prometheus = Prometheus::builder().build().unwrap();
    // Uses memory, CPU time, files and threads.
    let memory = vec![7_u8; 64 << 20];
    let files: Vec<_> = (0..23)
        .map(|_| fs::File::open("/dev/null").unwrap())
        .collect();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let ended = std::sync::Arc::new(std::sync::Mutex::new(ended));
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let ended = ended.clone();
            std::thread::spawn(move || ended.lock().unwrap().recv().unwrap_err())
        })
        .collect();
    let started = Instant::now();
    let mut sum = 0_u64;
    while cpu() < 1.0 {
        for byte in &memory[..1 << 20] {
            sum = sum.wrapping_mul(31).wrapping_add(u64::from(*byte));
        }
        assert!(started.elapsed() < Duration::from_mins(1), "{sum}");
    }

    let collecting = Collectors::new()
        .recorder(prometheus.clone())
        .process()
        .start()
        .unwrap();
    let snapshot = prometheus.snapshot();
    let value = |name: &str| snapshot.sum(name, &[]).unwrap();
    assert_near("CPU seconds", value("process_cpu_seconds_total"), cpu());
    assert_near(
        "resident bytes",
        value("process_resident_memory_bytes"),
        status("VmRSS:") * 1024.0,
    );
    assert!(value("process_resident_memory_bytes") > f64::from(64 << 20));
    assert_eq!(value("process_open_fds"), open_files() as f64);
    assert!(value("process_open_fds") >= 26.0);
    assert_eq!(value("process_threads"), status("Threads:"));
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let max = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .unwrap();
    let max: f64 = max.split_whitespace().nth(3).unwrap().parse().unwrap();
    assert_eq!(value("process_max_fds"), max);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let age = now.as_secs_f64() - value("process_start_time_seconds");
    assert!((0.0..120.0).contains(&age), "{age}");

    // Collected again with fewer files and more CPU time.
    drop(files);
    drop(collecting);
    let previous = value("process_cpu_seconds_total");
    let _collecting = Collectors::new()
        .recorder(prometheus.clone())
        .process()
        .start()
        .unwrap();
    let snapshot = prometheus.snapshot();
    assert!(snapshot.sum("process_cpu_seconds_total", &[]).unwrap() >= previous);
    assert_eq!(
        snapshot.sum("process_open_fds", &[]),
        Some(open_files() as f64)
    );
    let text = prometheus.render();
    assert!(
        text.contains("# TYPE process_cpu_seconds_total counter\n"),
        "{text}"
    );
    drop(end);
    for thread in threads {
        thread.join().unwrap();
    }
}
