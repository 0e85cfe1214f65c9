//! Rotation, compression, queue and shutdown of log files.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use tower_vitals::ErrorKind;
use tower_vitals::telemetry::logging::{FileSink, LineSink};
use tracing::Level;

use crate::folder::{Folder, TIMEOUT, eventually, warn, warn_and_flush};
use crate::support::recorder;

const DROPPED: &str = "monitoring_log_lines_dropped_total";

#[test]
fn forty_megabytes_leave_six_files_below_five_megabytes_and_only_rotation_loses_lines() {
    let folder = Folder::new();
    let sink = FileSink::builder(folder.file("alerts.log"))
        .block_when_full(TIMEOUT)
        .open()
        .unwrap();
    let line = |number: usize| format!("{number:07} {}", "x".repeat(30 + number % 150));
    let (mut bytes, mut count) = (0, 0);
    while bytes < 40_000_000 {
        let line = line(count);
        warn(&sink, &line);
        bytes += line.len() + 1;
        count += 1;
    }
    assert_eq!(sink.shutdown(TIMEOUT), 0);
    assert_eq!(sink.lost(), 0);
    let names = [
        "alerts.log",
        "alerts.log.1",
        "alerts.log.2",
        "alerts.log.3",
        "alerts.log.4",
        "alerts.log.5",
    ];
    assert_eq!(folder.names(), names);
    let mut text = String::new();
    for name in names.iter().rev() {
        let file = folder.text(name);
        assert!(file.len() < 5 * 1024 * 1024, "{name}: {}", file.len());
        let is_full = file.len() + 200 >= 5 * 1024 * 1024;
        assert!(is_full || *name == "alerts.log", "{name}: {}", file.len());
        text += &file;
    }
    // The newest lines, without a gap and whole.
    let kept = text.lines().count();
    assert!(text.ends_with('\n'));
    assert!(text.len() > 25 * 1024 * 1024);
    for (index, found) in text.lines().enumerate() {
        assert_eq!(found, line(count - kept + index));
    }
}

#[test]
fn a_line_that_would_reach_the_limit_goes_to_a_new_file() {
    let folder = Folder::new();
    let open = || {
        FileSink::builder(folder.file("a.log"))
            .max_bytes(10)
            .backups(2)
            .open()
            .unwrap()
    };
    let sink = open();
    // 5 + 4 bytes are below the limit, 5 + 5 reach it.
    for line in ["1234", "123", "abcd", "efgh"] {
        warn_and_flush(&sink, line);
    }
    assert_eq!(folder.text("a.log.2"), "1234\n123\n");
    assert_eq!(folder.text("a.log.1"), "abcd\n");
    assert_eq!(folder.text("a.log"), "efgh\n");
    assert_eq!(sink.shutdown(TIMEOUT), 0);
    // A restart goes on with the file.
    let sink = open();
    warn_and_flush(&sink, "ij");
    assert_eq!(folder.text("a.log"), "efgh\nij\n");
    // A longer line is written whole, and no empty file is rotated.
    warn_and_flush(&sink, "0123456789");
    warn_and_flush(&sink, "9876543210");
    assert_eq!(folder.text("a.log.2"), "efgh\nij\n");
    assert_eq!(folder.text("a.log.1"), "0123456789\n");
    assert_eq!(folder.text("a.log"), "9876543210\n");
    assert_eq!(folder.names(), ["a.log", "a.log.1", "a.log.2"]);
}

#[test]
fn without_a_limit_or_without_backups_a_file_is_not_rotated() {
    let folder = Folder::new();
    let unlimited = FileSink::builder(folder.file("a.log"))
        .max_bytes(0)
        .open()
        .unwrap();
    let alone = FileSink::builder(folder.file("b.log"))
        .max_bytes(10)
        .backups(0)
        .open()
        .unwrap();
    for sink in [&unlimited, &alone] {
        warn_and_flush(sink, "12345678");
        warn_and_flush(sink, "12345678");
    }
    assert_eq!(folder.names(), ["a.log", "b.log"]);
    assert_eq!(folder.text("a.log"), "12345678\n12345678\n");
    assert_eq!(folder.text("b.log"), "12345678\n12345678\n");
}

