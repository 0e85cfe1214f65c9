//! How many exclusive cells there may be. `tests/models` replaces this file with smaller numbers.

/// Threads that own cells at one time. The others write shared cells.
pub(crate) const MAX_THREADS: usize = 64;

/// Bytes of all exclusive cells of the process. A thread that finds no room left writes shared cells.
pub(crate) const MAX_OWN_BYTES: usize = 16 << 20;

/// Additions to a shared cell until the thread that adds gets a cell of its own.
pub(crate) const PROMOTE_EVERY: u64 = 1024;
