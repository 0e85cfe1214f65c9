//! Series that come and go leave no memory behind. Each test runs in a process of its own, because it measures it.
#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "services record with these macros, and tests need deadlines"
)]

use std::process::Command;
use std::time::{Duration, Instant};

use metrics::{counter, gauge, histogram, with_local_recorder};
use tower_vitals::Prometheus;

const MIB: u64 = 1024 * 1024;
const SESSIONS: usize = 100_000;
const AT_ONCE: usize = 1_000;
/// The hundred bytes of each key alone would take more.
const MAX_GROWTH: u64 = 8 * MIB;
const CHILD: &str = "TOWER_VITALS_CHURN_CHILD";

/// The process' resident memory in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse::<u64>().unwrap() * 1024
}

/// Whether this is the process of the test. If not, runs the test in such a process.
fn is_child(test: &str) -> bool {
    if std::env::var_os(CHILD).is_some() {
        return true;
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("churn::{test}"), "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{output}");
    assert!(output.contains("1 passed"), "{output}");
    false
}

fn id(session: usize) -> String {
    format!("{session:0>100}")
}

/// Records `AT_ONCE` sessions.
fn record(prometheus: &Prometheus, sessions: std::ops::Range<usize>) {
    with_local_recorder(prometheus, || {
        for session in sessions {
            let labels = [("session", id(session))];
            counter!("session_total", &labels).increment(1);
            histogram!("session_seconds", &labels).record(0.5);
            let open = gauge!("session_open", &labels);
            open.increment(1.0);
            open.decrement(1.0);
        }
    });
}

/// Runs all sessions in batches. The first tenth makes the process as large as it needs to be.
fn assert_bounded(prometheus: &Prometheus, end: impl Fn(std::ops::Range<usize>)) {
    let mut before = 0;
    for first in (0..SESSIONS).step_by(AT_ONCE) {
        let sessions = first..first + AT_ONCE;
        record(prometheus, sessions.clone());
        end(sessions);
        if first < SESSIONS / 10 {
            before = resident();
        }
    }
    let text = prometheus.render();
    assert!(!text.contains("session=\""), "{text}");
    let growth = resident().saturating_sub(before);
    assert!(growth < MAX_GROWTH, "{:.1} MiB", growth as f64 / MIB as f64);
}

#[test]
fn removed_series_leave_no_memory() {
    if !is_child("removed_series_leave_no_memory") {
        return;
    }
    let prometheus = Prometheus::builder().build().unwrap();
    assert_bounded(&prometheus, |sessions| {
        for session in sessions {
            let labels = [("session", &*id(session))];
            for name in ["session_total", "session_seconds", "session_open"] {
                assert!(prometheus.remove(name, &labels), "{name} {session}");
            }
        }
    });
}

#[test]
fn idle_series_leave_no_memory() {
    if !is_child("idle_series_leave_no_memory") {
        return;
    }
    let idle = Duration::from_millis(1);
    let prometheus = Prometheus::builder().idle_timeout(idle).build().unwrap();
    assert_bounded(&prometheus, |_| {
        let deadline = Instant::now() + Duration::from_secs(20);
        while prometheus.render().contains("session=\"") {
            assert!(Instant::now() < deadline);
            std::thread::yield_now();
        }
    });
}
