//! `Watch`: a source whose routes respond differently from time to time.

use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Write};

use serde::Serialize;

/// Tells viewers when to ask the routes of a source again.
#[cfg_attr(
    not(feature = "dashboard"),
    expect(dead_code, reason = "only the dashboard watches")
)]
pub(super) trait Watch: Send + Sync {
    fn name(&self) -> &'static str;

    /// A number that is another one once the routes respond differently. Computing it may take a millisecond.
    fn version(&self) -> u64;

    /// Numbers for an overview.
    fn counts(&self) -> Vec<(&'static str, usize)> {
        Vec::new()
    }
}

/// The most that a version is, because JavaScript's numbers are exact up to 2^53.
const MAX_VERSION: u64 = (1 << 53) - 1;

/// A version that follows from the values that the routes show.
#[cfg_attr(
    not(any(feature = "alerts", feature = "dashboard", feature = "jobs")),
    expect(dead_code, reason = "only these sources have one")
)]
pub(super) fn version_of(shown: &impl Serialize) -> u64 {
    let mut hash = Hash::default();
    // The routes cannot show a value either that cannot be written.
    let _ = serde_json::to_writer(&mut hash, shown);
    hash.0.finish() & MAX_VERSION
}

#[derive(Default)]
struct Hash(DefaultHasher);

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
