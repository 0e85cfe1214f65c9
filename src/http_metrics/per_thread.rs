//! `PerThread`: a shared value that each thread uses through a copy of its own.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::cells::{MAX_THREADS, claim_thread_slot, thread_slot};

/// A request holds its series, and under axum its service, so it raises and lowers reference counts. Two threads that do so with one
/// count take its cache line from each other: on one route they served fewer requests than one thread. So a thread that uses a value often
/// gets a copy of the value, with a count of its own.
pub(crate) struct PerThread<T> {
    shared: Arc<T>,
    copies: OnceLock<Box<Copies<T>>>,
}

type Copies<T> = [OnceLock<Arc<T>>; MAX_THREADS];

/// A thread gets a copy of the value that it uses at each such time, of those that it has no copy of.
const COPY_EVERY: u32 = 256;

/// The bytes of all copies in the process. Threads share the values beyond.
const MAX_BYTES: usize = 16 << 20;

static BYTES: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The uses of shared values.
    static USES: Cell<u32> = const { Cell::new(0) };
}

impl<T> PerThread<T> {
    pub(crate) fn new(shared: Arc<T>) -> Self {
        Self {
            shared,
            copies: OnceLock::new(),
        }
    }

    pub(crate) fn shared(&self) -> &Arc<T> {
        &self.shared
    }

    /// The copy of this thread, or else the shared value. `copy` makes a copy, unless it is too early for one.
    #[inline]
    pub(crate) fn get(&self, copy: fn(&T) -> Option<T>) -> Arc<T> {
        Arc::clone(self.get_copy(copy).unwrap_or(&self.shared))
    }

    /// Like [`get`](Self::get), without the shared value.
    #[inline]
    pub(crate) fn get_copy(&self, copy: fn(&T) -> Option<T>) -> Option<&Arc<T>> {
        let own = self.copy();
        if own.is_none() {
            self.note_use(copy);
        }
        own
    }

    #[inline]
    fn copy(&self) -> Option<&Arc<T>> {
        self.copies.get()?.get(thread_slot()?)?.get()
    }

    #[inline(never)]
    fn note_use(&self, copy: fn(&T) -> Option<T>) {
        let uses = USES.try_with(|uses| {
            uses.set(uses.get().wrapping_add(1));
            uses.get()
        });
        if uses.is_ok_and(|uses| uses.is_multiple_of(COPY_EVERY)) {
            self.make_copy(copy);
        }
    }

    #[cold]
    fn make_copy(&self, copy: fn(&T) -> Option<T>) {
        if let Some(slot) = claim_thread_slot()
            && BYTES.load(Ordering::Relaxed) < MAX_BYTES
            && let Some(copy) = copy(&self.shared)
        {
            let copies = self.copies.get_or_init(|| {
                BYTES.fetch_add(size_of::<Copies<T>>(), Ordering::Relaxed);
                Box::new(std::array::from_fn(|_| OnceLock::new()))
            });
            if let Some(own) = copies.get(slot)
                && own.set(Arc::new(copy)).is_ok()
            {
                BYTES.fetch_add(size_of::<T>(), Ordering::Relaxed);
            }
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for PerThread<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}

impl<T> Drop for PerThread<T> {
    fn drop(&mut self) {
        if let Some(copies) = self.copies.get() {
            let made = copies.iter().filter(|copy| copy.get().is_some()).count();
            let bytes = size_of::<Copies<T>>() + made * size_of::<T>();
            BYTES.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn use_often<T>(value: &PerThread<T>, copy: fn(&T) -> Option<T>) -> Arc<T> {
        for _ in 0..COPY_EVERY {
            value.get(copy);
        }
        value.get(copy)
    }

    #[test]
    fn each_thread_that_uses_a_value_often_gets_a_copy() {
        let value = PerThread::new(Arc::new("value"));
        let copy = |value: &&'static str| Some(*value);
        assert!(Arc::ptr_eq(&value.get(copy), value.shared()));
        let own = use_often(&value, copy);
        assert_eq!(*own, "value");
        assert!(!Arc::ptr_eq(&own, value.shared()));
        assert!(Arc::ptr_eq(&own, &value.get(copy)));
        thread::scope(|scope| {
            let other = scope.spawn(|| use_often(&value, copy));
            let other = other.join().unwrap();
            assert!(!Arc::ptr_eq(&other, &own) && !Arc::ptr_eq(&other, value.shared()));
        });
        // One of the value, one in the local variable.
        assert_eq!(Arc::strong_count(&own), 2);
    }

    #[test]
    fn a_value_that_cannot_be_copied_stays_shared() {
        let value = PerThread::new(Arc::new(1));
        assert!(Arc::ptr_eq(&use_often(&value, |_| None), value.shared()));
        assert!(value.copies.get().is_none());
    }

    #[test]
    fn copies_are_dropped_with_the_value() {
        let value = PerThread::new(Arc::new(1));
        let own = Arc::downgrade(&use_often(&value, |value| Some(*value)));
        assert!(own.upgrade().is_some());
        drop(value);
        assert!(own.upgrade().is_none());
    }
}
