//! `FamilyName`: the name of a family as an exposition writes it.

use std::borrow::Cow;

use super::family_info::FamilyInfo;
use crate::exporter::escaping::Escaping;
use crate::exporter::names::{METRIC, is_plain};

/// The name of a family as an exposition writes it, and the label names beside it.
#[derive(Default)]
pub(super) struct FamilyName<'a> {
    pub(super) text: Cow<'a, str>,
    /// A quote, if the name needs it.
    pub(super) quote: &'static str,
    pub(super) escaping: Escaping,
}

impl<'a> FamilyName<'a> {
    pub(super) fn new(family: &'a FamilyInfo, escaping: Escaping) -> Self {
        let text = match escaping {
            Escaping::Underscores => family.plain_name().into(),
            escaping => escaping.metric_name(family.name()),
        };
        let needs_quote = escaping == Escaping::AllowUtf8 && !is_plain(&text, METRIC);
        Self {
            quote: if needs_quote { "\"" } else { "" },
            text,
            escaping,
        }
    }

    /// Writes it before a value, with labels as the text formats write them. A name that needs quotes stands among the labels.
    pub(super) fn write(&self, labels: &str, text: &mut String) {
        let (open, between) = match (self.is_quoted(), labels.is_empty()) {
            (true, true) => ("{\"", "\"} "),
            (true, false) => ("{\"", "\","),
            (false, true) => ("", " "),
            (false, false) => ("", "{"),
        };
        text.extend([open, &self.text, between, labels]);
        if !labels.is_empty() {
            text.push_str("} ");
        }
    }

    pub(super) fn is_quoted(&self) -> bool {
        !self.quote.is_empty()
    }
}
