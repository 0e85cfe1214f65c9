//! Finds the fields that a JSON text has twice. `serde_json` would take the last one of each.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The paths of the fields that a JSON text has twice, such as `matchers[0].label`.
pub(super) fn repeated(json: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let seek = Seek {
        path: String::new(),
        found: &mut found,
    };
    // A text that is no JSON is reported by its reader.
    let _ = seek.deserialize(&mut serde_json::Deserializer::from_slice(json));
    found
}

struct Seek<'a> {
    path: String,
    found: &'a mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut known = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            let path = match &*self.path {
                "" => name.clone(),
                path => format!("{path}.{name}"),
            };
            if known.insert(name) {
                let found = &mut *self.found;
                map.next_value_seed(Seek { path, found })?;
            } else {
                self.found.push(path);
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut index = 0;
        loop {
            let path = format!("{}[{index}]", self.path);
            let found = &mut *self.found;
            if list.next_element_seed(Seek { path, found })?.is_none() {
                return Ok(());
            }
            index += 1;
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}
