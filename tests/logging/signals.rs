//! Signals: SIGTERM under load, and SIGHUP after a file was moved.

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tower_vitals::telemetry::logging::{Console, Logging, LoggingHandle};

use crate::child::{Running, command, scenario};
use crate::folder::{Folder, eventually};

const DIR: &str = "LOGGING_DIR";
const TASKS: usize = 4;
const DEADLINE: Duration = Duration::from_secs(5);

/// Plays the scenario in a process of its own.
#[test]
fn play() {
    match scenario().as_deref() {
        Some("load") => runtime().block_on(load()),
        Some("moved") => {
            let runtime = runtime();
            let _entered = runtime.enter();
            moved(logging());
        }
        Some("drop") => dropped(),
        // It has no IO driver. It ends before the log.
        Some("small runtime") => {
            let builder = &mut tokio::runtime::Builder::new_current_thread();
            let runtime = builder.enable_time().build().unwrap();
            let logging = runtime.block_on(async { logging() });
            drop(runtime);
            moved(logging);
        }
        Some("no runtime") => moved(logging()),
        _ => {}
    }
}

fn started(scenario: &str, folder: &Folder) -> Command {
    let mut command = command("signals::play", scenario);
    command.env(DIR, folder.path());
    command
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}

/// Files that are not rotated, so that each line can be found again.
fn logging() -> LoggingHandle {
    let folder = PathBuf::from(std::env::var_os(DIR).unwrap());
    let logging = Logging::builder()
        .console(Console::Off)
        .folder(folder)
        .json_file(true);
    logging.files(|file| file.max_bytes(0)).init().unwrap()
}

fn signal(name: &str, process: &Running) {
    let killed = Command::new("kill")
        .args([name, &process.0.id().to_string()])
        .status();
    assert!(killed.unwrap().success());
}

/// Tasks log without a pause until the process ends. At SIGTERM, the numbers of the lines that each has logged are printed, then
/// the log is shut down.
async fn load() {
    let logging = logging();
    let logged: Arc<[AtomicU64; TASKS]> = Arc::default();
    for task in 0..TASKS {
        let logged = Arc::clone(&logged);
        tokio::spawn(async move {
            for number in 1.. {
                tracing::warn!(task, number, "under load");
                logged[task].store(number, Ordering::Release);
                if number % 20 == 0 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        });
    }
    let mut terminate =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap();
    eprintln!("ready");
    terminate.recv().await;
    let before = logged.each_ref().map(|count| count.load(Ordering::Acquire));
    let started = Instant::now();
    let result = logging.shutdown(DEADLINE);
    let elapsed = started.elapsed().as_secs_f64();
    let outcome = result.map_or_else(|error| error.to_string(), |()| "written".into());
    eprintln!(
        "{}",
        serde_json::json!({ "before": before, "outcome": outcome, "elapsed": elapsed })
    );
    std::process::exit(0);
}

#[test]
fn sigterm_under_load_loses_no_line_and_keeps_the_deadline() {
    let folder = Folder::new();
    let mut process = Running::start(started("load", &folder));
    process.read_until("ready");
    // Some hundred kB are on their way.
    eventually(|| {
        std::fs::metadata(folder.file("app.jsonl")).is_ok_and(|file| file.len() > 500_000)
    });
    signal("-TERM", &process);
    let end: Value = serde_json::from_str(&process.read_until("outcome")).unwrap();
    assert!(process.0.wait().unwrap().success());
    assert_eq!(end["outcome"], "written");
    assert!(
        end["elapsed"].as_f64().unwrap() < DEADLINE.as_secs_f64(),
        "{end}"
    );

    let mut json = [0; TASKS];
    for line in folder.text("app.jsonl").lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["message"] != "under load" {
            // The other file is closed before this one, and loses the lines of that moment.
            let message = line["message"].as_str().unwrap();
            assert!(message.contains("lost"), "{line}");
            continue;
        }
        let task = usize::try_from(line["task"].as_u64().unwrap()).unwrap();
        json[task] += 1;
        assert_eq!(line["number"], json[task], "no line is missing or twice");
    }
    let text = folder.text("alerts.log");
    assert!(text.ends_with('\n'));
    for (task, count) in json.into_iter().enumerate() {
        let before = end["before"][task].as_u64().unwrap();
        assert!(before > 100 && count >= before, "{count} of {before}");
        let task = format!(" task={task} ");
        let count = text.lines().filter(|line| line.contains(&task)).count() as u64;
        assert!(count >= before, "{count} of {before}");
    }
}

/// Logs each line of its input, and answers once it is in the files.
fn moved(logging: LoggingHandle) {
    eprintln!("ready");
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        tracing::warn!("{line}");
        logging.flush(Duration::from_secs(60)).unwrap();
        eprintln!("logged {line}");
    }
    logging.shutdown(DEADLINE).unwrap();
}

#[test]
fn sighup_opens_moved_files_again_whatever_the_runtime_is() {
    for scenario in ["moved", "small runtime", "no runtime"] {
        assert_sighup_opens_moved_files(scenario);
    }
}

fn assert_sighup_opens_moved_files(scenario: &str) {
    let folder = Folder::new();
    let mut command = started(scenario, &folder);
    let mut process = Running::start({
        command.stdin(Stdio::piped());
        command
    });
    process.read_until("ready");
    let mut stdin = process.0.stdin.take().unwrap();
    let mut log = |process: &mut Running, line: &str| {
        writeln!(stdin, "{line}").unwrap();
        process.read_until(&format!("logged {line}"));
    };
    log(&mut process, "one");
    for name in ["alerts.log", "app.jsonl"] {
        std::fs::rename(folder.file(name), folder.file(&format!("{name}.moved"))).unwrap();
    }
    signal("-HUP", &process);
    // Before another warning.
    eventually(|| {
        ["alerts.log", "app.jsonl"]
            .iter()
            .all(|name| folder.file(name).exists())
    });
    log(&mut process, "two");
    drop(stdin);
    assert!(process.0.wait().unwrap().success());
    let messages = |name: &str| {
        let text = folder.text(name);
        let lines = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .map(|line| line["message"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(messages("app.jsonl.moved"), ["one"]);
    assert_eq!(
        messages("app.jsonl"),
        ["the log files are opened again because of SIGHUP", "two"]
    );
    assert_eq!(folder.text("alerts.log.moved").lines().count(), 1);
    assert_eq!(folder.text("alerts.log").lines().count(), 1);
}

const DROPPED: u64 = 20_000;

fn dropped() {
    let logging = logging();
    for number in 0..DROPPED {
        tracing::warn!(number, "before the end");
    }
    drop(logging);
    // Leaves the files no further moment.
    std::process::exit(0);
}

#[test]
fn a_dropped_handle_writes_all_lines() {
    let folder = Folder::new();
    assert!(started("drop", &folder).output().unwrap().status.success());
    for name in ["alerts.log", "app.jsonl"] {
        assert_eq!(folder.text(name).lines().count() as u64, DROPPED, "{name}");
    }
}
