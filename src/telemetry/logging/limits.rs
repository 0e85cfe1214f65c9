//! The lengths to which lines are bounded, in bytes of the line.

/// A line. Fields that do not fit are left out and counted.
pub(super) const MAX_LINE: usize = 64 * 1024;

/// A value or a message. Longer ones are cut, with a note of the number of bytes that were cut.
pub(super) const MAX_VALUE: usize = 8 * 1024;

/// A backtrace.
pub(super) const MAX_BACKTRACE: usize = 16 * 1024;

/// A name: of a target, a module, a span, a service or an environment.
pub(super) const MAX_NAME: usize = 1024;

/// The fields of one span or event.
pub(super) const MAX_FIELDS: usize = 32 * 1024;
