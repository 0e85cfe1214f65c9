//! What the exporter must be told differently: names with the prefix, the labels of every series, and text that its
//! escaping leaves whole.
//!
//! The labels of every series could be left to it; but it adds them as it renders, where a series that has one of them
//! itself and one that has not come out as one line, with now the value of the one, now of the other.
//!
//! metrics-exporter-prometheus 0.18 guesses whether text is escaped already: it takes `\"` for an escaped quote and `\\`
//! for one backslash, so that distinct label values come out as one. Backslashes that come in pairs leave it nothing to
//! guess: each pair is written as the two characters that the exposition format reads as one backslash.

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

/// `name` under `prefix`, which ends in its underscore or is empty.
fn prefixed(prefix: &str, name: &str) -> String {
    [prefix, name].concat()
}

/// The recorder around the exporter's.
#[derive(Debug)]
pub(crate) struct Boundary<R> {
    prefix: String,
    /// Of every series, escaped.
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
