//! `Scratch`: the buffers of a thread that makes lines.

use std::cell::Cell;

use tracing::Event;
use tracing_log::NormalizeEvent;

use super::escape::Style;
use super::event_parts::EventParts;
use super::field_visitor::FieldVisitor;
use super::fields::Fields;
use super::line_fields::LineFields;
use super::timestamp::Timestamp;

/// Buffers that keep this much memory from line to line.
const KEPT: usize = 16 * 1024;

/// Buffers that are filled anew for each line, so that a line needs no allocation.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) line: Vec<u8>,
    pub(super) fields: Fields,
    pub(super) parts: EventParts,
    pub(super) line_fields: LineFields,
    pub(super) timestamp: Timestamp,
    text: String,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

impl Scratch {
    /// Lends the buffers of this thread. A value whose `Debug` logs gets others.
    pub(super) fn with(act: impl FnOnce(&mut Self)) {
        // While the thread ends, there is no place to keep them.
        let kept = SCRATCH.try_with(Cell::take).ok().flatten();
        let mut scratch = kept.unwrap_or_default();
        act(&mut scratch);
        scratch.line.shrink_to(KEPT);
        scratch.text.shrink_to(KEPT);
        let _ = SCRATCH.try_with(|kept| kept.set(Some(scratch)));
    }

    pub(super) fn span_visitor(&mut self) -> FieldVisitor<'_> {
        self.fields.clear();
        FieldVisitor {
            fields: &mut self.fields,
            text: &mut self.text,
            event: None,
        }
    }

    pub(super) fn event_visitor(&mut self, event: &Event<'_>, style: Style) -> FieldVisitor<'_> {
        self.fields.clear();
        self.parts.clear();
        self.parts.is_log_record = event.is_log();
        FieldVisitor {
            fields: &mut self.fields,
            text: &mut self.text,
            event: Some((&mut self.parts, style)),
        }
    }
}