#[test]
fn a_free_number_among_the_backups_is_filled_and_folders_are_left_alone() {
    let folder = Folder::new();
    for number in [1, 2, 4] {
        fs::write(
            folder.file(&format!("a.log.{number}")),
            format!("old {number}\n"),
        )
        .unwrap();
    }
    fs::create_dir(folder.file("a.log.5")).unwrap();
    let sink = FileSink::builder(folder.file("a.log"))
        .max_bytes(5)
        .open()
        .unwrap();
    warn_and_flush(&sink, "one");
    warn_and_flush(&sink, "two");
    assert_eq!(folder.text("a.log"), "two\n");
    assert_eq!(folder.text("a.log.1"), "one\n");
    assert_eq!(folder.text("a.log.2"), "old 1\n");
    assert_eq!(folder.text("a.log.3"), "old 2\n");
    assert_eq!(folder.text("a.log.4"), "old 4\n");
    assert!(folder.file("a.log.5").is_dir());
    // No number is free, and the last backup cannot be removed: nothing is moved, and the file is written further.
    warn_and_flush(&sink, "three");
    assert_eq!(folder.text("a.log"), "two\nthree\n");
    assert_eq!(folder.text("a.log.4"), "old 4\n");
    assert_eq!(sink.shutdown(TIMEOUT), 0);
}

