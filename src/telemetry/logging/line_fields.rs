//! `LineFields`: the fields of an event and of its spans, in one line.

use super::fields::{Field, Fields};
use super::keys::IdKey;
use crate::trace_context::TraceIds;

/// The fields of a line, of which the first with a name is kept, and the ids among them.
#[derive(Debug, Default)]
pub(super) struct LineFields {
    json: Vec<u8>,
    names: Vec<&'static str>,
    /// A bit for each name, so that most names need no search.
    filter: u64,
    /// The values of the ids, in JSON.
    ids: [Vec<u8>; 4],
    has_trace: bool,
    dropped: usize,
}

impl LineFields {
    /// Starts with the ids of the trace, which no field replaces.
    pub(super) fn start(&mut self, trace: Option<TraceIds>) {
        self.json.clear();
        self.names.clear();
        self.filter = 0;
        self.dropped = 0;
        self.ids.iter_mut().for_each(Vec::clear);
        self.has_trace = trace.is_some();
        if let Some(trace) = trace {
            self.set_id(IdKey::TraceId, trace.trace_id().as_bytes());
            self.set_id(IdKey::SpanId, trace.span_id().as_bytes());
            self.set_id(IdKey::TraceFlags, trace.flags().as_bytes());
        }
    }

    fn set_id(&mut self, key: IdKey, text: &[u8]) {
        let id = &mut self.ids[key as usize];
        id.push(b'"');
        id.extend_from_slice(text);
        id.push(b'"');
    }

    /// Adds the fields whose names are new, as far as the line does not get longer than `max`.
    pub(super) fn add(&mut self, fields: &Fields, max: usize) {
        for field in fields.iter() {
            if self.is_new(field.name) && !self.is_id(field, fields.value(field)) {
                let member = fields.member(field);
                if self.json.len() + member.len() <= max {
                    self.json.extend_from_slice(member);
                } else {
                    self.dropped += 1;
                }
            }
        }
        self.dropped += fields.dropped();
    }

    /// Whether the name is the first of its kind. Remembers it.
    fn is_new(&mut self, name: &'static str) -> bool {
        let bytes = name.as_bytes();
        let (first, last) = (bytes.first(), bytes.last());
        let byte = |byte: Option<&u8>| byte.map_or(0, |byte| usize::from(*byte));
        let bit = 1 << ((byte(first) * 7 + byte(last) * 13 + bytes.len()) & 63);
        let is_new = self.filter & bit == 0 || !self.names.contains(&name);
        self.filter |= bit;
        if is_new {
            self.names.push(name);
        }
        is_new
    }

    /// Whether the field becomes an id of the line, or is one already.
    fn is_id(&mut self, field: &Field, value: &[u8]) -> bool {
        let Some(key) = field.id else {
            return false;
        };
        let is_number = value.iter().all(u8::is_ascii_digit);
        let is_text = value.len() > 2 && value[0] == b'"';
        let has_form = match key.digits() {
            None => is_text || is_number,
            Some(digits) => is_text && is_hex(&value[1..value.len() - 1], digits),
        };
        let id = &self.ids[key as usize];
        if self.has_trace && key != IdKey::RequestId {
            return id == value;
        }
        if has_form {
            let text = if is_text {
                &value[1..value.len() - 1]
            } else {
                value
            };
            self.set_id(key, text);
        }
        has_form
    }

    /// Appends the ids that are known.
    pub(super) fn push_ids(&self, line: &mut Vec<u8>) {
        for key in IdKey::ALL {
            let id = &self.ids[key as usize];
            if !id.is_empty() {
                line.extend_from_slice(b",\"");
                line.extend_from_slice(key.name().as_bytes());
                line.extend_from_slice(b"\":");
                line.extend_from_slice(id);
            }
        }
    }

    /// Appends the fields, and the number of those that were left out.
    pub(super) fn push_fields(&self, line: &mut Vec<u8>) {
        line.extend_from_slice(&self.json);
        if self.dropped > 0 {
            line.extend_from_slice(b",\"fields_dropped\":");
            line.extend_from_slice(itoa::Buffer::new().format(self.dropped).as_bytes());
        }
    }
}

fn is_hex(text: &[u8], digits: usize) -> bool {
    text.len() == digits
        && text
            .iter()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
}
