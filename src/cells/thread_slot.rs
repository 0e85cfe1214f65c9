//! The number of a thread among the threads that own cells.

use std::cell::Cell;

use super::limits::MAX_THREADS;
use super::sync::{AtomicU64, Ordering, process_wide, thread_local};

/// No slot: beyond every table of cells.
const NONE: usize = usize::MAX;

/// The bits of `TAKEN` that stand for slots.
const ALL: u64 = u64::MAX >> (u64::BITS as usize - MAX_THREADS);

process_wide! {
    // One bit per slot.
    static TAKEN: AtomicU64 = AtomicU64::new(0);
}

thread_local! {
    // Without a destructor, so a read is one load and also works while the thread ends.
    static SLOT: Cell<usize> = const { Cell::new(NONE) };
    static CLAIM: Cell<Option<Claim>> = const { Cell::new(None) };
}

/// Gives the slot back when its thread ends.
struct Claim(usize);

impl Drop for Claim {
    fn drop(&mut self) {
        // First: what later destructors of this thread record goes to shared cells.
        let _ = SLOT.try_with(|slot| slot.set(NONE));
        // Release: the next owner sees the values of the cells, and goes on from them.
        TAKEN.fetch_and(!(1 << self.0), Ordering::Release);
    }
}

/// The slot of this thread, if it has claimed one. No other living thread has the same.
#[inline]
pub(crate) fn thread_slot() -> Option<usize> {
    SLOT.try_with(Cell::get).ok().filter(|slot| *slot != NONE)
}

/// The slot of this thread, claimed now unless it has one. `None` if all slots are taken, or if the thread is ending.
#[cold]
pub(crate) fn claim_thread_slot() -> Option<usize> {
    if let Some(slot) = thread_slot() {
        return Some(slot);
    }
    let claim = Claim(take_free_slot()?);
    let slot = claim.0;
    // If the thread is ending, the closure drops the claim.
    CLAIM.try_with(move |kept| kept.set(Some(claim))).ok()?;
    SLOT.try_with(|own| own.set(slot)).ok()?;
    Some(slot)
}

fn take_free_slot() -> Option<usize> {
    let mut taken = TAKEN.load(Ordering::Relaxed);
    loop {
        let slot = (!taken & ALL).trailing_zeros();
        if slot == u64::BITS {
            return None;
        }
        // Acquire: pairs with the release of the slot's last owner.
        match TAKEN.compare_exchange(
            taken,
            taken | 1 << slot,
            Ordering::Acquire,
            Ordering::Relaxed,
        ) {
            Ok(_) => return Some(slot as usize),
            Err(now) => taken = now,
        }
    }
}
