//! `Labels`: the labels of one series.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::hash::{Hash, Hasher};
use std::slice;
use std::sync::Arc;

use super::escaping::Escaping;
use super::names::{LABEL, is_plain};

/// The labels of one series, in the order in which they were first recorded, after the global labels. Cheap to clone.
///
/// ```
/// # use metrics::{Key, Level, Metadata, Recorder};
/// use tower_vitals::Prometheus;
///
/// let prometheus = Prometheus::builder().build()?;
/// # let metadata = Metadata::new("doc", Level::INFO, None);
/// let key = Key::from_parts("orders_total", &[("shop", "eu"), ("kind", "book")]);
/// prometheus.register_counter(&key, &metadata).increment(3);
///
/// let snapshot = prometheus.snapshot();
/// let labels = &snapshot.family("orders_total").unwrap().series[0].labels;
/// assert_eq!(labels.get("shop"), Some("eu"));
/// assert_eq!(labels.iter().collect::<Vec<_>>(), [("shop", "eu"), ("kind", "book")]);
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Clone)]
pub struct Labels(Arc<Text>);

/// Labels as the text formats write them, because a series is rendered far more often than it is read in another way.
struct Text {
    /// `a="b","c.d"="e"`, escaped, and names in quotes if they need it.
    escaped: Box<str>,
    /// The plain labels, if escapes or quotes are in the text.
    plain: Option<Box<[Pair]>>,
    /// Whether a name is quoted.
    has_quoted_names: bool,
}

type Pair = (Box<str>, Box<str>);

impl Labels {
    pub(super) fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)> + Clone) -> Self {
        let mut escaped = String::new();
        let mut has_quoted_names = false;
        for (name, value) in pairs.clone() {
            let quote = if is_plain(name, LABEL) { "" } else { "\"" };
            has_quoted_names |= !quote.is_empty();
            write_label([quote, name, quote], value, &mut escaped);
        }
        let plain = (has_quoted_names || escaped.contains('\\')).then(|| {
            let pairs = pairs.into_iter();
            pairs
                .map(|(name, value)| (name.into(), value.into()))
                .collect()
        });
        Self(Arc::new(Text {
            escaped: escaped.into(),
            plain,
            has_quoted_names,
        }))
    }

    /// Returns the names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        match &self.0.plain {
            Some(plain) => Iter::Plain(plain.iter()),
            None => Iter::Text(&self.0.escaped),
        }
    }

    /// Passes the names that a scraper can take, and the values.
    pub(super) fn for_each(&self, escaping: Escaping, mut label: impl FnMut(&str, &str)) {
        let is_as_kept = self.is_as_kept(escaping);
        for (name, value) in self.iter() {
            if is_as_kept {
                label(name, value);
            } else {
                label(&escaping.label_name(name), value);
            }
        }
    }

    fn is_as_kept(&self, escaping: Escaping) -> bool {
        match escaping {
            Escaping::AllowUtf8 => true,
            Escaping::Underscores | Escaping::Values => !self.0.has_quoted_names,
            Escaping::Dots => false,
        }
    }

    /// Returns the value of a label.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find_map(|(own, value)| (own == name).then_some(value))
    }

    /// Returns the number of labels.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there are no labels.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.escaped.is_empty()
    }

    /// The labels as the text formats write them, if that needs no escape: all quotes are those around values.
    pub(super) fn unescaped(&self) -> Option<&str> {
        self.0.plain.is_none().then_some(&*self.0.escaped)
    }

    /// The labels as the text formats write them, without braces.
    pub(super) fn escaped(&self, escaping: Escaping) -> Cow<'_, str> {
        if self.is_as_kept(escaping) {
            return (*self.0.escaped).into();
        }
        let mut text = String::with_capacity(self.0.escaped.len() + 16);
        for (name, value) in self.iter() {
            write_label([&*escaping.label_name(name)], value, &mut text);
        }
        text.into()
    }
}

fn write_label<const N: usize>(name: [&str; N], value: &str, text: &mut String) {
    let comma = if text.is_empty() { "" } else { "," };
    text.push_str(comma);
    text.extend(name);
    text.push_str("=\"");
    escape_value(value, text);
    text.push('"');
}

