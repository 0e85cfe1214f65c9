//! Two files share the time of a shutdown and the memory of the queues.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tower_vitals::telemetry::logging::{Console, Logging};
use tracing_subscriber::layer::SubscriberExt;

use crate::folder::Folder;

#[cfg(unix)]
#[test]
fn a_file_that_hangs_takes_no_time_of_the_shutdown_from_another() {
    let folder = Folder::new();
    let pipe = folder.file("alerts.log");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let (layer, logging) = Logging::builder()
        .console(Console::Off)
        .folder(folder.path())
        .json_file(true)
        .layer()
        .unwrap();
    let dispatch = tracing::Dispatch::new(tracing_subscriber::registry().with(layer));
    let (is_shut_down, text) = (AtomicBool::new(false), "x".repeat(4000));
    let log = || tracing::dispatcher::with_default(&dispatch, || tracing::warn!("{text}"));
    // Nobody reads the pipe, which holds 64 KiB.
    (0..100).for_each(|_| log());
    let result = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_shut_down.load(Ordering::Relaxed) {
                log();
            }
        });
        let result = logging.shutdown(Duration::from_millis(200));
        is_shut_down.store(true, Ordering::Relaxed);
        result
    });
    let error = result.unwrap_err().to_string();
    assert!(error.contains("alerts.log lost"), "{error}");
    assert!(!error.contains("app.jsonl"), "{error}");
}

#[test]
fn the_queues_of_both_files_take_less_than_32_mib() {
    let folder = Folder::new();
    let queues = Arc::<Mutex<Vec<String>>>::default();
    let seen = Arc::clone(&queues);
    let (_, logging) = Logging::builder()
        .console(Console::Off)
        .folder(folder.path())
        .json_file(true)
        .files(move |file| {
            let text = format!("{file:?}");
            let bytes = text.split_once(" bytes: ").unwrap().1;
            let bytes = bytes.split_once(',').unwrap().0;
            seen.lock().unwrap().push(bytes.to_owned());
            file
        })
        .layer::<tracing_subscriber::Registry>()
        .unwrap();
    drop(logging);
    let mib = |number: u32| (number * 1024 * 1024).to_string();
    let mut queues = queues.lock().unwrap().clone();
    queues.sort_unstable();
    assert_eq!(queues, [mib(27), mib(4)]);
}
