//! `Pattern`: file names with `*` and `?`.

use crate::error::Error;

/// A pattern of file names: `*` is any text, `?` any character, and each other character is itself.
#[derive(Debug)]
pub(super) struct Pattern(Vec<char>);

impl Pattern {
    pub(super) fn parse(pattern: &str) -> Result<Self, Error> {
        let reason = if pattern.is_empty() {
            "it is empty"
        } else if pattern.contains(['/', '\\']) {
            "it is for file names, not for paths"
        } else if pattern.contains(['[', ']', '{', '}']) {
            "only `*` and `?` are special"
        } else if pattern.contains("**") {
            "`**` is not supported, because folders are not entered"
        } else {
            return Ok(Self(pattern.chars().collect()));
        };
        let message = format!("the pattern {pattern:?} is invalid: {reason}");
        Err(Error::invalid(message))
    }

    /// Whether the whole name fits. As in a shell, a dot at its beginning must be in the pattern.
    pub(super) fn matches(&self, name: &str) -> bool {
        let is_hidden = name.starts_with('.') && self.0.first() != Some(&'.');
        let name: Vec<char> = name.chars().collect();
        !is_hidden && matches(&self.0, &name)
    }
}

/// Goes back to the last `*` only, so the time grows with the product of both lengths at most.
fn matches(pattern: &[char], name: &[char]) -> bool {
    let (mut at, mut seen) = (0, 0);
    // After the last `*`, and the text that it stands for so far.
    let mut star = None;
    while seen < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at + 1, seen));
                at += 1;
            }
            Some(is) if *is == '?' || *is == name[seen] => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((after, end)) = star else {
                    return false;
                };
                star = Some((after, end + 1));
                (at, seen) = (after, end + 1);
            }
        }
    }
    pattern[at..].iter().all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match_within_the_whole_name() {
        for (pattern, name, is_match) in [
            ("a.log", "a.log", true),
            ("a.log", "a.log.1", false),
            ("a.log", "xa.log", false),
            ("a.log.*", "a.log.1", true),
            ("a.log.*", "a.log.", true),
            ("a.log.*", "a.log", false),
            ("*.sql", "shop-2026.sql", true),
            ("*.sql", "shop.sql.gz", false),
            ("*.sql", ".sql", false),
            (".*.sql", ".a.sql", true),
            ("?", "ä", true),
            ("?", "", false),
            ("?", "ab", false),
            ("a*b*c", "abbbc", true),
            ("a*b*c", "acb", false),
            ("a*ab", "aaab", true),
            ("a+b", "aab", false),
            ("*", "anything", true),
            ("*", ".hidden", false),
        ] {
            let found = Pattern::parse(pattern).unwrap().matches(name);
            assert_eq!(found, is_match, "{pattern} {name}");
        }
        // Not exponential.
        let pattern = Pattern::parse(&"a*".repeat(50)).unwrap();
        assert!(!pattern.matches(&("a".repeat(49) + &"b".repeat(5000))));
    }
}