/// Escapes backslashes, quotes and line feeds, as both text formats demand.
fn escape_value(value: &str, text: &mut String) {
    if !value.contains(['\\', '"', '\n']) {
        return text.push_str(value);
    }
    for c in value.chars() {
        match c {
            '\\' => text.push_str(r"\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            c => text.push(c),
        }
    }
}

enum Iter<'a> {
    /// Without escapes, so that the next quote ends a value.
    Text(&'a str),
    Plain(slice::Iter<'a, Pair>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Text(text) => {
                // A search for one character takes less time than one for two.
                let (name, rest) = text.split_once('=')?;
                let (value, rest) = rest.strip_prefix('"')?.split_once('"')?;
                *text = rest.strip_prefix(',').unwrap_or(rest);
                Some((name, value))
            }
            Self::Plain(pairs) => pairs.next().map(|(name, value)| (&**name, &**value)),
        }
    }
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.escaped == other.0.escaped
    }
}

impl Eq for Labels {}

impl From<Vec<(String, String)>> for Labels {
    fn from(labels: Vec<(String, String)>) -> Self {
        Self::new(labels.iter().map(|(name, value)| (&**name, &**value)))
    }
}

impl<const N: usize> PartialEq<[(&str, &str); N]> for Labels {
    fn eq(&self, other: &[(&str, &str); N]) -> bool {
        self.iter().eq(other.iter().copied())
    }
}

impl Hash for Labels {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.escaped.hash(state);
    }
}

/// The labels as text, with secrets masked.
impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::from("{");
        for (name, value) in self.iter() {
            let comma = if text.len() > 1 { ", " } else { "" };
            // Writing to a string does not fail.
            let _ = write!(text, "{comma}{name:?}: {value:?}");
        }
        text.push('}');
        f.write_str(&crate::redact::redact(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_once_and_read_as_they_were() {
        let plain = Labels::new([("a", "b,c={}"), ("größe", "é=")]);
        let text = |labels: &Labels| labels.escaped(Escaping::AllowUtf8).into_owned();
        assert_eq!(text(&plain), r#"a="b,c={}","größe"="é=""#);
        assert_eq!(
            plain.iter().collect::<Vec<_>>(),
            [("a", "b,c={}"), ("größe", "é=")]
        );
        let pairs = [("a", "\\"), ("b", "\"},{"), ("c", "x\ny"), ("d", "")];
        let escaped = Labels::new(pairs);
        assert_eq!(text(&escaped), r#"a="\\",b="\"},{",c="x\ny",d="""#);
        assert_eq!(escaped.iter().collect::<Vec<_>>(), pairs);
        assert_eq!(
            (escaped.get("c"), escaped.get("e"), escaped.len()),
            (Some("x\ny"), None, 4)
        );
        let none = Labels::new([]);
        assert!(none.is_empty() && none.iter().next().is_none());
    }

    #[test]
    fn names_are_written_as_the_scraper_takes_them() {
        let labels = Labels::new([("a_b", "\""), ("c.d", "ü.")]);
        let written = [
            (Escaping::Underscores, r#"a_b="\"",c_d="ü.""#),
            (Escaping::AllowUtf8, r#"a_b="\"","c.d"="ü.""#),
            (Escaping::Dots, r#"a__b="\"",c_dot_d="ü.""#),
            (Escaping::Values, r#"a_b="\"",U__c_2e_d="ü.""#),
        ];
        for (escaping, expected) in written {
            assert_eq!(labels.escaped(escaping), expected);
        }
        let plain = Labels::new([("a_b", "1")]);
        assert_eq!(plain.escaped(Escaping::Dots), r#"a__b="1""#);
        for escaping in [Escaping::Underscores, Escaping::AllowUtf8, Escaping::Values] {
            let text = plain.escaped(escaping);
            assert!(matches!(text, Cow::Borrowed(r#"a_b="1""#)), "{text}");
        }
    }

    #[test]
    fn equality_is_that_of_the_text_and_debug_masks_secrets() {
        let labels = Labels::new([("a", "1"), ("password", "hunter2-long")]);
        assert_eq!(labels, labels.clone());
        assert_ne!(labels, Labels::new([("a", "1")]));
        let shown = format!("{labels:?}");
        assert!(shown.starts_with(r#"{"a": "1", "password": "#), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
