//! Debug output without secrets.

use std::fmt;

use super::text::redact;

/// `Debug` of the value, with secrets masked.
pub(crate) struct Shown<T>(pub(crate) T);

impl<T: fmt::Debug> fmt::Debug for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(value) = self;
        let text = if f.alternate() {
            format!("{value:#?}")
        } else {
            format!("{value:?}")
        };
        f.write_str(&redact(&text))
    }
}

/// Names and values as a map, because a value is recognized as a secret by the name before it.
#[cfg(feature = "prometheus")]
pub(crate) struct Pairs<'a, N, V>(pub(crate) &'a [(N, V)]);

#[cfg(feature = "prometheus")]
impl<N: fmt::Debug, V: fmt::Debug> fmt::Debug for Pairs<'_, N, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = self.0.iter().map(|(name, value)| (name, value));
        f.debug_map().entries(pairs).finish()
    }
}
