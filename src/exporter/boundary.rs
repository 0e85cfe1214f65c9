//! Adapts keys and descriptions to the exporter: adds the prefix and the global labels, and escapes text.
//!
//! The exporter adds global labels only when it renders. Two series, one of which has such a label itself, would then
//! render as one line with the value of either.
//!
//! metrics-exporter-prometheus 0.18 guesses whether text is already escaped: it takes `\"` for an escaped quote and
//! `\\` for one backslash, so distinct label values render alike. Doubling every backslash leaves nothing to guess: the
//! exporter writes each pair unchanged, which the exposition format reads as one backslash.

use std::borrow::Cow;

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Label, Metadata, Recorder, SharedString, Unit,
};

pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if text.contains('\\') {
        Cow::Owned(text.replace('\\', r"\\"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The prefix is empty or ends in an underscore.
fn prefixed(prefix: &str, name: &str) -> String {
    [prefix, name].concat()
}

/// Wraps the exporter's recorder.
#[derive(Debug)]
pub(crate) struct Boundary<R> {
    prefix: String,
    /// The labels of every series, escaped.
    global_labels: Vec<Label>,
    inner: R,
}

impl<R> Boundary<R> {
    pub(crate) fn new(prefix: String, global_labels: Vec<Label>, inner: R) -> Self {
        Self {
            prefix,
            global_labels,
            inner,
        }
    }

    fn name(&self, name: KeyName) -> KeyName {
        if self.prefix.is_empty() {
            name
        } else {
            prefixed(&self.prefix, name.as_str()).into()
        }
    }

    fn key<'a>(&self, key: &'a Key) -> Cow<'a, Key> {
        let is_plain = |label: &Label| !label.value().contains('\\');
        if self.prefix.is_empty() && self.global_labels.is_empty() && key.labels().all(is_plain) {
            return Cow::Borrowed(key);
        }
        let is_own = |global: &&Label| key.labels().any(|label| label.key() == global.key());
        let global = self.global_labels.iter().filter(|label| !is_own(label));
        let own = key
            .labels()
            .map(|label| Label::new(label.key().to_owned(), escape(label.value()).into_owned()));
        let labels: Vec<_> = global.cloned().chain(own).collect();
        Cow::Owned(Key::from_parts(self.name(key.name_shared()), labels))
    }
}

fn description(text: &SharedString) -> SharedString {
    escape(text).into_owned().into()
}

impl<R: Recorder> Recorder for Boundary<R> {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.inner
            .describe_counter(self.name(name), unit, description(&text));
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.inner
            .describe_gauge(self.name(name), unit, description(&text));
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.inner
            .describe_histogram(self.name(name), unit, description(&text));
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.inner.register_counter(&self.key(key), metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.inner.register_gauge(&self.key(key), metadata)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        self.inner.register_histogram(&self.key(key), metadata)
    }
}
