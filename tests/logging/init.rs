//! `init` sets what a process has once.

use std::io::BufRead;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use tower_vitals::ErrorKind;
use tower_vitals::telemetry::logging::{Console, Logging, LoggingBuilder};

use crate::child::{Played, Running, command, scenario};
use crate::counters::LoggingRecorder;
use crate::folder::{Folder, eventually};

/// JSON lines on standard error.
pub(crate) fn json() -> LoggingBuilder {
    Logging::builder()
        .console(Console::Stderr)
        .json_console(true)
}

/// Plays the scenario in a process of its own.
#[test]
fn play() {
    match scenario().as_deref() {
        Some("twice") => twice(),
        Some("cleanup") => cleanup(),
        Some("recorder") => recorder(),
        Some("log records") => log_records(),
        Some("own logger") => own_logger(),
        Some("text") => text(),
        Some("beside") => beside(),
        _ => {}
    }
}

fn played(scenario: &str) -> Played {
    Played::of(command("init::play", scenario))
}

fn messages(lines: &[Value]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| line["message"].as_str().unwrap())
        .collect()
}

fn twice() {
    let _logging = json().init().unwrap();
    tracing::info!("one");
    let error = json().init().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyInstalled);
    tracing::info!("{error}");
}

#[test]
fn a_second_subscriber_is_an_error_and_the_first_one_stays() {
    let lines = played("twice").lines();
    assert_eq!(
        messages(&lines),
        [
            "one",
            "the process has a tracing subscriber already: call Logging::init once and before others, or add Logging::layer to \
             your own subscriber"
        ]
    );
}

const DIR: &str = "LOGGING_DIR";

fn cleanup() {
    let folder = PathBuf::from(std::env::var_os(DIR).unwrap());
    let _logging = json().delete_old(&folder, "*.dump", 0).init().unwrap();
    eventually(|| !folder.join("a.dump").exists());
    let error = json().delete_old(&folder, "*.log", 0).init().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyInstalled);
    // The line of the deletion follows it.
    std::io::stdin().lock().lines().next();
}

#[test]
fn old_files_are_deleted_by_a_log_that_has_started_and_logs_it() {
    let folder = Folder::new();
    for name in ["a.dump", "a.log"] {
        std::fs::write(folder.file(name), "").unwrap();
    }
    let mut command = command("init::play", "cleanup");
    command.env(DIR, folder.path()).stdin(Stdio::piped());
    let mut process = Running::start(command);
    let line = process.read_until("an old file was deleted");
    assert!(line.contains("a.dump"), "{line}");
    drop(process.0.stdin.take());
    assert!(process.0.wait().unwrap().success());
    assert_eq!(folder.names(), ["a.log"]);
}

fn recorder() {
    let recorder = LoggingRecorder::default();
    let _logging = json().recorder(recorder.clone()).init().unwrap();
    tracing::warn!("first");
    tracing::warn!("second");
    tracing::info!(counted = recorder.counted(), "end");
}

#[test]
fn a_recorder_that_logs_is_not_called_again_by_its_own_lines() {
    let lines = played("recorder").lines();
    let own = "the counter logs";
    assert_eq!(messages(&lines)[..5], ["first", own, "second", own, "end"]);
    // The line of the first count is counted with the second one. That of the second waits for the next.
    assert_eq!(lines[4]["counted"], 3);
}

fn log_records() {
    let logging = json().filter("info,noisy=off").init().unwrap();
    log::info!(target: "driver", "connected to {}", "db");
    log::debug!("not yet");
    log::error!(target: "noisy", "left out");
    assert_eq!(log::max_level(), log::LevelFilter::Info);
    logging.level().set("debug").unwrap();
    assert_eq!(log::max_level(), log::LevelFilter::Debug);
    log::debug!(target: "driver", "now");
}

#[test]
fn records_of_the_log_crate_become_events_that_the_filter_decides() {
    let lines = played("log records").lines();
    let seen = lines
        .iter()
        .map(|line| (&line["level"], &line["logger"], &line["message"]));
    let seen: Vec<_> = seen
        .map(|(level, logger, message)| {
            [level, logger, message].map(|value| value.as_str().unwrap())
        })
        .collect();
    assert_eq!(
        seen,
        [
            ["INFO", "driver", "connected to db"],
            [
                "INFO",
                "tower_vitals::log_level",
                "the log filter was changed"
            ],
            ["DEBUG", "driver", "now"],
        ]
    );
}

struct Own(Arc<AtomicU64>);

impl log::Log for Own {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, _: &log::Record<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn flush(&self) {}
}

fn own_logger() {
    let records = Arc::<AtomicU64>::default();
    log::set_boxed_logger(Box::new(Own(Arc::clone(&records)))).unwrap();
    log::set_max_level(log::LevelFilter::Warn);
    let logging = json().init().unwrap();
    logging.level().set("trace").unwrap();
    log::warn!("one");
    assert_eq!(records.load(Ordering::Relaxed), 1);
    assert_eq!(
        log::max_level(),
        log::LevelFilter::Warn,
        "the service's own"
    );
}

#[test]
fn a_logger_of_the_service_stays() {
    let lines = played("own logger").lines();
    assert_eq!(messages(&lines)[0], "the log filter was changed");
}

fn text() {
    let _logging = Logging::builder().console(Console::Stderr).init().unwrap();
    tracing::warn!(user = "ann", "a\nb \x1b[31mred");
}

#[test]
fn lines_of_the_console_have_no_colours_in_a_pipe_and_one_line_an_event() {
    let stderr = played("text").stderr();
    let lines: Vec<_> = stderr.lines().filter(|line| line.contains("red")).collect();
    assert_eq!(lines.len(), 1, "{stderr}");
    assert!(
        lines[0].contains("WARN") && lines[0].contains("ann"),
        "{stderr}"
    );
    assert!(!stderr.contains('\x1b'), "{stderr:?}");
}

struct Seen(Arc<AtomicU64>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Seen {
    fn on_event(
        &self,
        _event: &tracing::Event<'_>,
        _context: tracing_subscriber::layer::Context<'_, S>,
    ) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn beside() {
    let seen = Arc::<AtomicU64>::default();
    let _logging = json()
        .filter("warn")
        .init_with(Seen(Arc::clone(&seen)))
        .unwrap();
    tracing::debug!("for the other layer");
    tracing::warn!("for both");
    tracing::warn!(seen = seen.load(Ordering::Relaxed), "end");
}

#[test]
fn another_layer_fits_beside_the_log_and_has_no_part_of_its_filter() {
    let lines = played("beside").lines();
    assert_eq!(messages(&lines), ["for both", "end"]);
    assert_eq!(lines[1]["seen"], 2);
}
