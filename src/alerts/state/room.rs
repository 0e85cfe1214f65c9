//! `Room`: the active alerts that the limit still allows.

/// The number of active alerts that the limit still allows, and of those that it did not.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) left: usize,
    pub(super) dropped: u64,
}

impl Room {
    pub(super) fn new(left: usize) -> Self {
        Self { left, dropped: 0 }
    }

    /// Whether another alert may become active. A refusal is counted.
    pub(super) fn admits(&mut self) -> bool {
        if self.left == 0 {
            self.dropped += 1;
        }
        self.left > 0
    }

    pub(super) fn change(&mut self, was_held: bool, is_held: bool) {
        match (was_held, is_held) {
            (false, true) => self.left = self.left.saturating_sub(1),
            (true, false) => self.left += 1,
            _ => {}
        }
    }
}
