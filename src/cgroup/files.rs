//! Small files of the kernel. Missing and malformed files are `None`, because a cgroup may vanish while it is read.

use std::fs;
use std::path::Path;

/// Replaces bytes that are not UTF-8, because a mount point may have any name and must not hide the other lines.
pub(super) fn text(path: &Path) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The number in a file that contains nothing else.
pub(super) fn number(path: &Path) -> Option<u64> {
    text(path)?.trim().parse().ok()
}

/// The number after this name, in a file with lines of `name number`.
pub(super) fn field(path: &Path, name: &str) -> Option<u64> {
    text(path)?
        .lines()
        .filter_map(|line| line.split_once(' '))
        .find(|(field, _)| *field == name)
        .and_then(|(_, number)| number.trim().parse().ok())
}
