//! Small files of the kernel; None for what is missing or wrong, for a cgroup may vanish while it is read.

use std::fs;
use std::path::Path;

/// Not all that is in them is UTF-8 (a mount point may have any name), and one such line must not cost the others.
pub(super) fn text(path: &Path) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The number that the file holds.
pub(super) fn number(path: &Path) -> Option<u64> {
    text(path)?.trim().parse().ok()
}

/// The number behind this name, in a file of lines of `name number`.
pub(super) fn field(path: &Path, name: &str) -> Option<u64> {
    text(path)?
        .lines()
        .filter_map(|line| line.split_once(' '))
        .find(|(found, _)| *found == name)
        .and_then(|(_, number)| number.trim().parse().ok())
}
