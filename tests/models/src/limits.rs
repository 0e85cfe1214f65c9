//! In place of `src/cells/limits.rs`: as small as the models allow.

pub const MAX_THREADS: usize = 2;
pub const MAX_OWN_BYTES: usize = 1 << 20;
pub const PROMOTE_EVERY: u64 = 2;
