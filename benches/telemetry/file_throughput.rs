//! Lines a second into a rotated file, and the memory of a queue that nobody empties.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::time::{Duration, Instant};

use tower_vitals::telemetry::logging::{FileSink, LineSink};
use tracing::Level;

use super::file_hand_over::folder;
use super::support::{Figures, median};

const ROUNDS: usize = 9;
const LINES: usize = 200_000;
const TIMEOUT: Duration = Duration::from_secs(60);

/// In turns: buffered writes to a new file, and a sink with 5 MB and 5 backups whose callers wait, so that no line is lost. Both
/// times end when the last line is in the file.
pub(crate) fn measure(figures: &mut Figures) {
    let folder = folder("throughput");
    let line = [vec![b'x'; 199], b"\n".to_vec()].concat();
    let (mut plain, mut own) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let path = folder.join("plain.log");
        let started = Instant::now();
        let mut file = BufWriter::new(File::create(&path).unwrap());
        for _ in 0..LINES {
            file.write_all(&line).unwrap();
        }
        file.flush().unwrap();
        plain.push(LINES as f64 / started.elapsed().as_secs_f64());
        fs::remove_file(&path).unwrap();

        let sink = FileSink::builder(folder.join("own.log"))
            .block_when_full(TIMEOUT)
            .open()
            .unwrap();
        let started = Instant::now();
        for _ in 0..LINES {
            sink.write(Level::WARN, &line);
        }
        assert!(sink.flush(TIMEOUT));
        own.push(LINES as f64 / started.elapsed().as_secs_f64());
        assert_eq!(sink.shutdown(TIMEOUT), 0);
        assert_eq!(sink.lost(), 0);
    }
    fs::remove_dir_all(folder).unwrap();
    let (plain, own) = (median(plain), median(own));
    figures.push("buffered writes, lines a second", plain);
    figures.push("FileSink, rotated, lines a second", own);
    figures.push("ratio", own / plain);
}

/// 50,000 lines a second for a minute, 200 bytes each, into a pipe without a reader.
pub(crate) fn measure_memory(figures: &mut Figures) {
    let folder = folder("memory");
    let pipe = folder.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let line = [vec![b'x'; 199], b"\n".to_vec()].concat();
    let sink = FileSink::builder(&pipe).open().unwrap();
    let before = resident();
    let mut most = before;
    // All at once: the bound does not depend on the time.
    for count in 0..60 * 50_000 {
        sink.write(Level::WARN, &line);
        if count % 50_000 == 0 {
            most = most.max(resident());
        }
    }
    figures.push("resident memory of the queue, MiB", most - before);
    figures.push("lines dropped of 3,000,000", sink.lost() as f64);
    let _ = sink.shutdown(Duration::ZERO);
    fs::remove_dir_all(folder).unwrap();
}

/// In MiB.
fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
    kilobytes.parse::<f64>().unwrap() / 1024.0
}