#[test]
fn only_regular_files_are_rotated() {
    let sink = FileSink::builder("/dev/null").max_bytes(10).open().unwrap();
    for _ in 0..10 {
        warn_and_flush(&sink, "12345678");
    }
    assert!(!Path::new("/dev/null.1").exists());
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[cfg(unix)]
#[test]
fn a_pipe_is_opened_without_waiting_for_its_reader() {
    let folder = Folder::new();
    let pipe = folder.file("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let sink = FileSink::builder(&pipe).max_bytes(10).open().unwrap();
    let mut reader = fs::File::open(&pipe).unwrap();
    warn(&sink, "12345678");
    warn(&sink, "abcdefgh");
    let mut read = [0; 18];
    reader.read_exact(&mut read).unwrap();
    assert_eq!(&read, b"12345678\nabcdefgh\n");
    assert_eq!(folder.names(), ["pipe"]);
}

/// Sets the time of the last write.
fn age(path: &Path, rfc3339: &str) {
    let status = std::process::Command::new("touch")
        .arg("-d")
        .arg(rfc3339)
        .arg(path)
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn a_file_of_another_day_becomes_the_backup_of_that_day() {
    let folder = Folder::new();
    let path = folder.file("a.log");
    let write = |line: &str, last_written: &str| {
        let sink = FileSink::builder(&path).daily().backups(3).open().unwrap();
        warn_and_flush(&sink, line);
        assert_eq!(sink.shutdown(TIMEOUT), 0);
        age(&path, last_written);
    };
    write("first", "2026-01-01T23:59:59Z");
    assert_eq!(folder.names(), ["a.log"]);
    write("second", "2026-01-01T00:00:00Z");
    // The day is that of UTC.
    write("third", "2026-01-03T00:30:00+01:00");
    assert_eq!(
        folder.names(),
        ["a.log", "a.log.2026-01-01", "a.log.2026-01-01.1"]
    );
    write("fourth", "2026-01-04T12:00:00Z");
    assert_eq!(folder.text("a.log.2026-01-01"), "first\n");
    assert_eq!(folder.text("a.log.2026-01-01.1"), "second\n");
    assert_eq!(folder.text("a.log.2026-01-02"), "third\n");
    // Others' files are no backups.
    fs::write(folder.file("a.log.2025-01-01.old"), "").unwrap();
    write("fifth", "2026-01-05T12:00:00Z");
    assert_eq!(
        folder.names(),
        [
            "a.log",
            "a.log.2025-01-01.old",
            "a.log.2026-01-01.1",
            "a.log.2026-01-02",
            "a.log.2026-01-04"
        ]
    );
}

#[test]
fn a_file_of_another_hour_becomes_the_backup_of_that_hour_and_sizes_count_too() {
    let folder = Folder::new();
    let path = folder.file("a.log");
    fs::write(&path, "old\n").unwrap();
    age(&path, "2026-01-01T13:30:00Z");
    let sink = FileSink::builder(&path)
        .hourly()
        .max_bytes(8)
        .open()
        .unwrap();
    warn_and_flush(&sink, "new");
    assert_eq!(folder.names(), ["a.log", "a.log.2026-01-01_13"]);
    warn_and_flush(&sink, "newer");
    let names = folder.names();
    assert_eq!(names.len(), 3);
    assert_eq!(folder.text(&names[1]), "old\n");
    assert_eq!(folder.text(&names[2]), "new\n");
    assert_eq!(folder.text("a.log"), "newer\n");
}

fn unzipped(path: &Path) -> String {
    let mut text = String::new();
    let file = fs::File::open(path).unwrap();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    text
}

#[test]
fn backups_are_compressed_and_keep_their_age() {
    let folder = Folder::new();
    let path = folder.file("a.log");
    // Left by a crash: a backup that is not compressed yet, and the beginning of its compression.
    fs::write(folder.file("a.log.1"), "before\n".repeat(100_000)).unwrap();
    age(&folder.file("a.log.1"), "2026-01-01T00:00:00Z");
    fs::write(folder.file("a.log.gz.tmp"), "torn").unwrap();
    let sink = FileSink::builder(&path)
        .max_bytes(10)
        .backups(3)
        .gzip()
        .open()
        .unwrap();
    warn_and_flush(&sink, "one");
    eventually(|| folder.names() == ["a.log", "a.log.1.gz"]);
    let modified = fs::metadata(folder.file("a.log.1.gz"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(
        modified,
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600)
    );
    // `two` and later lines are rotated at once, while the first backup is still compressed.
    for line in ["two 67", "three", "four 7"] {
        warn_and_flush(&sink, line);
    }
    eventually(|| folder.names() == ["a.log", "a.log.1.gz", "a.log.2.gz", "a.log.3.gz"]);
    assert_eq!(folder.text("a.log"), "four 7\n");
    assert_eq!(unzipped(&folder.file("a.log.1.gz")), "three\n");
    assert_eq!(unzipped(&folder.file("a.log.2.gz")), "two 67\n");
    assert_eq!(unzipped(&folder.file("a.log.3.gz")), "one\n");
    assert_eq!(sink.shutdown(TIMEOUT), 0);
}

#[cfg(unix)]
#[test]
fn nobody_else_reads_a_compression_in_the_making() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let backup = folder.file("a.log.1");
    fs::write(&backup, "0123456789\n".repeat(1_000_000)).unwrap();
    fs::set_permissions(&backup, fs::Permissions::from_mode(0o640)).unwrap();
    let sink = FileSink::builder(folder.file("a.log"))
        .gzip()
        .open()
        .unwrap();
    let mode = |name: &str| {
        let found = fs::metadata(folder.file(name)).ok()?;
        Some(found.permissions().mode() & 0o777)
    };
    let in_the_making = std::cell::Cell::new(None);
    warn(&sink, "one");
    eventually(|| {
        in_the_making.set(mode("a.log.gz.tmp"));
        in_the_making.get().is_some()
    });
    assert_eq!(in_the_making.get(), Some(0o600));
    eventually(|| folder.names() == ["a.log", "a.log.1.gz"]);
    assert_eq!(mode("a.log.1.gz"), Some(0o640));
    assert_eq!(sink.shutdown(TIMEOUT), 0);
}

#[test]
fn a_shutdown_in_the_middle_of_a_compression_leaves_the_backup() {
    let folder = Folder::new();
    let text = "0123456789\n".repeat(3_000_000);
    fs::write(folder.file("a.log.1"), &text).unwrap();
    let sink = FileSink::builder(folder.file("a.log"))
        .gzip()
        .open()
        .unwrap();
    warn(&sink, "one");
    eventually(|| folder.file("a.log.gz.tmp").exists());
    assert_eq!(sink.shutdown(TIMEOUT), 0);
    assert_eq!(folder.names(), ["a.log", "a.log.1"]);
    assert!(folder.text("a.log.1") == text);
}

#[test]
fn a_full_queue_drops_lines_and_counts_and_reports_them() {
    let folder = Folder::new();
    let (recorder, reader) = recorder();
    let pipe = folder.file("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let sink = FileSink::builder(&pipe)
        .name("alerts")
        .queue_lines(1000)
        .recorder(recorder)
        .open()
        .unwrap();
    let dropped = || reader.take().counter(DROPPED, &[("sink", "alerts")]);
    // It exists before the first loss.
    assert_eq!(
        reader.take().having(DROPPED, &[("sink", "alerts")]).count(),
        1
    );
    assert_eq!(dropped(), 0);
    // Nobody reads the pipe, which holds 64 KiB.
    let line = "x".repeat(999);
    for _ in 0..2000 {
        warn(&sink, &line);
    }
    let lost = sink.lost();
    assert!((900..=1000).contains(&lost), "{lost}");
    assert_eq!(dropped(), lost);
    assert!(!sink.flush(Duration::ZERO));
    // Now somebody reads, and the lines that were kept arrive, and one line about the others.
    let mut reader = fs::File::open(&pipe).unwrap();
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    let expected = (2000 - usize::try_from(lost).unwrap()) * 1000;
    while read.len() <= expected || read.last() != Some(&b'\n') {
        let count = reader.read(&mut buffer).unwrap();
        read.extend_from_slice(&buffer[..count]);
    }
    let read = String::from_utf8(read).unwrap();
    let (lines, report) = read.split_at(expected);
    assert!(lines.lines().all(|found| found == line));
    let end = format!(
        "Z  WARN tower_vitals::telemetry::logging: {lost} lines of this log were lost: the queue was full\n"
    );
    assert!(report.ends_with(&end), "{report}");
    assert_eq!(report.lines().count(), 1);
    assert_eq!(sink.shutdown(TIMEOUT), 0);
}

#[test]
fn a_full_queue_may_make_the_callers_wait() {
    let folder = Folder::new();
    let sink = FileSink::builder(folder.file("a.log"))
        .queue_bytes(64 * 1024)
        .max_bytes(0)
        .block_when_full(TIMEOUT)
        .open()
        .unwrap();
    let threads = 4;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let sink = sink.clone();
            scope.spawn(move || {
                for number in 0..10_000 {
                    warn(&sink, &format!("{thread} {number:05} {}", "x".repeat(100)));
                }
            });
        }
    });
    assert_eq!(sink.shutdown(TIMEOUT), 0);
    assert_eq!(sink.lost(), 0);
    let text = folder.text("a.log");
    assert_eq!(text.lines().count(), threads * 10_000);
    // The lines of each thread are in order.
    for thread in 0..threads {
        let start = format!("{thread} ");
        let numbers = text.lines().filter_map(|line| line.strip_prefix(&start));
        let numbers: Vec<usize> = numbers.map(|rest| rest[..5].parse().unwrap()).collect();
        assert!(numbers.iter().copied().eq(0..10_000));
    }
}

#[test]
fn a_wait_for_room_ends_at_its_timeout() {
    let folder = Folder::new();
    let pipe = folder.file("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let sink = FileSink::builder(&pipe)
        .queue_lines(100)
        .block_when_full(Duration::from_millis(1))
        .open()
        .unwrap();
    // The pipe holds 64 of them.
    for _ in 0..200 {
        warn(&sink, &"x".repeat(1023));
    }
    let lost = sink.lost();
    assert!((36..=100).contains(&lost), "{lost}");
    let open = sink.shutdown(Duration::from_millis(1));
    assert!((64..=100).contains(&open), "{open}");
    assert_eq!(sink.lost(), lost + open);
}

#[test]
fn lines_after_the_shutdown_and_those_too_long_for_the_queue_are_dropped_and_counted() {
    let folder = Folder::new();
    let (recorder, reader) = recorder();
    let sink = FileSink::builder(folder.file("a.log"))
        .queue_bytes(1024 * 1024)
        .recorder(recorder)
        .open()
        .unwrap();
    warn(&sink, "before");
    warn(&sink, &"x".repeat(1024 * 1024));
    assert_eq!(sink.lost(), 1);
    assert_eq!(sink.shutdown(TIMEOUT), 0);
    let other = sink.clone();
    warn(&other, "after");
    warn(&sink, "after");
    assert_eq!((sink.lost(), sink.shutdown(TIMEOUT)), (3, 0));
    let text = folder.text("a.log");
    let (first, report) = text.split_once('\n').unwrap();
    assert_eq!(first, "before");
    assert!(
        report.ends_with(": 1 lines of this log were lost: the queue was full\n"),
        "{report}"
    );
    assert_eq!(reader.take().counter(DROPPED, &[("sink", "a")]), 3);
}

#[test]
fn the_file_is_closed_once_all_clones_are_dropped() {
    let folder = Folder::new();
    let path = folder.file("a.log");
    let sink = FileSink::builder(&path).open().unwrap();
    let mut clone = sink.clone();
    let error = FileSink::builder(&path).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert!(
        error
            .to_string()
            .ends_with("a.log has a sink already: clone that one"),
        "{error}"
    );
    drop(sink);
    clone
        .write_all(b"written by another layer\nwith two lines\n")
        .unwrap();
    drop(clone);
    // Its lines are written first.
    eventually(|| FileSink::builder(&path).open().is_ok());
    assert_eq!(
        folder.text("a.log"),
        "written by another layer\nwith two lines\n"
    );
}

#[test]
fn lines_get_their_line_feed_and_a_torn_last_line_is_ended() {
    let folder = Folder::new();
    fs::write(folder.file("a.log"), "whole\ntorn").unwrap();
    let sink = FileSink::builder(folder.file("a.log")).open().unwrap();
    sink.write(Level::INFO, b"no line feed");
    warn_and_flush(&sink, "next");
    assert_eq!(folder.text("a.log"), "whole\ntorn\nno line feed\nnext\n");
}

#[test]
fn wrong_settings_are_reported_together() {
    let error = FileSink::builder("/")
        .backups(100_000)
        .queue_bytes(1)
        .queue_lines(0)
        .open();
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert_eq!(
        error.to_string(),
        "4 mistakes: the log file \"/\" has no name; a log file has at most 99999 backups, not 100000; \
         the queue of a log needs at least 65536 bytes, not 1; the queue of a log needs room for a line at least"
    );
    let folder = Folder::new();
    fs::write(folder.file("file"), "").unwrap();
    let error = FileSink::builder(folder.file("file/a.log"))
        .open()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    // Missing folders are made.
    let sink = FileSink::builder(folder.file("a/b/c.log")).open().unwrap();
    warn_and_flush(&sink, "one");
    assert_eq!(folder.text("a/b/c.log"), "one\n");
}

#[test]
fn each_line_of_a_write_of_several_lines_counts() {
    let folder = Folder::new();
    let mut sink = FileSink::builder(folder.file("a.log")).open().unwrap();
    assert_eq!(sink.shutdown(TIMEOUT), 0);
    std::io::Write::write_all(&mut sink, b"one\ntwo\nthree").unwrap();
    assert_eq!(sink.lost(), 3);

    let pipe = folder.file("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let mut sink = FileSink::builder(&pipe).open().unwrap();
    let lines = format!("{}\n", "x".repeat(999)).repeat(3);
    for _ in 0..100 {
        std::io::Write::write_all(&mut sink, lines.as_bytes()).unwrap();
    }
    // Nobody reads the pipe, which holds 64 KiB.
    let lost = sink.shutdown(Duration::from_millis(100));
    assert!((234..=300).contains(&lost), "{lost}");
    assert_eq!(sink.lost(), lost);
}
