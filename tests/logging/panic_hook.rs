//! Panics are logged, then the former hook is called.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

use tower_vitals::telemetry::logging::{Console, LineSink, Logging};
use tracing::{Event, Level};
use tracing_subscriber::layer::{Context, Layer};

use crate::child::{Played, command, scenario};
use crate::folder::eventually;
use crate::init::json;

/// Plays the scenario in a process of its own.
#[test]
fn play() {
    match scenario().as_deref() {
        Some("panics") => panics(),
        Some("opt-out") => opt_out(),
        Some("panic in a line") => panic_in_a_line(),
        Some("panic in a sink") => panic_in_a_sink(),
        Some("panic in another layer") => panic_in_another_layer(),
        Some("panic in a layer that formats") => panic_in_a_layer_that_formats(),
        _ => {}
    }
}

fn played(scenario: &str, backtrace: &str) -> Played {
    let mut command = command("panic_hook::play", scenario);
    command.env("RUST_BACKTRACE", backtrace);
    Played::of(command)
}

/// The panics that reached the former hook.
static FORMERS: AtomicUsize = AtomicUsize::new(0);

fn former_hook() {
    std::panic::set_hook(Box::new(|info| {
        eprintln!("former hook: {}", info.payload_as_str().unwrap());
        FORMERS.fetch_add(1, Ordering::SeqCst);
    }));
}

/// A thread that panics.
fn in_thread(name: &str, panics: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(panics)
        .unwrap();
    thread.join().unwrap_err();
}

fn panics() {
    former_hook();
    let _logging = json().init().unwrap();
    in_thread("worker", || {
        let _span = tracing::info_span!("order", id = 7).entered();
        panic!("no {}", "stock");
    });
    tracing::info!("goes on");
}

#[test]
fn a_panic_is_an_error_in_the_log_and_reaches_the_former_hook() {
    let played = played("panics", "0");
    let lines = played.lines();
    let panic = &lines[0];
    assert_eq!(panic["level"], "ERROR");
    assert_eq!(panic["logger"], "panic");
    assert_eq!(panic["message"], "a thread panicked");
    assert_eq!(panic["exception"]["message"], "no stock");
    assert_eq!(panic["panic.thread"], "worker");
    assert_eq!(panic["function"], "order");
    assert_eq!(panic["id"], 7);
    let location = panic["panic.location"].as_str().unwrap();
    assert!(
        location.starts_with("tests/logging/panic_hook.rs:"),
        "{location}"
    );
    assert_eq!(lines[1]["message"], "goes on");
    assert!(
        played.stderr().contains("former hook: no stock\n"),
        "{}",
        played.stderr()
    );
}

#[test]
fn a_backtrace_is_logged_if_rust_backtrace_asks_for_it() {
    let line = |backtrace| played("panics", backtrace).lines().remove(0).to_string();
    assert!(!line("0").contains("panic_hook::panics"));
    let with = line("1");
    assert!(with.contains("panic_hook::panics"), "{with}");
}

fn opt_out() {
    former_hook();
    let _logging = json().panic_hook(false).init().unwrap();
    in_thread("worker", || panic!("no stock"));
}

#[test]
fn the_hook_is_not_set_if_the_service_says_so() {
    let played = played("opt-out", "0");
    assert_eq!(played.lines().len(), 0);
    assert!(
        played.stderr().contains("former hook: no stock\n"),
        "{}",
        played.stderr()
    );
}

/// A value that cannot be logged.
struct Faulty;

impl fmt::Debug for Faulty {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("no form")
    }
}

fn panic_in_a_line() {
    former_hook();
    let _logging = json().init().unwrap();
    in_thread(
        "worker",
        || tracing::info!(value = ?Faulty, "never written"),
    );
    in_thread("worker", || {
        let _span = tracing::info_span!("span", value = ?Faulty).entered();
    });
    tracing::info!("goes on");
}

#[test]
fn a_panic_in_the_value_of_a_field_blocks_nothing() {
    let played = played("panic in a line", "0");
    let lines = played.lines();
    let messages: Vec<_> = lines.iter().map(|line| &line["message"]).collect();
    assert_eq!(*messages.last().unwrap(), "goes on", "{messages:?}");
    assert_eq!(played.stderr().matches("former hook: no form\n").count(), 2);
}

/// A sink that panics at some lines while it holds its lock.
struct FaultySink(Mutex<()>);

impl LineSink for FaultySink {
    fn write(&self, _level: Level, line: &[u8]) {
        let _locked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(!line.windows(6).any(|part| part == b"faulty"), "no place");
    }
}

