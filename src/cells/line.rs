//! One cache line of counts.

use super::sync::{AtomicU64, Ordering, Ordering::Relaxed};

pub(super) const LINE: usize = 8;

/// Aligned, so that threads that write lines of their own do not take them from each other.
#[repr(align(64))]
pub(super) struct Line([AtomicU64; LINE]);

/// The cells of one series and one thread.
pub(super) type Lines = Box<[Line]>;

/// At least `cells` counts of 0.
pub(super) fn new_lines(cells: usize) -> Lines {
    (0..cells.div_ceil(LINE))
        .map(|_| Line(std::array::from_fn(|_| AtomicU64::new(0))))
        .collect()
}

#[inline]
pub(super) fn at(lines: &[Line], cell: usize) -> &AtomicU64 {
    &lines[cell / LINE].0[cell % LINE]
}

/// An addition by the only thread that writes the cell: on x86, the two moves cost a tenth of an atomic addition.
#[inline]
pub(super) fn add_alone(cell: &AtomicU64, count: u64, order: Ordering) {
    cell.store(cell.load(Ordering::Relaxed).wrapping_add(count), order);
}

/// An addition to a cell that holds the bits of an `f64` and that several threads write.
#[inline]
pub(super) fn add_float(cell: &AtomicU64, value: f64) {
    let mut bits = cell.load(Relaxed);
    loop {
        let sum = f64::from_bits(bits) + value;
        match cell.compare_exchange_weak(bits, sum.to_bits(), Relaxed, Relaxed) {
            Ok(_) => return,
            Err(now) => bits = now,
        }
    }
}

/// [`add_alone`] of a cell that holds the bits of an `f64`.
#[inline]
pub(super) fn add_float_alone(cell: &AtomicU64, value: f64) {
    let sum = f64::from_bits(cell.load(Ordering::Relaxed)) + value;
    cell.store(sum.to_bits(), Ordering::Relaxed);
}
