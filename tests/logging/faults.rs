//! Disks that are full, folders that vanish, files that others move: losses are reported and counted, and logging goes on.

use std::fs;
use std::process::Command;
use std::time::Duration;

use tower_vitals::telemetry::logging::FileSink;

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
#[ignore = "needs root"]
fn faults_are_logged_elsewhere_when_they_start_and_when_they_end() {
    let disk = Disk::mount("logging-told").unwrap();
    let sink = FileSink::builder(disk.path().join("a.log")).open().unwrap();
    warn_and_flush(&sink, "one");
    let log = Log::global();
    disk.fill();
    for _ in 0..100 {
        warn(&sink, &"x".repeat(4000));
    }
    eventually(|| log.count("a log file cannot be written; its lines wait in memory") == 1);
    disk.free();
    assert!(sink.flush(TIMEOUT));
    eventually(|| log.count("a log file is written again") == 1);
    assert_eq!(log.count("No space left on device"), 1);
    assert_eq!(sink.shutdown(TIMEOUT), 0);
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
    // An open file stays writable in Linux, whatever becomes of its permissions. So it is closed first.
    let sink = FileSink::builder(logs.join("b.log")).open().unwrap();
    warn_and_flush(&sink, "one");
    set_attribute("+i", &logs.join("b.log"));
    sink.reopen();
    warn_and_flush(&sink, "two");
    set_attribute("-i", &logs.join("b.log"));
    assert_eq!(folder.text("logs/b.log"), "one\ntwo\n");
    assert_eq!((sink.shutdown(TIMEOUT), sink.lost()), (0, 0));
}

#[test]
fn a_file_that_was_moved_is_left_and_the_next_line_goes_to_a_new_one() {
    let folder = Folder::new();
    let sink = FileSink::builder(folder.file("a.log")).open().unwrap();
    warn_and_flush(&sink, "one");
    fs::rename(folder.file("a.log"), folder.file("moved")).unwrap();
    warn_and_flush(&sink, "two");
    assert_eq!(folder.text("moved"), "one\n");
    assert_eq!(folder.text("a.log"), "two\n");
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

/// Runs the real `logrotate` many times while lines are written. Returns the lines of all files that it left, oldest first.
fn log_under_logrotate(options: &str) -> Option<(String, usize)> {
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
    let text = names
        .filter_map(|name| fs::read_to_string(name).ok())
        .collect();
    Some((text, count))
}

#[test]
fn nothing_is_lost_when_logrotate_moves_the_file() {
    for options in ["nocreate", "create"] {
        let Some((text, count)) = log_under_logrotate(options) else {
            return;
        };
        assert_eq!(assert_lines_or_reports(&text, count, 0), 0);
    }
}

#[test]
fn no_line_is_torn_when_logrotate_copies_and_truncates_the_file() {
    let Some((text, count)) = log_under_logrotate("copytruncate") else {
        return;
    };
    // It loses the lines between its copy and its truncation, and nobody can know them. Each that is left is whole.
    assert!(text.lines().count() <= count);
    let mut next = 0;
    for found in text.lines() {
        let number: usize = found[..8].parse().unwrap();
        assert_eq!(found, line(number));
        assert!(number >= next, "{number} after {next}");
        next = number + 1;
    }
}
