//! `Source`: the recorder that metrics are read from.

use super::escaping::Escaping;
use super::format::Format;
use super::snapshot::Snapshot;
use super::visit::{SeriesVisitor, visit_snapshot};

/// The current values of a recorder: the crate's own, or an exporter that the service installed itself.
///
/// None of these functions runs the hooks of [`Gatherer`](super::gatherer::Gatherer).
pub(super) trait Source: Send + Sync {
    /// Returns all metrics in text format 0.0.4, or 1.0.0 if names are quoted.
    fn text(&self, escaping: Escaping) -> String;

    /// Returns all metrics as `OpenMetrics` 1.0 text.
    fn openmetrics(&self, escaping: Escaping) -> String;

    /// Returns all metrics in the protobuf format, if the source has it.
    fn protobuf(&self, _: Escaping) -> Vec<u8> {
        Vec::new()
    }

    /// Returns all metrics in one of the formats that it [offers](Self::formats).
    fn render(&self, format: Format, escaping: Escaping) -> Vec<u8> {
        match format {
            Format::Text => self.text(escaping).into_bytes(),
            Format::OpenMetrics => self.openmetrics(escaping).into_bytes(),
            Format::Protobuf => self.protobuf(escaping),
        }
    }

    /// The formats that it has, text the last: of several that a scraper likes equally well, it gets the first.
    fn formats(&self) -> &'static [Format] {
        &[Format::OpenMetrics, Format::Text]
    }

    /// Whether names may have other characters than those that every scraper can take. If not, escaping changes nothing.
    fn has_utf8_names(&self) -> bool {
        false
    }

    /// The names of the histograms that have no classic buckets.
    fn native_families(&self) -> Vec<String> {
        Vec::new()
    }

    /// Returns all metrics as typed values, with the families sorted by name.
    fn snapshot(&self) -> Snapshot;

    /// Returns the same with the series that are idle, as the start of a delta: a series that returns would count in full.
    fn snapshot_with_idle(&self) -> Snapshot {
        self.snapshot()
    }

    /// Lets a visitor see the same.
    fn visit(&self, visitor: &mut dyn SeriesVisitor) {
        visit_snapshot(&self.snapshot_with_idle(), visitor);
    }

    /// Does the periodic work that the recorder needs. Called at every upkeep interval.
    fn upkeep(&self) {}
}
