//! The latency of a service whose log files meet faults, beside that of the same service just before.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::disk::Disk;
use super::load::{Load, Window};
use super::support::{Figures, median};

/// A window without the fault and one with it take turns, because no machine is always quiet.
const ROUNDS: usize = 21;
const WINDOW: Duration = Duration::from_millis(250);
/// After the begin of a fault, and between two acts of one that goes on.
const PAUSE: Duration = Duration::from_millis(50);
const TIMEOUT: Duration = Duration::from_secs(20);
/// `O_NONBLOCK` of Linux.
const DOES_NOT_BLOCK: i32 = 0o4000;

/// A service, and the folder of its log on a disk of its own.
struct Place {
    load: Load,
    disk: Disk,
    /// The pipes that are in place of files.
    pipes: Vec<File>,
}

type Act = fn(&mut Place);

/// The begin of each fault, what happens again and again while it lasts, and its end.
const FAULTS: [(&str, Act, Act, Act); 9] = [
    ("nothing", nothing, nothing, nothing),
    (
        "disk full",
        |it| it.disk.fill(),
        nothing,
        |it| it.disk.free(),
    ),
    ("folder removed", nothing, remove, nothing),
    ("a file in place of the folder", hide, nothing, show),
    ("no permission", forbid, nothing, allow),
    ("copied and truncated", nothing, copy_and_truncate, nothing),
    ("moved", nothing, move_away, nothing),
    ("moved and reopened", nothing, move_and_reopen, nothing),
    ("a disk that takes nothing", block, nothing, unblock),
];

/// Without root, which mounts disks and forbids files, there are no figures.
pub(crate) fn measure(figures: &mut Figures) {
    let Some(disk) = Disk::mount("faults") else {
        return;
    };
    // The rest of the disk is filled at once.
    fs::write(disk.path().join("data"), vec![0; 24 << 20]).unwrap();
    let load = Load::start(&disk.path().join("log"));
    let mut place = Place {
        load,
        disk,
        pipes: Vec::new(),
    };
    sleep(WINDOW);
    for (name, begin, again, end) in FAULTS {
        let lost = place.load.lost();
        let (mut before, mut during) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            place.load.set_window(Some(Window::Before));
            sleep(WINDOW);
            place.load.set_window(None);
            // Before the window, because filling a disk and starting programs takes time from the service.
            begin(&mut place);
            sleep(PAUSE);
            place.load.set_window(Some(Window::During));
            let started = Instant::now();
            while started.elapsed() < WINDOW {
                again(&mut place);
                sleep(PAUSE);
            }
            place.load.set_window(None);
            end(&mut place);
            tidy(&place);
            let p99 = place.load.take_p99();
            before.push(p99[0]);
            during.push(p99[1]);
        }
        // Other programs disturb some windows.
        let (before, during) = (median(before), median(during));
        figures.push(format!("{name}: p99 before, µs"), before);
        figures.push(format!("{name}: p99 during, µs"), during);
        figures.push(format!("{name}: during ÷ before"), during / before);
        figures.push(format!("{name}: lines lost"), place.load.lost() - lost);
    }
    place.load.end();
}

impl Place {
    fn folder(&self) -> PathBuf {
        self.disk.path().join("log")
    }

    fn aside(&self) -> PathBuf {
        self.disk.path().join("aside")
    }

    fn files(&self) -> [PathBuf; 2] {
        ["alerts.log", "app.jsonl"].map(|name| self.folder().join(name))
    }
}

fn nothing(_: &mut Place) {}

fn remove(place: &mut Place) {
    // The writer may just make it.
    let _ = fs::remove_dir_all(place.folder());
}

fn hide(place: &mut Place) {
    fs::rename(place.folder(), place.aside()).unwrap();
    // The writer may have made the folder again.
    while fs::write(place.folder(), "").is_err() {
        let _ = fs::remove_dir_all(place.folder());
    }
    place.load.logging.reopen();
}

fn show(place: &mut Place) {
    fs::remove_file(place.folder()).unwrap();
    fs::remove_dir_all(place.aside()).unwrap();
}

/// Root may do anything but change a file with this attribute.
fn set_attribute(attribute: &str, place: &Place) {
    let mut command = Command::new("chattr");
    let status = command.arg(attribute).args(place.files()).status();
    assert!(status.unwrap().success());
}

fn forbid(place: &mut Place) {
    set_attribute("+i", place);
    // An open file can still be written.
    place.load.logging.reopen();
}

fn allow(place: &mut Place) {
    set_attribute("-i", place);
}

fn truncate(path: &Path) {
    let file = OpenOptions::new().write(true).open(path);
    file.and_then(|file| file.set_len(0)).unwrap();
}

fn copy_and_truncate(place: &mut Place) {
    for file in place.files() {
        fs::copy(&file, place.aside()).unwrap();
        truncate(&file);
    }
}

fn move_away(place: &mut Place) {
    for file in place.files() {
        // The writer makes a new one a while later.
        let _ = fs::rename(file, place.aside());
    }
}

fn move_and_reopen(place: &mut Place) {
    move_away(place);
    place.load.logging.reopen();
}

/// Puts full pipes in place of the files.
fn block(place: &mut Place) {
    for file in place.files() {
        let made = Command::new("mkfifo").arg(place.aside()).status();
        assert!(made.unwrap().success());
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).custom_flags(DOES_NOT_BLOCK);
        let mut pipe = options.open(place.aside()).unwrap();
        while pipe.write(&[b'\n'; 4096]).is_ok() {}
        fs::rename(place.aside(), file).unwrap();
        place.pipes.push(pipe);
    }
}

fn unblock(place: &mut Place) {
    for (file, mut pipe) in place.files().iter().zip(place.pipes.drain(..)) {
        fs::remove_file(file).unwrap();
        place.load.logging.reopen();
        let deadline = Instant::now() + TIMEOUT;
        while !file.exists() {
            assert!(Instant::now() < deadline, "the writer hangs");
            match pipe.read(&mut [0; 4096]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    sleep(Duration::from_millis(1));
                }
                read => drop(read.unwrap()),
            }
        }
    }
}

/// Waits until the files are written, and empties them.
fn tidy(place: &Place) {
    place.load.logging.flush(TIMEOUT).unwrap();
    let deadline = Instant::now() + TIMEOUT;
    for file in place.files() {
        while !file.exists() {
            assert!(Instant::now() < deadline, "no {}", file.display());
            sleep(Duration::from_millis(1));
        }
        truncate(&file);
    }
    if place.aside().is_file() {
        fs::remove_file(place.aside()).unwrap();
    }
}
