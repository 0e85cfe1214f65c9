//! `ExtraLabel`: a label beyond method, endpoint and status, picked from the head of a request or of a response.

use std::borrow::Cow;
use std::sync::Arc;

use metrics::{Label, SharedString};

use super::label_values::LabelValues;
use super::naming::Name;

type Pick<P> = dyn Fn(&P) -> Option<Cow<'_, str>> + Send + Sync;

/// A label whose value is picked from `P`, the parts of a request or of a response.
pub(crate) struct ExtraLabel<P> {
    pub(crate) name: Name,
    /// The name of a second label, for the port in a value such as `example.com:80`.
    pub(crate) port_name: Option<Name>,
    pub(crate) values: LabelValues,
    /// Whether the gauge of requests in progress has the label.
    pub(crate) is_on_gauge: bool,
    pick: Arc<Pick<P>>,
}

impl<P> Clone for ExtraLabel<P> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            port_name: self.port_name.clone(),
            values: self.values.clone(),
            is_on_gauge: self.is_on_gauge,
            pick: Arc::clone(&self.pick),
        }
    }
}

impl<P> ExtraLabel<P> {
    pub(crate) fn new(
        name: Name,
        values: LabelValues,
        pick: impl Fn(&P) -> Option<Cow<'_, str>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            port_name: None,
            values,
            is_on_gauge: true,
            pick: Arc::new(pick),
        }
    }

    /// A label that the user added, with these values.
    pub(crate) fn declared(
        name: Name,
        values: Vec<Name>,
        pick: impl Fn(&P) -> Option<&str> + Send + Sync + 'static,
    ) -> Self {
        let values = LabelValues::Declared(values.into());
        Self::new(name, values, move |parts| pick(parts).map(Cow::Borrowed))
    }

    /// A label that the user added, with the first `max` values that are picked.
    pub(crate) fn at_most(
        name: Name,
        max: usize,
        pick: impl Fn(&P) -> Option<&str> + Send + Sync + 'static,
    ) -> Self {
        let values = LabelValues::at_most(max);
        Self::new(name, values, move |parts| pick(parts).map(Cow::Borrowed))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &Name> {
        [&self.name].into_iter().chain(&self.port_name)
    }

    /// The index of the value that these parts have.
    pub(crate) fn index(&self, parts: &P) -> usize {
        let picked = (self.pick)(parts);
        picked.map_or(self.values.absent_index(), |picked| {
            self.values.index(&picked)
        })
    }

    /// Adds the labels of the value at `index`.
    pub(crate) fn push(&self, index: usize, labels: &mut Vec<Label>) {
        let Some(value) = self.values.value(index) else {
            return;
        };
        let Some(port_name) = &self.port_name else {
            labels.push(Label::new(self.name.clone(), value));
            return;
        };
        match value.rsplit_once(':') {
            // A colon inside the brackets of an IPv6 address is no port.
            Some((address, port)) if !port.ends_with(']') => {
                let address = SharedString::from(address.to_owned());
                labels.push(Label::new(self.name.clone(), address));
                let port = SharedString::from(port.to_owned());
                labels.push(Label::new(port_name.clone(), port));
            }
            _ => labels.push(Label::new(self.name.clone(), value)),
        }
    }
}

debug_fields!(ExtraLabel<P> { name, values });
