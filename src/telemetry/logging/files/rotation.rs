//! `Rotation`: when a file is rotated, and how many backups it has.

use super::period::Period;

/// When a file is rotated, and what becomes of the old one.
#[derive(Debug, Clone)]
pub(super) struct Rotation {
    /// 0 for any size.
    pub(super) max_bytes: u64,
    pub(super) period: Option<Period>,
    pub(super) backups: u32,
    pub(super) compresses: bool,
}

impl Default for Rotation {
    fn default() -> Self {
        Self {
            max_bytes: 5 * 1024 * 1024,
            period: None,
            backups: 5,
            compresses: false,
        }
    }
}
