//! Python's `RotatingFileHandler` is the model of the rotation.

use std::fs;
use std::process::Command;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tower_vitals::telemetry::logging::FileSink;

use crate::folder::{Folder, TIMEOUT, warn};

/// Writes a line of each length to `a.log` in the folder. Since Python 3.13, an empty file is not rotated; older ones do that before a
/// line that is longer than the limit.
const SCRIPT: &str = r#"
import logging, logging.handlers, os, sys
folder, limit, backups, lengths = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]

class Handler(logging.handlers.RotatingFileHandler):
    def shouldRollover(self, record):
        if os.path.getsize(self.baseFilename) == 0:
            return False
        return super().shouldRollover(record)

handler = Handler(os.path.join(folder, "a.log"), maxBytes=limit, backupCount=backups)
logger = logging.getLogger("shop")
logger.addHandler(handler)
for index, length in enumerate(lengths.split(",")):
    logger.warning(chr(ord("a") + index % 26) * int(length))
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
    let mut runner = TestRunner::new(ProptestConfig::with_cases(25));
    let outcome = runner.run(&cases, |(limit, backups, lengths, flushes)| {
        let (ours, theirs) = (Folder::new(), Folder::new());
        let sink = FileSink::builder(ours.file("a.log"))
            .max_bytes(limit)
            .backups(backups)
            .open()
            .unwrap();
        for (index, length) in lengths.iter().enumerate() {
            let letter = char::from(b'a' + u8::try_from(index % 26).unwrap());
            warn(&sink, &letter.to_string().repeat(*length));
            // Lines arrive alone or in batches.
            prop_assert!(!flushes || sink.flush(TIMEOUT));
        }
        prop_assert_eq!(sink.shutdown(TIMEOUT), 0);
        let lengths: Vec<_> = lengths.iter().map(ToString::to_string).collect();
        let output = Command::new("python3")
            .args(["-c", SCRIPT])
            .arg(theirs.path())
            .args([limit.to_string(), backups.to_string(), lengths.join(",")])
            .output()
            .unwrap();
        prop_assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        prop_assert_eq!(ours.names(), theirs.names());
        for name in ours.names() {
            prop_assert_eq!(
                fs::read(ours.file(&name)).unwrap(),
                fs::read(theirs.file(&name)).unwrap()
            );
        }
        Ok(())
    });
    outcome.unwrap();
}
