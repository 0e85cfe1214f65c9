//! [`CoarseClock`].

use super::sync::{AtomicU64, Ordering::Relaxed};

/// A clock that is read often and moved seldom: a look at it costs one load, because somebody else moves it.
///
/// It is late, but never ahead of the clock that it follows.
pub(crate) struct CoarseClock {
    /// Nanoseconds.
    now: AtomicU64,
    read: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl CoarseClock {
    /// Follows the clock that `read` reads, in nanoseconds.
    pub(crate) fn new(read: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self {
            now: AtomicU64::new(0),
            read: Box::new(read),
        }
    }

    #[inline]
    pub(crate) fn now(&self) -> u64 {
        self.now.load(Relaxed)
    }

    /// Moves to the present, and returns it.
    pub(crate) fn advance(&self) -> u64 {
        let now = (self.read)();
        // Another thread may have read later, and stored first.
        self.now.fetch_max(now, Relaxed);
        now
    }
}
