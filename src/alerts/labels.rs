//! `Labels`: the labels of an alert.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Index;
use std::slice;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The labels of an alert, without the rule's name. Sorted by name, and cheap to clone.
///
/// ```
/// use tower_vitals::alerts::Labels;
///
/// let mut labels = Labels::from([("queue".to_owned(), "mail".to_owned())]);
/// labels.insert("shop".to_owned(), "eu".to_owned());
/// assert_eq!(labels["queue"], "mail");
/// assert_eq!(labels.keys().collect::<Vec<_>>(), ["queue", "shop"]);
/// ```
// A map takes half a kilobyte for one label.
#[derive(Clone, Default, PartialOrd, Ord)]
pub struct Labels(Option<Arc<[Pair]>>);

type Pair = (String, String);

impl Labels {
    /// No labels.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    fn pairs(&self) -> &[Pair] {
        self.0.as_deref().unwrap_or_default()
    }

    fn of(mut pairs: Vec<Pair>) -> Self {
        for (name, value) in &mut pairs {
            name.shrink_to_fit();
            value.shrink_to_fit();
        }
        Self((!pairs.is_empty()).then(|| pairs.into()))
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.pairs().binary_search_by(|(own, _)| (**own).cmp(name))
    }

    /// The value of a label.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&String> {
        let index = self.position(name).ok()?;
        Some(&self.pairs()[index].1)
    }

    /// Whether there is a label of this name.
    #[must_use]
    pub fn contains_key(&self, name: &str) -> bool {
        self.position(name).is_ok()
    }

    /// The number of labels.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs().len()
    }

    /// Whether there are no labels.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs().is_empty()
    }

    /// The names and values.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.pairs().iter())
    }

    /// The names.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.iter().map(|(name, _)| name)
    }

    /// The values.
    pub fn values(&self) -> impl Iterator<Item = &String> {
        self.iter().map(|(_, value)| value)
    }

    /// Sets a label, and returns its value before.
    pub fn insert(&mut self, name: String, value: String) -> Option<String> {
        let mut pairs = self.pairs().to_vec();
        let before = match self.position(&name) {
            Ok(index) => Some(std::mem::replace(&mut pairs[index].1, value)),
            Err(index) => {
                pairs.insert(index, (name, value));
                None
            }
        };
        *self = Self::of(pairs);
        before
    }

    /// Removes a label, and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        let index = self.position(name).ok()?;
        let mut pairs = self.pairs().to_vec();
        let (_, value) = pairs.remove(index);
        *self = Self::of(pairs);
        Some(value)
    }

    /// Whether both share their memory.
    fn is(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(own), Some(other)) => Arc::ptr_eq(own, other),
            (None, None) => true,
            _ => false,
        }
    }
}

impl PartialEq for Labels {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.is(other) || self.pairs() == other.pairs()
    }
}

impl Eq for Labels {}

impl Hash for Labels {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.pairs().hash(state);
    }
}

/// The names and values of [`Labels`].
#[derive(Debug, Clone)]
pub struct Iter<'a>(slice::Iter<'a, Pair>);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a String, &'a String);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, value)| (name, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<'a> IntoIterator for &'a Labels {
    type Item = (&'a String, &'a String);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl IntoIterator for Labels {
    type Item = (String, String);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.pairs().to_vec().into_iter()
    }
}

impl Index<&str> for Labels {
    type Output = String;

    /// Panics without such a label, as a map does.
    fn index(&self, name: &str) -> &String {
        &self.pairs()[self.position(name).unwrap_or(usize::MAX)].1
    }
}

impl Extend<(String, String)> for Labels {
    fn extend<I: IntoIterator<Item = (String, String)>>(&mut self, pairs: I) {
        let mut map = BTreeMap::from(self.clone());
        map.extend(pairs);
        *self = map.into();
    }
}

impl FromIterator<(String, String)> for Labels {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        pairs.into_iter().collect::<BTreeMap<_, _>>().into()
    }
}

impl<const N: usize> From<[(String, String); N]> for Labels {
    fn from(pairs: [(String, String); N]) -> Self {
        pairs.into_iter().collect()
    }
}

impl From<BTreeMap<String, String>> for Labels {
    fn from(map: BTreeMap<String, String>) -> Self {
        Self::of(map.into_iter().collect())
    }
}

impl From<Labels> for BTreeMap<String, String> {
    fn from(labels: Labels) -> Self {
        labels.pairs().iter().cloned().collect()
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(BTreeMap::deserialize(deserializer)?.into())
    }
}
