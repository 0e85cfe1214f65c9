//! A console that takes no more lines for a while: no line joins another, and those that are lost count.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write, pipe};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Stdio;

use tower_vitals::Prometheus;
use tower_vitals::telemetry::logging::Logging;

use crate::child::{command, scenario};

/// `O_NONBLOCK` of Linux on usual processors.
const NONBLOCK: i32 = 0o4000;

/// The same end of the pipe, which does not block.
fn without_waiting(end: &impl AsRawFd, options: &mut OpenOptions) -> File {
    let path = format!("/proc/self/fd/{}", end.as_raw_fd());
    options.custom_flags(NONBLOCK).open(path).unwrap()
}

/// More than a pipe takes.
const LINES: usize = 100;

/// Logs until standard output is full, and again once somebody has read.
#[test]
fn play() {
    if scenario().is_none() {
        return;
    }
    let prometheus = Prometheus::builder().build().unwrap();
    let builder = Logging::builder().recorder(prometheus.clone());
    let _logging = builder.init().unwrap();
    let part = "x".repeat(8000);
    for number in 0..LINES {
        tracing::info!(a = part, b = part, c = part, end = number, "full");
    }
    eprintln!("it is full");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    tracing::info!(end = LINES, "after");
    let labels = [("sink", "console")];
    let lost = prometheus
        .snapshot()
        .sum("monitoring_log_lines_dropped_total", &labels);
    eprintln!("lost {}", lost.unwrap_or(-1.0));
}

#[test]
fn a_line_that_was_cut_does_not_join_the_next_one_and_counts() {
    let (mut reader, writer) = pipe().unwrap();
    let output = without_waiting(&writer, File::options().write(true));
    drop(writer);
    let mut child = {
        let mut command = command("console::play", "full");
        command.stdin(Stdio::piped()).stdout(output);
        command.spawn().unwrap()
    };
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut read_until = |text: &str| {
        let mut line = String::new();
        while !line.starts_with(text) {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "{text}");
        }
        line
    };
    read_until("it is full");
    let mut text = Vec::new();
    let error = without_waiting(&reader, File::options().read(true))
        .read_to_end(&mut text)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"go on\n").unwrap();
    let lost = read_until("lost ");
    reader.read_to_end(&mut text).unwrap();
    assert!(child.wait().unwrap().success());

    let text = String::from_utf8(text).unwrap();
    let lines = text.lines().filter(|line| line.contains(" INFO "));
    let starts: Vec<_> = lines
        .clone()
        .map(|line| line.matches(" INFO ").count())
        .collect();
    assert!(starts.iter().all(|count| *count == 1), "{starts:?}");
    let whole: Vec<usize> = lines
        .filter_map(|line| line.rsplit_once(" end=")?.1.parse().ok())
        .collect();
    assert!(whole.is_sorted() && whole.ends_with(&[LINES]), "{whole:?}");
    assert!(whole.len() < LINES, "{whole:?}");
    assert_eq!(lost, format!("lost {}\n", LINES + 1 - whole.len()));
}
