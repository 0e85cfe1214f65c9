//! Without the feature `otel` the variables of OpenTelemetry are not read.

use serde_json::Value;

use super::reader::Reader;

#[derive(Clone)]
pub(super) struct Traces;

impl Traces {
    pub(super) fn read(_reader: &mut Reader<'_>) -> Self {
        Self
    }

    #[expect(
        clippy::unused_self,
        reason = "the settings read traces with the feature"
    )]
    pub(super) fn values(&self) -> impl ExactSizeIterator<Item = (&str, Value)> {
        std::iter::empty()
    }
}
