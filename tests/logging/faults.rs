//! Disks that are full, folders that vanish, files that others move: losses are reported and counted, and logging goes on.

use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tower_vitals::telemetry::logging::FileSink;

use crate::counters::FaultyRecorder;
use crate::folder::{Folder, TIMEOUT, eventually, warn, warn_and_flush};
use crate::support::disk::Disk;
use crate::support::log::Log;
use crate::support::recorder;

const DROPPED: &str = "monitoring_log_lines_dropped_total";

fn line(number: usize) -> String {
    format!("{number:08} {}", "x".repeat(number % 300))
}

/// Asserts that the text has these lines in order, some of them missing and as many reported, and nothing else. Returns the number
/// of reports.
#[track_caller]
fn assert_lines_or_reports(text: &str, count: usize, lost: u64) -> usize {
    assert!(text.ends_with('\n'));
    let (mut next, mut reported, mut reports) = (0, 0, 0);
    for found in text.lines() {
        if let Some((_, report)) = found.split_once("  WARN tower_vitals::telemetry::logging: ") {
            reported += report.split_once(' ').unwrap().0.parse::<u64>().unwrap();
            reports += 1;
            continue;
        }
        let number: usize = found[..8].parse().unwrap();
        assert_eq!(found, line(number), "a torn line");
        assert!(number >= next, "{number} after {next}");
        next = number + 1;
    }
    assert!(next <= count);
    assert_eq!(reported, lost);
    assert_eq!(
        text.lines().count() - reports,
        count - usize::try_from(lost).unwrap()
    );
    reports
}

#[test]
#[ignore = "needs root"]
fn a_full_disk_loses_lines_only_when_the_queue_is_full_and_reports_them_once() {
    let disk = Disk::mount("logging").unwrap();
    let path = disk.path().join("a.log");
    let (recorder, reader) = recorder();
    let sink = FileSink::builder(&path)
        .max_bytes(0)
        .queue_bytes(1024 * 1024)
        .block_when_full(TIMEOUT)
        .recorder(recorder)
        .open()
        .unwrap();
    let mut count = 0;
    let mut write = |lines: usize| {
        for _ in 0..lines {
            warn(&sink, &line(count));
            count += 1;
        }
    };
    write(1000);
    assert!(sink.flush(TIMEOUT));
    disk.fill();
    // The lines fit into the queue and wait there. Nobody waits for them.
    write(1000);
    assert!(!sink.flush(Duration::from_millis(200)));
    assert_eq!(sink.lost(), 0);
    disk.free();
    assert!(sink.flush(TIMEOUT));
    // More lines than the queue takes. The callers do not wait, although they would for a slow disk.
    disk.fill();
    write(20_000);
    assert!(!sink.flush(Duration::from_millis(200)));
    let lost = sink.lost();
    assert!(lost > 5_000, "{lost}");
    disk.free();
    assert!(sink.flush(TIMEOUT));
    write(1000);
    assert_eq!(sink.shutdown(TIMEOUT), 0);
    assert_eq!(sink.lost(), lost);
    assert_eq!(reader.take().counter(DROPPED, &[("sink", "a")]), lost);
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(assert_lines_or_reports(&text, count, lost), 1);
    let report = text.lines().find(|line| line.contains("WARN")).unwrap();
    assert!(report.ends_with(" lines of this log were lost: the file could not be written: No space left on device (os error 28)"), "{report}");
}

#[test]
#[ignore = "needs root"]
fn a_shutdown_on_a_full_disk_ends_at_its_timeout_and_tells_what_is_lost() {
    let disk = Disk::mount("logging-shutdown").unwrap();
    let path = disk.path().join("a.log");
    let sink = FileSink::builder(&path).open().unwrap();
    warn_and_flush(&sink, &line(0));
    disk.fill();
    for number in 1..=1000 {
        warn(&sink, &line(number));
    }
    let lost = sink.shutdown(Duration::from_millis(200));
    // A page that the file has already may take some lines.
    let written = fs::read_to_string(&path).unwrap();
    assert!(written.ends_with('\n'));
    assert_eq!(written.lines().count() as u64, 1001 - lost);
    assert!(
        written
            .lines()
            .enumerate()
            .all(|(number, found)| found == line(number))
    );
    assert_eq!(sink.lost(), lost);
    // Nobody waits for a sink that was dropped, so its thread ends, too.
    let path = disk.path().join("b.log");
    let dropped = FileSink::builder(&path).open().unwrap();
    for number in 0..1000 {
        warn(&dropped, &line(number));
    }
    drop(dropped);
    eventually(|| FileSink::builder(&path).open().is_ok());
}

