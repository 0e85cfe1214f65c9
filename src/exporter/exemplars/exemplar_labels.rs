//! `ExemplarLabels`: the labels of an exemplar.

use crate::exporter::escaping::Escaping;
use crate::exporter::labels::Labels;

/// The labels that lead from an exemplar to its trace, see
/// [`PrometheusBuilder::exemplars`](crate::exporter::PrometheusBuilder::exemplars).
///
/// ```
/// use tower_vitals::exporter::ExemplarLabels;
///
/// let trace = ExemplarLabels::trace([0x4b; 16], [0xf0; 8]);
/// assert_eq!(
///     trace,
///     ExemplarLabels::new([
///         ("trace_id", "4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b"),
///         ("span_id", "f0f0f0f0f0f0f0f0"),
///     ])
/// );
/// ```
#[derive(Debug, Clone)]
pub struct ExemplarLabels(Content);

#[derive(Debug, Clone)]
enum Content {
    Trace {
        trace_id: [u8; 16],
        span_id: [u8; 8],
    },
    Any(Labels),
}

impl ExemplarLabels {
    /// Returns the labels `trace_id` and `span_id`, in hexadecimal digits. They are kept as these bytes, so nothing is allocated.
    ///
    /// An id of zeros is that of no trace or no span, as in OpenTelemetry: without a trace there is no exemplar, and without a
    /// span no `span_id`.
    #[must_use]
    pub fn trace(trace_id: [u8; 16], span_id: [u8; 8]) -> Self {
        Self(Content::Trace { trace_id, span_id })
    }

    /// Returns labels of your own. Their text is allocated here, and never by the recorder.
    ///
    /// In names, characters that Prometheus does not allow become underscores. A label with an empty value is no label, and of
    /// several labels with one name the first one stays.
    #[must_use]
    pub fn new<'a>(labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut named: Vec<(String, &str)> = Vec::new();
        for (name, value) in labels {
            let name = label_name(name);
            if !value.is_empty() && named.iter().all(|(known, _)| *known != name) {
                named.push((name, value));
            }
        }
        let labels = named.iter().map(|(name, value)| (&**name, *value));
        Self(Content::Any(Labels::new(labels)))
    }

    /// Whether they name no trace.
    pub(super) fn is_of_no_trace(&self) -> bool {
        matches!(self.0, Content::Trace { trace_id, .. } if trace_id == [0; 16])
    }

    /// The characters of all names and values together.
    pub(super) fn characters(&self) -> usize {
        let mut characters = 0;
        self.for_each(|name, value| characters += name.chars().count() + value.chars().count());
        characters
    }

    /// Calls `label` with each name and value.
    pub(in crate::exporter) fn for_each(&self, mut label: impl FnMut(&str, &str)) {
        match &self.0 {
            Content::Trace { trace_id, span_id } => {
                let mut digits = [0; 32];
                label("trace_id", hex(trace_id, &mut digits));
                if *span_id != [0; 8] {
                    label("span_id", hex(span_id, &mut digits));
                }
            }
            Content::Any(labels) => labels.iter().for_each(|(name, value)| label(name, value)),
        }
    }

    /// Writes `a="b",c="d"`, escaped.
    pub(in crate::exporter) fn write(&self, text: &mut String) {
        match &self.0 {
            Content::Any(labels) => text.push_str(&labels.escaped(Escaping::Underscores)),
            Content::Trace { .. } => {
                let mut comma = "";
                self.for_each(|name, value| {
                    text.extend([comma, name, "=\"", value, "\""]);
                    comma = ",";
                });
            }
        }
    }
}

impl PartialEq for ExemplarLabels {
    fn eq(&self, other: &Self) -> bool {
        let [mut own, mut others] = [String::new(), String::new()];
        self.write(&mut own);
        other.write(&mut others);
        own == others
    }
}

impl Eq for ExemplarLabels {}

/// Replaces all but letters, digits and `_` by underscores, and a leading digit, too.
fn label_name(name: &str) -> String {
    let part = |(at, c): (usize, char)| {
        let is_part = c == '_' || c.is_ascii_alphabetic() || at > 0 && c.is_ascii_digit();
        if is_part { c } else { '_' }
    };
    match name {
        "" => "_".to_owned(),
        name => name.chars().enumerate().map(part).collect(),
    }
}

/// The hexadecimal digits of at most 16 bytes.
fn hex<'a>(bytes: &[u8], digits: &'a mut [u8; 32]) -> &'a str {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (byte, digits) in bytes.iter().zip(digits.chunks_exact_mut(2)) {
        digits[0] = DIGITS[usize::from(byte >> 4)];
        digits[1] = DIGITS[usize::from(byte & 15)];
    }
    // They are ASCII.
    std::str::from_utf8(&digits[..2 * bytes.len()]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(labels: &ExemplarLabels) -> String {
        let mut text = String::new();
        labels.write(&mut text);
        text
    }

    #[test]
    fn a_trace_is_written_in_hexadecimal_digits() {
        let trace_id = u128::to_be_bytes(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        let trace = ExemplarLabels::trace(trace_id, u64::to_be_bytes(0x00f0_67aa_0ba9_02b7));
        assert_eq!(
            text(&trace),
            r#"trace_id="4bf92f3577b34da6a3ce929d0e0e4736",span_id="00f067aa0ba902b7""#
        );
        assert_eq!((trace.characters(), trace.is_of_no_trace()), (63, false));
        let no_span = ExemplarLabels::trace(trace_id, [0; 8]);
        assert_eq!(
            text(&no_span),
            r#"trace_id="4bf92f3577b34da6a3ce929d0e0e4736""#
        );
        assert!(ExemplarLabels::trace([0; 16], [1; 8]).is_of_no_trace());
    }

    #[test]
    fn labels_of_ones_own_are_mended_and_escaped() {
        let pairs = [
            ("user.id", "é\"\\\n"),
            ("", "1"),
            ("9", "2"),
            ("a", ""),
            ("user-id", "3"),
        ];
        let labels = ExemplarLabels::new(pairs);
        assert_eq!(text(&labels), r#"user_id="é\"\\\n",_="1""#);
        // Characters, not bytes, and without escapes.
        assert_eq!(labels.characters(), 7 + 4 + 1 + 1);
        assert_eq!(text(&ExemplarLabels::new([])), "");
        assert!(!labels.is_of_no_trace());
    }

    #[test]
    fn debug_masks_secrets() {
        let shown = format!("{:?}", ExemplarLabels::new([("password", "hunter2-long")]));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
