//! The exclusive cells of one series: at most one set of lines per thread.

use std::cell::Cell;

use super::limits::{MAX_OWN_BYTES, MAX_THREADS, PROMOTE_EVERY};
use super::line::{LINE, Line, Lines, new_lines};
use super::sync::{AtomicUsize, OnceLock, Ordering, process_wide, thread_local};
use super::thread_slot::{claim_thread_slot, thread_slot};

process_wide! {
    // Bytes of all tables and lines.
    static OWN_BYTES: AtomicUsize = AtomicUsize::new(0);
}

thread_local! {
    /// Crossings of a multiple of `PROMOTE_EVERY` by this thread.
    static CROSSINGS: Cell<u64> = const { Cell::new(0) };
}

type Table = [OnceLock<Lines>; MAX_THREADS];

/// Two words until the first thread claims cells, because most series never become hot.
pub(super) struct OwnCells {
    table: OnceLock<Box<Table>>,
}

impl OwnCells {
    pub(super) fn new() -> Self {
        Self {
            table: OnceLock::new(),
        }
    }

    /// The cells that only this thread writes.
    #[inline]
    pub(super) fn get(&self) -> Option<&[Line]> {
        self.table
            .get()?
            .get(thread_slot()?)?
            .get()
            .map(|lines| &**lines)
    }

    /// The cells of all threads. Their owners go on writing.
    pub(super) fn all(&self) -> impl Iterator<Item = &[Line]> {
        self.table
            .get()
            .into_iter()
            .flat_map(|table| table.iter().filter_map(OnceLock::get))
            .map(|lines| &**lines)
    }

    /// After an addition of `count` to a shared cell that held `old`: gives this thread `cells` cells about every
    /// `PROMOTE_EVERY` additions, if there is room.
    #[inline]
    pub(super) fn promote_if_due(&self, old: u64, count: u64, cells: usize) {
        if old / PROMOTE_EVERY != old.wrapping_add(count) / PROMOTE_EVERY {
            self.promote(count, cells);
        }
    }

    #[cold]
    fn promote(&self, count: u64, cells: usize) {
        // Larger counts cross more often. Only additions make a series hot, so of their crossings all but some are skipped.
        let crossings = CROSSINGS
            .try_with(|crossings| crossings.replace(crossings.get().wrapping_add(1)))
            .unwrap_or(0);
        if !crossings
            .wrapping_add(1)
            .is_multiple_of(count.min(PROMOTE_EVERY))
        {
            return;
        }
        let Some(slot) = claim_thread_slot() else {
            return;
        };
        let Some(own) = self.table().and_then(|table| table.get(slot)) else {
            return;
        };
        init(own, cells.div_ceil(LINE) * size_of::<Line>(), || {
            new_lines(cells)
        });
    }

    fn table(&self) -> Option<&Table> {
        init(&self.table, size_of::<Table>(), || {
            Box::new(std::array::from_fn(|_| OnceLock::new()))
        })
        .map(|table| &**table)
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let table = if self.table.get().is_some() {
            size_of::<Table>()
        } else {
            0
        };
        table + self.all().map(size_of_val).sum::<usize>()
    }
}

impl Drop for OwnCells {
    fn drop(&mut self) {
        OWN_BYTES.fetch_sub(self.heap_bytes(), Ordering::Relaxed);
    }
}

/// The value of `cell`, made now unless it exists. `None` if there is no room for its `bytes`.
fn init<T>(cell: &OnceLock<T>, bytes: usize, make: impl FnOnce() -> T) -> Option<&T> {
    if let Some(value) = cell.get() {
        return Some(value);
    }
    if OWN_BYTES.fetch_add(bytes, Ordering::Relaxed) > MAX_OWN_BYTES.saturating_sub(bytes) {
        OWN_BYTES.fetch_sub(bytes, Ordering::Relaxed);
        return None;
    }
    let mut is_new = false;
    let value = cell.get_or_init(|| {
        is_new = true;
        make()
    });
    if !is_new {
        OWN_BYTES.fetch_sub(bytes, Ordering::Relaxed);
    }
    Some(value)
}