#[test]
fn faults_are_logged_elsewhere_when_they_start_and_when_they_end() {
    let folder = Folder::new();
    let logs = folder.file("logs");
    let sink = FileSink::builder(logs.join("a.log")).open().unwrap();
    warn_and_flush(&sink, "one");
    let log = Log::global();
    fs::remove_dir_all(&logs).unwrap();
    fs::write(&logs, "").unwrap();
    warn(&sink, "two");
    let failing = "a log file cannot be written; its lines wait in memory";
    eventually(|| log.count(failing) == 1);
    fs::remove_file(&logs).unwrap();
    assert!(sink.flush(TIMEOUT));
    eventually(|| log.count("a log file is written again") == 1);
    assert_eq!(log.count(failing), 1);
    // Another process writes to the file, too.
    let shared = "another process writes to a log file, too";
    assert_eq!(log.count(shared), 0);
    for line in ["three", "four"] {
        warn_and_flush(&sink, line);
        let mut file = fs::OpenOptions::new()
            .append(true)
            .open(logs.join("a.log"))
            .unwrap();
        file.write_all(b"of another process\n").unwrap();
    }
    warn_and_flush(&sink, "five");
    eventually(|| log.count(shared) == 1);
    let text = "two\nthree\nof another process\nfour\nof another process\nfive\n";
    assert_eq!(folder.text("logs/a.log"), text);
    assert_eq!((sink.shutdown(TIMEOUT), sink.lost()), (0, 0));
}

#[test]
fn a_panic_in_the_line_of_a_loss_ends_no_file() {
    let folder = Folder::new();
    let calls = Arc::<AtomicU64>::default();
    let counted = Arc::clone(&calls);
    let sink = FileSink::builder(folder.file("a.log"))
        .queue_bytes(1024 * 1024)
        .loss_line(move |loss| {
            assert!(counted.fetch_add(1, Ordering::Relaxed) > 0, "no line");
            format!("{} lost", loss.lines)
        })
        .open()
        .unwrap();
    warn(&sink, &"too long".repeat(1024 * 1024));
    warn(&sink, "before");
    eventually(|| calls.load(Ordering::Relaxed) == 1);
    warn_and_flush(&sink, "after");
    warn(&sink, &"too long".repeat(1024 * 1024));
    assert_eq!((sink.lost(), sink.shutdown(TIMEOUT)), (2, 0));
    assert_eq!(folder.text("a.log"), "before\nafter\n1 lost\n");
}

#[test]
fn a_panic_in_the_recorder_ends_no_file_and_later_losses_are_counted() {
    let folder = Folder::new();
    let recorder = FaultyRecorder::default();
    let sink = FileSink::builder(folder.file("a.log"))
        .queue_bytes(1024 * 1024)
        .recorder(recorder.clone())
        .open()
        .unwrap();
    for _ in 0..3 {
        // The first time, the recorder panics in this thread.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            warn(&sink, &"too long".repeat(1024 * 1024));
        }));
    }
    warn_and_flush(&sink, "after");
    assert_eq!((sink.lost(), recorder.counted()), (3, 2));
    assert_eq!(sink.shutdown(TIMEOUT), 0);
    assert!(folder.text("a.log").contains("after\n"));
}

#[test]
fn a_file_that_was_deleted_is_made_again_and_no_later_line_is_lost() {
    let folder = Folder::new();
    let sink = FileSink::builder(folder.file("logs/a.log")).open().unwrap();
    warn_and_flush(&sink, "one");
    fs::remove_file(folder.file("logs/a.log")).unwrap();
    warn_and_flush(&sink, "two");
    assert_eq!(folder.text("logs/a.log"), "two\n");
    fs::remove_dir_all(folder.file("logs")).unwrap();
    warn_and_flush(&sink, "three");
    assert_eq!(folder.text("logs/a.log"), "three\n");
    assert_eq!((sink.shutdown(TIMEOUT), sink.lost()), (0, 0));
}

