//! `EventParts`: the message and the error of an event.

use super::escape::Style;
use super::exception::Exception;
use super::excerpt::Excerpt;
use super::limits::MAX_VALUE;

/// The parts of an event that are no fields.
#[derive(Debug, Default)]
pub(super) struct EventParts {
    pub(super) message: Vec<u8>,
    pub(super) has_message: bool,
    /// Whether the event was a record of the `log` crate.
    pub(super) is_log_record: bool,
    pub(super) exception: Exception,
}

impl EventParts {
    pub(super) fn clear(&mut self) {
        self.message.clear();
        self.has_message = false;
        self.exception.clear();
    }

    pub(super) fn set_message(&mut self, message: Excerpt<'_>, style: Style) {
        message.push(&mut self.message, style, MAX_VALUE);
        self.has_message = true;
    }
}