fn panic_in_a_sink() {
    former_hook();
    let _logging = json()
        .json_lines_to(FaultySink(Mutex::new(())))
        .init()
        .unwrap();
    ends(|| {
        in_thread("worker", || tracing::info!("faulty"));
        in_thread("worker", || panic!("another panic"));
    });
    tracing::info!("goes on");
}

/// Ends the process if the function hangs.
fn ends(act: impl FnOnce() + Send + 'static) {
    let (sender, ended) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        act();
        drop(sender);
    });
    let ended = ended.recv_timeout(Duration::from_secs(20));
    if ended == Err(mpsc::RecvTimeoutError::Timeout) {
        eprintln!("the thread hangs");
        std::process::exit(1);
    }
}

#[test]
fn a_panic_in_a_sink_that_holds_its_lock_blocks_nothing() {
    let played = played("panic in a sink", "0");
    let lines = played.lines();
    let messages: Vec<_> = lines.iter().map(|line| &line["message"]).collect();
    assert_eq!(messages, ["faulty", "a thread panicked", "goes on"]);
    assert_eq!(lines[1]["exception"]["message"], "another panic");
    assert!(played.stderr().contains("former hook: no place\n"));
}

/// Panics at warnings while it holds its lock, and at each panic that is logged in turn.
struct FaultyLayer(Mutex<()>);

impl<S: tracing::Subscriber> Layer<S> for FaultyLayer {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let _locked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(*event.metadata().level() > Level::WARN, "no place");
    }
}

fn panic_in_another_layer() {
    former_hook();
    let _logging = json().init_with(FaultyLayer(Mutex::new(()))).unwrap();
    ends(|| {
        in_thread("worker", || {
            let _span = tracing::info_span!("order", id = 7).entered();
            tracing::warn!("never written");
        });
    });
    // A thread of its own logs the panic.
    eventually(|| FORMERS.load(Ordering::SeqCst) >= 3);
    tracing::info!("goes on");
}

/// A layer that panics holds its lock until its thread unwinds, and panics again at the line of the panic.
#[test]
fn a_panic_in_another_layer_blocks_nothing_and_ends_no_process() {
    let played = played("panic in another layer", "0");
    let lines = played.lines();
    assert_eq!(lines.last().unwrap()["message"], "goes on", "{lines:?}");
    // That of the event, and those of its line in the span and outside of it.
    let panics = played.stderr().matches("former hook: no place\n").count();
    assert_eq!(panics, 3, "{}", played.stderr());
}

/// Shows lines on standard error, and keeps them.
struct Shown;

static SHOWN: Mutex<String> = Mutex::new(String::new());

impl LineSink for Shown {
    fn write(&self, _level: Level, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        eprint!("{line}");
        SHOWN.lock().unwrap().push_str(&line);
    }
}

/// This layer formats values while it holds a lock of their span.
fn panic_in_a_layer_that_formats() {
    former_hook();
    let other = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
    let logging = Logging::builder().console(Console::Off);
    let _logging = logging.json_lines_to(Shown).init_with(other).unwrap();
    ends(|| {
        in_thread("worker", || {
            let span = tracing::info_span!("order", id = 7, value = tracing::field::Empty);
            let _entered = span.clone().entered();
            span.record("value", tracing::field::debug(Faulty));
        });
        in_thread("worker", || {
            let _span = tracing::info_span!("order", id = 8).entered();
            panic!("another panic");
        });
    });
    // Threads of their own log the panics.
    for message in ["no form", "another panic"] {
        eventually(|| SHOWN.lock().unwrap().contains(message));
    }
    tracing::info!("goes on");
}

#[test]
fn a_panic_in_a_layer_that_locks_the_span_is_logged() {
    let played = played("panic in a layer that formats", "0");
    let lines = played.lines();
    let seen = |message: &str| {
        lines
            .iter()
            .find(|line| line["exception"]["message"] == message)
    };
    // The lock of the span is poisoned, so it stands outside.
    let line = seen("no form").unwrap();
    assert_eq!(line["panic.thread"], "worker");
    let location = line["panic.location"].as_str().unwrap();
    assert!(
        location.starts_with("tests/logging/panic_hook.rs:"),
        "{location}"
    );
    let line = seen("another panic").unwrap();
    assert_eq!(
        (&line["function"], &line["id"]),
        (&"order".into(), &8.into())
    );
    let formers = played.stderr().matches("former hook: no form\n").count();
    assert_eq!(formers, 1, "{}", played.stderr());
}
