//! The primitives that threads meet in. `tests/models` replaces this file with loom's.

pub(super) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
pub(super) use std::sync::{Mutex, OnceLock};
pub(super) use std::thread_local;

/// A static. A macro, because loom's atomics have no constant constructor.
macro_rules! process_wide {
    (static $name:ident: $type:ty = $value:expr;) => {
        static $name: $type = $value;
    };
}
pub(super) use process_wide;