#[test]
fn lines_wait_while_a_file_is_in_the_place_of_the_folder() {
    let folder = Folder::new();
    let sink = FileSink::builder(folder.file("logs/a.log")).open().unwrap();
    warn_and_flush(&sink, "one");
    fs::remove_dir_all(folder.file("logs")).unwrap();
    fs::write(folder.file("logs"), "").unwrap();
    warn(&sink, "two");
    assert!(!sink.flush(Duration::from_millis(100)));
    warn(&sink, "three");
    fs::remove_file(folder.file("logs")).unwrap();
    assert!(sink.flush(TIMEOUT));
    assert_eq!(folder.text("logs/a.log"), "two\nthree\n");
    assert_eq!((sink.shutdown(TIMEOUT), sink.lost()), (0, 0));
}

/// Root may do anything, except change a file with this attribute.
fn set_attribute(attribute: &str, path: &std::path::Path) {
    let status = Command::new("chattr")
        .arg(attribute)
        .arg(path)
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
#[ignore = "needs root"]
fn without_permission_to_rotate_the_file_is_written_further_and_without_permission_to_write_lines_wait()
 {
    let folder = Folder::new();
    let logs = folder.file("logs");
    let sink = FileSink::builder(logs.join("a.log"))
        .max_bytes(10)
        .open()
        .unwrap();
    warn_and_flush(&sink, "12345678");
    // Nothing in the folder can be renamed or made.
    set_attribute("+i", &logs);
    warn_and_flush(&sink, "abcdefgh");
    warn_and_flush(&sink, "ABCDEFGH");
    set_attribute("-i", &logs);
    assert_eq!(folder.text("logs/a.log"), "12345678\nabcdefgh\nABCDEFGH\n");
    // It is rotated once a second has passed since the attempt that failed.
    let mut count = 3;
    eventually(|| {
        warn_and_flush(&sink, "after");
        folder.file("logs/a.log.1").exists()
    });
    count += folder
        .text("logs/a.log.1")
        .lines()
        .filter(|line| *line == "after")
        .count();
    assert_eq!(folder.text("logs/a.log.1").lines().count(), count);
    assert_eq!(sink.shutdown(TIMEOUT), 0);
    let sink = FileSink::builder(logs.join("b.log")).open().unwrap();
    warn_and_flush(&sink, "one");
    set_attribute("+i", &logs.join("b.log"));
    warn(&sink, "two");
    let is_written = sink.flush(Duration::from_millis(100));
    set_attribute("-i", &logs.join("b.log"));
    assert!(!is_written);
    assert!(sink.flush(TIMEOUT));
    assert_eq!(folder.text("logs/b.log"), "one\ntwo\n");
    assert_eq!((sink.shutdown(TIMEOUT), sink.lost()), (0, 0));
}

#[test]
fn a_file_that_was_moved_is_left_and_the_next_line_goes_to_a_new_one() {
    let folder = Folder::new();
    let sink = FileSink::builder(folder.file("a.log")).open().unwrap();
    warn_and_flush(&sink, "one");
    fs::rename(folder.file("a.log"), folder.file("moved")).unwrap();
    // For a moment, the sink waits for others to make the new file.
    let count = std::cell::Cell::new(1);
    eventually(|| {
        warn_and_flush(&sink, "two");
        count.set(count.get() + 1);
        folder.file("a.log").exists()
    });
    assert_eq!(folder.text("a.log"), "two\n");
    assert_eq!(folder.text("moved").lines().count(), count.get() - 1);
    // A new file is there already, as `create` of logrotate makes it.
    fs::rename(folder.file("a.log"), folder.file("moved")).unwrap();
    fs::write(folder.file("a.log"), "").unwrap();
    warn_and_flush(&sink, "three");
    assert_eq!(folder.text("moved"), "two\n");
    assert_eq!(folder.text("a.log"), "three\n");
    // A signal opens it without a line.
    fs::rename(folder.file("a.log"), folder.file("moved")).unwrap();
    sink.reopen();
    eventually(|| folder.file("a.log").exists());
    assert_eq!((sink.shutdown(TIMEOUT), sink.lost()), (0, 0));
}

#[test]
fn a_truncated_file_goes_on_from_its_new_end() {
    let folder = Folder::new();
    let sink = FileSink::builder(folder.file("a.log"))
        .max_bytes(10)
        .open()
        .unwrap();
    warn_and_flush(&sink, "1234567");
    // `copytruncate` of logrotate.
    fs::copy(folder.file("a.log"), folder.file("copy")).unwrap();
    fs::OpenOptions::new()
        .write(true)
        .open(folder.file("a.log"))
        .unwrap()
        .set_len(0)
        .unwrap();
    warn_and_flush(&sink, "abc");
    assert_eq!(folder.text("copy"), "1234567\n");
    // No gap of zeros, and no rotation, because there was room.
    assert_eq!(folder.text("a.log"), "abc\n");
    assert_eq!(folder.names(), ["a.log", "copy"]);
    assert_eq!(sink.shutdown(TIMEOUT), 0);
}

/// Runs the real `logrotate` many times while lines are written. Returns the texts of all files that it left, oldest first, and the number of
/// lines that were written.
fn log_under_logrotate(options: &str) -> Option<(Vec<String>, usize)> {
    if Command::new("logrotate").arg("--version").output().is_err() {
        println!("left out, because there is no logrotate");
        return None;
    }
    let folder = Folder::new();
    let logs = folder.file("logs");
    let sink = FileSink::builder(logs.join("a.log"))
        .max_bytes(0)
        .open()
        .unwrap();
    let config = folder.file("logrotate.conf");
    let text = format!(
        "{}/a.log {{\n  rotate 100\n  missingok\n  {options}\n}}\n",
        logs.display()
    );
    fs::write(&config, text).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let count = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut count = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                warn(&sink, &line(count));
                count += 1;
                if count % 10 == 0 {
                    assert!(sink.flush(TIMEOUT));
                }
            }
            count
        });
        for _ in 0..20 {
            let output = Command::new("logrotate")
                .args(["--force", "--state"])
                .arg(folder.file("state"))
                .arg(&config)
                .output()
                .unwrap();
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        writer.join().unwrap()
    });
    assert_eq!((sink.shutdown(TIMEOUT), sink.lost()), (0, 0));
    let numbers = (0..=20).rev();
    let names = numbers.map(|number| {
        if number == 0 {
            logs.join("a.log")
        } else {
            logs.join(format!("a.log.{number}"))
        }
    });
    let texts = names
        .filter_map(|name| fs::read_to_string(name).ok())
        .collect();
    Some((texts, count))
}

