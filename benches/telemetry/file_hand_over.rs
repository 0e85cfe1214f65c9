//! The time of a caller that hands a line to the thread that writes a file.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use tower_vitals::telemetry::logging::{FileSink, LineSink};
use tracing::Level;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder};

use super::support::{CpuTime, Figures, median};

const ROUNDS: usize = 200;
/// Of one round. Between rounds both queues are emptied, so nothing is dropped.
const LINES: usize = 2_000;
const TIMEOUT: Duration = Duration::from_secs(60);

/// Measures CPU time of the caller alone, in turns. Both write to a file on the same disk.
pub(crate) fn measure(figures: &mut Figures) {
    let folder = folder("hand-over");
    let sink = FileSink::builder(folder.join("own.log")).open().unwrap();
    let peer_path = folder.join("peer.log");
    let file = fs::File::create(&peer_path).unwrap();
    let (peer, guard) = NonBlockingBuilder::default().finish(file);
    for length in [100, 300, 1_000] {
        let line = [vec![b'x'; length - 1], b"\n".to_vec()].concat();
        let (mut own, mut other) = (Vec::new(), Vec::new());
        let mut written = fs::metadata(&peer_path).unwrap().len();
        for _ in 0..ROUNDS {
            own.push(own_round(&sink, &line));
            assert!(sink.flush(TIMEOUT));
            other.push(peer_round(&peer, &line));
            written += (LINES * length) as u64;
            // The peer cannot flush.
            while fs::metadata(&peer_path).unwrap().len() < written {
                std::thread::sleep(Duration::from_micros(100));
            }
        }
        let (own, other) = (median(own), median(other));
        figures.push(format!("line of {length} bytes, FileSink, ns"), own);
        figures.push(format!("line of {length} bytes, non_blocking, ns"), other);
        figures.push(format!("line of {length} bytes, ratio"), own / other);
    }
    assert_eq!(sink.lost(), 0);
    assert_eq!(peer.error_counter().dropped_lines(), 0);
    drop((sink, guard));
    fs::remove_dir_all(folder).unwrap();
}

fn own_round(sink: &FileSink, line: &[u8]) -> f64 {
    let nanos = CpuTime::of(|| {
        for _ in 0..LINES {
            sink.write(Level::WARN, line);
        }
    });
    nanos / LINES as f64
}

fn peer_round(peer: &NonBlocking, line: &[u8]) -> f64 {
    let mut peer = peer.clone();
    let nanos = CpuTime::of(|| {
        for _ in 0..LINES {
            peer.write_all(line).unwrap();
        }
    });
    nanos / LINES as f64
}

/// A new folder on the disk of the build, because `/tmp` may be memory.
pub(super) fn folder(name: &str) -> PathBuf {
    let folder = std::env::current_exe().unwrap();
    let name = format!("bench-{name}-{}", std::process::id());
    let folder = folder.parent().unwrap().join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}
