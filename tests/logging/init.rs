//! `init` sets what a process has once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use tower_vitals::ErrorKind;
use tower_vitals::telemetry::logging::{Console, Logging, LoggingBuilder};

use crate::child::{Played, command, scenario};
use crate::counters::LoggingRecorder;

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
        Some("recorder") => recorder(),
        Some("log records") => log_records(),
        Some("own logger") => own_logger(),
        Some("text") => text(),
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