#[test]
fn nothing_is_lost_when_logrotate_moves_the_file() {
    for options in ["nocreate", "create"] {
        let Some((texts, count)) = log_under_logrotate(options) else {
            return;
        };
        assert_eq!(assert_lines_or_reports(&texts.concat(), count, 0), 0);
    }
}

#[test]
fn no_line_is_torn_in_a_file_that_logrotate_copies_and_truncates() {
    let Some((texts, count)) = log_under_logrotate("copytruncate") else {
        return;
    };
    let (last, copies) = texts.split_last().unwrap();
    assert!(last.is_empty() || last.ends_with('\n'));
    assert!(!copies.is_empty());
    // It loses the lines between its copy and its truncation, which nobody can know, and may copy half of one that is just written.
    let mut next = 0;
    for text in &texts {
        for found in text.split_inclusive('\n').filter(|line| line.len() >= 8) {
            let number: usize = found[..8].parse().unwrap();
            let expected = format!("{}\n", line(number));
            let is_copied_in_part = !found.ends_with('\n') && expected.starts_with(found);
            assert!(
                found == expected || is_copied_in_part,
                "{found:?} {expected:?}"
            );
            assert!(number >= next, "{number} after {next}");
            next = number + 1;
        }
    }
    assert!(next <= count);
}
