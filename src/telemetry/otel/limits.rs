//! The limits of spans, in bytes.

use crate::redact::MAX_HALF;

/// A text of a span that is exported: a value, a name or a description.
pub(super) const MAX_VALUE: usize = 4 * 1024;

/// A text of a span that waits for its export. The rest shows whether the first part ends within a secret.
pub(super) const MAX_WAITING_VALUE: usize = MAX_VALUE + MAX_HALF;

/// About the bytes of all spans in the queue.
pub(super) const MAX_QUEUE: usize = 32 * 1024 * 1024;

/// About the bytes of the spans of one request. Collectors accept requests of 4 MiB over gRPC by default.
pub(super) const MAX_BATCH: usize = 2 * 1024 * 1024;
