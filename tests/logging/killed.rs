//! A process that is killed while it logs. This binary starts itself as that process.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use tower_vitals::telemetry::logging::FileSink;

use crate::folder::{Folder, TIMEOUT, warn};

const PATH: &str = "KILLED_LOG_PATH";

/// The process. A run without the variable, as one of the tests, does nothing.
#[test]
fn service() {
    let Ok(path) = std::env::var(PATH) else {
        return;
    };
    let sink = FileSink::builder(path)
        .backups(1000)
        .max_bytes(100_000)
        .open()
        .unwrap();
    for number in 0.. {
        warn(&sink, &line(number));
        if number % 1000 == 0 {
            assert!(sink.flush(TIMEOUT));
            println!("\nflushed {number}");
        }
    }
}

fn line(number: usize) -> String {
    format!("{number:08} {}", "x".repeat(number % 300))
}

/// The lines of all files, in order. A kill in the middle of a rotation leaves a number free.
fn lines(folder: &Folder) -> Vec<String> {
    let number = |name: &String| match name.strip_prefix("a.log.") {
        Some(number) => number.parse().unwrap(),
        None => 0,
    };
    let mut names = folder.names();
    names.sort_by_key(|name| std::cmp::Reverse(number(name)));
    let text: String = names.iter().map(|name| folder.text(name)).collect();
    text.lines().map(str::to_owned).collect()
}

fn run_and_kill(path: &Path) -> usize {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::service", "--nocapture"])
        .env(PATH, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut flushed = output
        .lines()
        .filter_map(|line| line.unwrap().strip_prefix("flushed ")?.parse().ok());
    let last = flushed.nth(20).unwrap();
    // SIGKILL
    child.kill().unwrap();
    child.wait().unwrap();
    flushed.last().unwrap_or(last)
}

#[test]
fn lines_that_were_flushed_survive_a_kill_and_no_line_before_the_last_is_torn() {
    let folder = Folder::new();
    let flushed: usize = run_and_kill(&folder.file("a.log"));
    assert!(flushed >= 20_000);
    let found = lines(&folder);
    assert!(found.len() > flushed, "{} {flushed}", found.len());
    let (last, whole) = found.split_last().unwrap();
    for (number, found) in whole.iter().enumerate() {
        assert_eq!(*found, line(number));
    }
    // The kernel may stop in the middle of a write.
    assert!(line(whole.len()).starts_with(last), "{last}");
    // The next process ends that line before it writes its own ones.
    let sink = FileSink::builder(folder.file("a.log"))
        .backups(1000)
        .max_bytes(100_000)
        .open()
        .unwrap();
    warn(&sink, "next");
    assert_eq!(sink.shutdown(TIMEOUT), 0);
    let after = lines(&folder);
    assert_eq!(after[..found.len()], found);
    assert_eq!(after[found.len()..], ["next"]);
}
