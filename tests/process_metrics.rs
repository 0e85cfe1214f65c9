//! The process' own figures beside those of `/proc`; a process of its own, for others would open files meanwhile.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and compares with what it recorded"
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
    // USER_HZ, which every Linux has told programs since 2.6.
    ticks / 100.0
}

/// One by one: a directory that is read would be open itself.
fn open_files() -> usize {
    let is_open = |fd: &usize| Path::new(&format!("/proc/self/fd/{fd}")).is_symlink();
    (0..4096).filter(is_open).count()
}

fn assert_near(name: &str, own: f64, theirs: f64) {
    println!("{name}: {own} beside {theirs}");
    assert!(
        (own - theirs).abs() <= theirs * 0.05,
        "{name}: {own} beside {theirs}"
    );
}

/// Issue C, "Must show" 5.
#[test]
fn process_figures_are_those_of_proc() {
    let prometheus = Prometheus::builder().build().unwrap();
    // Memory, CPU time, files and threads that were not there at the start.
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
    let began = Instant::now();
    let mut sum = 0_u64;
    while cpu() < 1.0 {
        for byte in &memory[..1 << 20] {
            sum = sum.wrapping_mul(31).wrapping_add(u64::from(*byte));
        }
        assert!(began.elapsed() < Duration::from_mins(1), "{sum}");
    }

    let collecting = Collectors::new()
        .recorder(prometheus.clone())
        .process()
        .start()
        .unwrap();
    let snapshot = prometheus.snapshot();
    let own = |name: &str| snapshot.sum(name, &[]).unwrap();
    assert_near("CPU seconds", own("process_cpu_seconds_total"), cpu());
    assert_near(
        "resident bytes",
        own("process_resident_memory_bytes"),
        status("VmRSS:") * 1024.0,
    );
    assert!(own("process_resident_memory_bytes") > f64::from(64 << 20));
    assert_eq!(own("process_open_fds"), open_files() as f64);
    assert!(own("process_open_fds") >= 26.0);
    assert_eq!(own("process_threads"), status("Threads:"));
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let max = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .unwrap();
    let max: f64 = max.split_whitespace().nth(3).unwrap().parse().unwrap();
    assert_eq!(own("process_max_fds"), max);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let age = now.as_secs_f64() - own("process_start_time_seconds");
    assert!((0.0..120.0).contains(&age), "{age}");

    // Read again, with fewer files, more CPU time; the counter is a counter.
    drop(files);
    drop(collecting);
    let before = own("process_cpu_seconds_total");
    let _collecting = Collectors::new()
        .recorder(prometheus.clone())
        .process()
        .start()
        .unwrap();
    let snapshot = prometheus.snapshot();
    assert!(snapshot.sum("process_cpu_seconds_total", &[]).unwrap() >= before);
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
