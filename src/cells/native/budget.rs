//! [`Budget`].

use super::super::sync::{AtomicUsize, Ordering::Relaxed};

/// A number that is given out one by one.
pub(super) struct Budget {
    taken: AtomicUsize,
    all: usize,
}

impl Budget {
    pub(super) fn new(all: usize) -> Self {
        Self {
            taken: AtomicUsize::new(0),
            all,
        }
    }

    /// Takes one, if there is one.
    pub(super) fn take(&self) -> bool {
        let is_taken = self.taken.fetch_add(1, Relaxed) < self.all;
        if !is_taken {
            self.give_back();
        }
        is_taken
    }

    pub(super) fn give_back(&self) {
        self.taken.fetch_sub(1, Relaxed);
    }
}
