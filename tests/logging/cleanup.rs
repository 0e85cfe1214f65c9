//! Old logs and backups are deleted, and nothing else.

use std::fs;
use std::time::Duration;

use tower_vitals::ErrorKind;
use tower_vitals::telemetry::logging::{FileSink, cleanup_old_backups, cleanup_old_logs};

use crate::folder::{Folder, warn_and_flush};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A file that was last written so many days ago.
fn aged(folder: &Folder, name: &str, days: u32) {
    let file = fs::File::create(folder.file(name)).unwrap();
    let written = std::time::SystemTime::now() - DAY * days;
    file.set_modified(written).unwrap();
}

fn deleted(cleanup: &tower_vitals::telemetry::logging::Cleanup) -> Vec<&str> {
    let names = cleanup.deleted.iter();
    let mut names: Vec<_> = names
        .map(|path| path.file_name().unwrap().to_str().unwrap())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn old_backups_of_a_log_are_deleted_but_neither_the_log_nor_files_with_other_names() {
    let folder = Folder::new();
    let old = [
        "a.log.1",
        "a.log.17",
        "a.log.2.gz",
        "a.log.2026-11-28",
        "a.log.2026-11-28.1.gz",
        "a.log.2026-11-28_13",
    ];
    let others = [
        "a.log",
        "a.log.bak",
        "a.log.1.bak",
        "a.log.01",
        "a.log.0",
        "a.log.gz",
        "a.log1",
        "a.logs",
        "aa.log.1",
        "b.log.1",
        "a.log.2026-11-28.old",
        "a.log.20261128",
        "a.log-20261128",
        "a.backup.log",
    ];
    for name in old.iter().chain(&others) {
        aged(&folder, name, 31);
    }
    aged(&folder, "a.log.3", 29);
    // The future, after the clock was set back.
    fs::File::create(folder.file("a.log.4"))
        .unwrap()
        .set_modified(std::time::SystemTime::now() + DAY)
        .unwrap();
    fs::create_dir(folder.file("a.log.5")).unwrap();
    let cleanup = cleanup_old_logs(folder.file("a.log"), 30 * DAY).unwrap();
    assert_eq!(deleted(&cleanup), old);
    assert!(cleanup.errors.is_empty());
    let mut left: Vec<_> = others
        .into_iter()
        .chain(["a.log.3", "a.log.4", "a.log.5"])
        .collect();
    left.sort_unstable();
    assert_eq!(folder.names(), left);
    assert_eq!(
        deleted(&cleanup_old_logs(folder.file("a.log"), 30 * DAY).unwrap()),
        [""; 0]
    );
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_and_stay() {
    use std::os::unix::fs::symlink;
    let (folder, outside) = (Folder::new(), Folder::new());
    aged(&outside, "precious", 100);
    fs::create_dir(outside.file("folder")).unwrap();
    aged(&outside, "folder/a.log.1", 100);
    symlink(outside.file("precious"), folder.file("a.log.1")).unwrap();
    symlink(outside.file("folder"), folder.file("a.log.2")).unwrap();
    symlink("/nowhere", folder.file("a.log.3")).unwrap();
    let names = ["a.log.1", "a.log.2", "a.log.3"];
    assert_eq!(
        deleted(&cleanup_old_logs(folder.file("a.log"), DAY).unwrap()),
        [""; 0]
    );
    assert_eq!(
        deleted(&cleanup_old_backups(folder.path(), "*", 0).unwrap()),
        [""; 0]
    );
    assert_eq!(folder.names(), names);
    assert_eq!(outside.names(), ["folder", "precious"]);
    assert!(outside.file("folder/a.log.1").exists());
}

#[test]
fn of_the_files_that_fit_a_pattern_the_newest_stay() {
    let folder = Folder::new();
    for (name, days) in [
        ("shop-1.sql", 5),
        ("shop-2.sql", 3),
        ("shop-3.sql", 4),
        ("shop-10.sql", 1),
    ] {
        aged(&folder, name, days);
    }
    let others = [".shop-9.sql", "Shop-9.sql", "shop-9.sql.gz", "xshop-9.sql"];
    for name in others {
        aged(&folder, name, 100);
    }
    fs::create_dir(folder.file("shop-0.sql")).unwrap();
    let cleanup = cleanup_old_backups(folder.path(), "shop-*.sql", 2).unwrap();
    assert_eq!(
        cleanup.deleted,
        [folder.file("shop-1.sql"), folder.file("shop-3.sql")]
    );
    assert!(cleanup.errors.is_empty());
    let left = |more: &[&'static str]| {
        let mut names: Vec<_> = others
            .iter()
            .copied()
            .chain(["shop-0.sql"])
            .chain(more.iter().copied())
            .collect();
        names.sort_unstable();
        names
    };
    assert_eq!(folder.names(), left(&["shop-10.sql", "shop-2.sql"]));
    let deleted_by = |pattern, max| {
        let cleanup = cleanup_old_backups(folder.path(), pattern, max).unwrap();
        cleanup.deleted.len()
    };
    assert_eq!(deleted_by("shop-*.sql", 5), 0);
    assert_eq!(deleted_by("shop-?.sql", 0), 1);
    assert_eq!(folder.names(), left(&["shop-10.sql"]));
}

#[test]
fn a_log_that_is_written_is_never_deleted() {
    let folder = Folder::new();
    let sink = FileSink::builder(folder.file("a.log"))
        .max_bytes(8)
        .open()
        .unwrap();
    for line in ["one", "two", "three"] {
        warn_and_flush(&sink, line);
    }
    assert_eq!(folder.names(), ["a.log", "a.log.1", "a.log.2"]);
    // By another way to the same folder, too.
    let way = folder
        .path()
        .join("../")
        .join(folder.path().file_name().unwrap());
    let cleanup = cleanup_old_backups(way, "a.log*", 0).unwrap();
    assert_eq!(deleted(&cleanup), ["a.log.1", "a.log.2"]);
    warn_and_flush(&sink, "four");
    assert_eq!(folder.text("a.log"), "four\n");
    let cleanup = cleanup_old_logs(folder.file("a.log"), Duration::ZERO).unwrap();
    assert_eq!(deleted(&cleanup), ["a.log.1"]);
    assert_eq!(sink.shutdown(Duration::from_secs(60)), 0);
    let cleanup = cleanup_old_backups(folder.path(), "a.log*", 0).unwrap();
    assert_eq!(deleted(&cleanup), ["a.log"]);
}

#[test]
fn wrong_patterns_and_folders_are_errors() {
    let folder = Folder::new();
    aged(&folder, "a.log.1", 100);
    for (pattern, reason) in [
        ("", "it is empty"),
        ("../*", "it is for file names, not for paths"),
        ("a\\b", "it is for file names, not for paths"),
        ("a.log.[12]", "only `*` and `?` are special"),
        ("a.{log,1}", "only `*` and `?` are special"),
        (
            "**",
            "`**` is not supported, because folders are not entered",
        ),
    ] {
        let error = cleanup_old_backups(folder.path(), pattern, 0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert_eq!(
            error.to_string(),
            format!("the pattern {pattern:?} is invalid: {reason}")
        );
    }
    let error = cleanup_old_backups(folder.file("a.log.1"), "*", 0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(folder.names(), ["a.log.1"]);
    // A missing folder has nothing to delete.
    let missing = folder.file("missing");
    assert!(
        cleanup_old_backups(&missing, "*", 0)
            .unwrap()
            .deleted
            .is_empty()
    );
    assert!(
        cleanup_old_logs(missing.join("a.log"), DAY)
            .unwrap()
            .deleted
            .is_empty()
    );
}
