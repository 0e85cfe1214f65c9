//! The crate's own families.

use super::family::Family;
use super::process_families::PROCESS;
use super::service_families::SERVICE;

/// Every family the crate can emit.
pub const FAMILIES: &[Family] = &joined::<{ SERVICE.len() + PROCESS.len() }>(SERVICE, PROCESS);

const fn joined<const N: usize>(first: &[Family], second: &[Family]) -> [Family; N] {
    let mut all = [first[0]; N];
    let mut index = 0;
    while index < N {
        all[index] = if index < first.len() {
            first[index]
        } else {
            second[index - first.len()]
        };
        index += 1;
    }
    all
}
