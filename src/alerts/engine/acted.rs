//! `Acted`: what became of an act on an alert.

/// What became of an act on an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acted {
    /// It is done.
    Done,
    /// The instance that holds the alert does it at its next evaluation.
    Forwarded,
}
