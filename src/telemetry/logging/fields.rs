//! `Fields`: the fields of a span or an event.

use super::escape::{self, Style};
use super::keys::{IdKey, collides};
use super::limits::MAX_FIELDS;
use crate::redact::{MASK, is_pair_value};

/// Fields, as members of a JSON object: `,"user":"ann","items":3`. No name appears twice.
#[derive(Debug, Default)]
pub(super) struct Fields {
    json: Vec<u8>,
    list: Vec<Field>,
    /// The names of fields that did not fit, each once: several layers and records may try to add the same field.
    dropped: Vec<&'static str>,
    /// Whether a field says that the value beside it is secret: `header = "authorization", value = ..`.
    names_secret: bool,
}

/// The position of a field in the JSON.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    /// The key that the field may provide.
    pub(super) id: Option<IdKey>,
    start: usize,
    value: usize,
    end: usize,
}

impl Fields {
    pub(super) fn clear(&mut self) {
        self.json.clear();
        self.list.clear();
        self.dropped.clear();
        self.names_secret = false;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty() && self.dropped.is_empty()
    }

    /// The number of fields that did not fit.
    pub(super) fn dropped(&self) -> usize {
        self.dropped.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Field> {
        self.list.iter()
    }

    /// The field as a member of an object, with a comma before it.
    pub(super) fn member(&self, field: &Field) -> &[u8] {
        &self.json[field.start..field.end]
    }

    pub(super) fn value(&self, field: &Field) -> &[u8] {
        &self.json[field.value..field.end]
    }

    /// Adds a field, in place of an earlier one of this name. `write` appends its value in JSON.
    pub(super) fn set(&mut self, name: &'static str, write: impl FnOnce(&mut Vec<u8>)) {
        self.remove(name);
        let start = self.json.len();
        self.json.extend_from_slice(b",\"");
        // A name is never cut, because two names could become one.
        let is_whole = escape::push(&mut self.json, name, Style::Json, MAX_FIELDS) == name.len();
        let collides = collides(name);
        if collides {
            self.json.push(b'_');
        }
        self.json.extend_from_slice(b"\":");
        let value = self.json.len();
        write(&mut self.json);
        if self.json.len() > MAX_FIELDS || !is_whole {
            self.json.truncate(start);
            self.dropped.push(name);
            return;
        }
        self.list.push(Field {
            name,
            id: if collides { IdKey::of(name) } else { None },
            start,
            value,
            end: self.json.len(),
        });
    }

    /// Adds a mask, in place of an earlier value of this name.
    pub(super) fn mask(&mut self, name: &'static str) {
        self.set(name, |json| {
            json.push(b'"');
            json.extend_from_slice(MASK.as_bytes());
            json.push(b'"');
        });
    }

    /// Notes that a field names a secret. The values beside it are masked, also those that are added later.
    pub(super) fn set_names_secret(&mut self) {
        self.names_secret = true;
        let names = self.list.iter().map(|field| field.name);
        let names: Vec<_> = names.filter(|name| is_pair_value(name)).collect();
        for name in names {
            self.mask(name);
        }
    }

    /// Whether the value of this name is beside the name of a secret.
    pub(super) fn is_beside_secret(&self, name: &str) -> bool {
        self.names_secret && is_pair_value(name)
    }

    /// Adds the fields of the others, in place of earlier ones of their names.
    pub(super) fn set_all(&mut self, others: &Self) {
        for field in &others.list {
            self.set(field.name, |json| {
                json.extend_from_slice(others.value(field));
            });
        }
        if self.names_secret || others.names_secret {
            self.set_names_secret();
        }
        for name in &others.dropped {
            self.remove(name);
            self.dropped.push(name);
        }
    }

    /// A copy that takes no more memory than it needs.
    pub(super) fn to_compact(&self) -> Self {
        Self {
            json: self.json.clone(),
            list: self.list.clone(),
            dropped: self.dropped.clone(),
            names_secret: self.names_secret,
        }
    }

    fn remove(&mut self, name: &str) {
        self.dropped.retain(|dropped| *dropped != name);
        let Some(old) = self.list.iter().position(|field| field.name == name) else {
            return;
        };
        let old = (old, self.list.remove(old));
        let length = old.1.end - old.1.start;
        self.json.drain(old.1.start..old.1.end);
        for field in &mut self.list[old.0..] {
            field.start -= length;
            field.value -= length;
            field.end -= length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(values: &[(&'static str, &str)]) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in values {
            fields.set(name, |json| json.extend_from_slice(value.as_bytes()));
        }
        fields
    }

    fn json(fields: &Fields) -> &str {
        std::str::from_utf8(&fields.json).unwrap()
    }

    #[test]
    fn the_later_value_of_a_name_wins() {
        let mut fields = fields(&[("a", "1"), ("b", "22"), ("a", "333"), ("c", "4")]);
        assert_eq!(json(&fields), ",\"b\":22,\"a\":333,\"c\":4");
        fields.set_all(&self::fields(&[("b", "5"), ("d", "6")]));
        assert_eq!(json(&fields), ",\"a\":333,\"c\":4,\"b\":5,\"d\":6");
        let members = fields.iter().map(|field| fields.member(field));
        assert_eq!(members.collect::<Vec<_>>().concat(), fields.json);
        let values: Vec<_> = fields.iter().map(|field| fields.value(field)).collect();
        assert_eq!(values, [&b"333"[..], b"4", b"5", b"6"]);
    }

    #[test]
    fn a_name_that_collides_with_a_key_gets_an_underscore() {
        let fields = fields(&[
            ("level", "1"),
            ("level_", "2"),
            ("trace_id", "3"),
            ("a\n", "4"),
        ]);
        assert_eq!(
            json(&fields),
            ",\"level_\":1,\"level__\":2,\"trace_id_\":3,\"a\\n\":4"
        );
        let ids: Vec<_> = fields.iter().map(|field| field.id).collect();
        assert_eq!(ids, [None, None, Some(IdKey::TraceId), None]);
    }

    #[test]
    fn fields_that_do_not_fit_are_counted() {
        let long = "1".repeat(MAX_FIELDS - 20);
        let fields = fields(&[("a", &long), ("bbbbbbbbbbbbbbbbbb", "1"), ("c", "2")]);
        assert_eq!(
            fields.iter().map(|field| field.name).collect::<Vec<_>>(),
            ["a", "c"]
        );
        assert_eq!(fields.dropped(), 1);
    }
}
