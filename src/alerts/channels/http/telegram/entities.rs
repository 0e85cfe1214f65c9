//! Entities that keep Telegram from finding mentions in a text.

use serde_json::{Value as Json, json};

/// Telegram ignores the entities of a message after the first 100.
const MAX_ENTITIES: usize = 100;

/// `code` entities over all words with an `@`, because Telegram finds no mention inside of one. The text stays as it is.
///
/// Offsets and lengths count UTF-16 code units ([source](https://core.telegram.org/api/entities#entity-length)).
pub(super) fn without_mentions(text: &str) -> Vec<Json> {
    let mut words = words_with_at(text);
    if words.len() > MAX_ENTITIES {
        let end = words.last().map_or(0, |(_, end)| *end);
        words.truncate(1);
        words[0].1 = end;
    }
    let entity = |(start, end)| json!({"type": "code", "offset": start, "length": end - start});
    words.into_iter().map(entity).collect()
}

/// The start and the end of each.
fn words_with_at(text: &str) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let (mut position, mut start, mut has_at) = (0, 0, false);
    for char in text.chars().chain([' ']) {
        if char.is_whitespace() {
            if has_at {
                words.push((start, position));
            }
            has_at = false;
            start = position + char.len_utf16();
        }
        has_at |= char == '@';
        position += char.len_utf16();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_an_at_are_code() {
        assert_eq!(without_mentions("no mention"), Vec::<Json>::new());
        let entities = without_mentions("🔴 call @root,\nor (@admin)");
        let code =
            |offset: u32, length: u32| json!({"type": "code", "offset": offset, "length": length});
        assert_eq!(entities, [code(8, 6), code(18, 8)]);
    }

    #[test]
    fn too_many_mentions_are_one_entity() {
        let text = "x ".to_owned() + &"@ab ".repeat(101);
        let whole = json!({"type": "code", "offset": 2, "length": 4 * 101 - 1});
        assert_eq!(without_mentions(&text), [whole]);
    }
}
