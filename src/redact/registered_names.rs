//! Names of secrets that the service adds.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use parking_lot::RwLock;

/// The maximum number of names.
const MAX_NAMES: usize = 256;

/// In lower case and without punctuation.
static NAMES: RwLock<Vec<Box<[u8]>>> = RwLock::new(Vec::new());

/// A bit for the last letter of each name, and for that of its plural. Most names are decided here.
static LAST_LETTERS: AtomicU32 = AtomicU32::new(0);

static COUNT: AtomicUsize = AtomicUsize::new(0);

fn bit(byte: u8) -> u32 {
    1 << (byte & 31)
}

/// Adds a name, unless there are too many.
pub(super) fn insert(name: &[u8]) -> bool {
    let mut names = NAMES.write();
    if names.iter().any(|known| **known == *name) {
        return true;
    }
    let (Some(last), true) = (name.last(), names.len() < MAX_NAMES) else {
        return false;
    };
    names.push(name.into());
    LAST_LETTERS.fetch_or(bit(*last) | bit(b's'), Ordering::Release);
    COUNT.store(names.len(), Ordering::Release);
    true
}

/// The number of names, which only grows.
pub(super) fn count() -> usize {
    COUNT.load(Ordering::Acquire)
}

/// Whether a name may end with a registered one. Its digits and punctuation at the end do not count.
pub(super) fn may_be_registered(name: &[u8]) -> bool {
    let letters = LAST_LETTERS.load(Ordering::Acquire);
    let last = || name.iter().rev().find(|byte| byte.is_ascii_alphabetic());
    letters != 0 && last().is_some_and(|last| letters & bit(*last) != 0)
}

/// Whether a name in lower case and without punctuation ends with a registered one, or with its plural.
pub(super) fn is_registered(plain: &[u8]) -> bool {
    let singular = plain.strip_suffix(b"s").unwrap_or(plain);
    let names = NAMES.read();
    names
        .iter()
        .any(|name| plain.ends_with(name) || singular.ends_with(name))
}
