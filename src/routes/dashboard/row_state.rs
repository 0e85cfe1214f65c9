//! `RowState`: where a row of the table of endpoints stands in this frame.

/// Apart from the row, because each frame looks at the states of all rows, and at few rows.
#[derive(Debug, Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own"
)]
pub(super) struct RowState {
    /// Whether this frame computes the row.
    pub(super) is_due: bool,
    /// Whether a series of the row was there in this frame.
    pub(super) is_seen: bool,
    /// Whether one of them was not idle.
    pub(super) is_live: bool,
    /// Whether viewers have the row.
    pub(super) is_shown: bool,
    /// Whether the text is new in this frame.
    pub(super) is_changed: bool,
    /// The failed requests in this frame and in the one before.
    pub(super) errors: f64,
    pub(super) errors_before: f64,
}

impl RowState {
    /// The state of a row that this frame has found.
    pub(super) fn new() -> Self {
        Self {
            is_due: true,
            ..Self::default()
        }
    }

    /// Begins a frame, whose due rows are chosen.
    pub(super) fn begin(&mut self) {
        self.is_seen = false;
        self.is_live = false;
        self.is_changed = false;
        self.errors_before = self.errors;
        self.errors = 0.0;
    }
}
