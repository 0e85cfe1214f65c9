//! Python's `RotatingFileHandler` is the model of the rotation.

use std::fs;
use std::process::Command;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tower_vitals::telemetry::logging::FileSink;

use crate::folder::{Folder, TIMEOUT, names, warn};

const CASES: usize = 100;

/// Writes lines of these lengths to `a.log` in the folder of each case. Since Python 3.13, an empty file is not rotated; older ones do
/// that before a line that is longer than the limit.
const SCRIPT: &str = r#"
import logging, logging.handlers, os, sys

class Handler(logging.handlers.RotatingFileHandler):
    def shouldRollover(self, record):
        if os.path.getsize(self.baseFilename) == 0:
            return False
        return super().shouldRollover(record)

for case in sys.argv[1:]:
    folder, limit, backups, lengths = case.split(" ")
    os.mkdir(folder)
    handler = Handler(os.path.join(folder, "a.log"), maxBytes=int(limit), backupCount=int(backups))
    logger = logging.getLogger(folder)
    logger.propagate = False
    logger.addHandler(handler)
    for index, length in enumerate(lengths.split(",")):
        logger.warning(chr(ord("a") + index % 26) * int(length))
    handler.close()
"#;

#[test]
fn the_files_are_those_of_pythons_rotating_file_handler() {
    if Command::new("python3").arg("--version").output().is_err() {
        println!("left out, because there is no python3");
        return;
    }
    let cases = (
        20..200_u64,
        1..4_u32,
        prop::collection::vec(0..60_usize, 1..80),
        any::<bool>(),
    );
    let mut runner = TestRunner::deterministic();
    let (ours, theirs) = (Folder::new(), Folder::new());
    let mut args = Vec::new();
    for case in 0..CASES {
        let (limit, backups, lengths, flushes) = cases.new_tree(&mut runner).unwrap().current();
        let sink = FileSink::builder(ours.file(&format!("{case}/a.log")))
            .max_bytes(limit)
            .backups(backups)
            .open()
            .unwrap();
        for (index, length) in lengths.iter().enumerate() {
            let letter = char::from(b'a' + u8::try_from(index % 26).unwrap());
            warn(&sink, &letter.to_string().repeat(*length));
            // Lines arrive alone or in batches.
            assert!(!flushes || sink.flush(TIMEOUT));
        }
        assert_eq!(sink.shutdown(TIMEOUT), 0);
        let lengths: Vec<_> = lengths.iter().map(ToString::to_string).collect();
        let folder = theirs.file(&case.to_string());
        args.push(format!(
            "{} {limit} {backups} {}",
            folder.display(),
            lengths.join(",")
        ));
    }
    let output = Command::new("python3")
        .args(["-c", SCRIPT])
        .args(&args)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut rotated = 0;
    for (case, arg) in args.iter().enumerate() {
        let case = case.to_string();
        let files = names(&ours.file(&case));
        assert_eq!(files, names(&theirs.file(&case)), "{arg}");
        rotated += files.len() - 1;
        for file in files {
            let file = format!("{case}/{file}");
            let (our, their) = (
                fs::read(ours.file(&file)).unwrap(),
                fs::read(theirs.file(&file)).unwrap(),
            );
            assert_eq!(our, their, "{file}: {arg}");
        }
    }
    assert!(rotated > CASES, "{rotated}");
}
