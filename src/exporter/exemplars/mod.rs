//! Exemplars: a recorded value of a bucket or a counter, with the labels of the trace that it was recorded in.

#[cfg(feature = "otel")]
mod current_span;
mod exemplar;
mod exemplar_labels;
mod exemplar_slots;
mod exemplar_source;
#[cfg(test)]
mod tests;

pub(super) use self::exemplar::Exemplar;
pub use self::exemplar_labels::ExemplarLabels;
pub(super) use self::exemplar_slots::ExemplarSlots;
pub(super) use self::exemplar_source::{ExemplarSource, Supply};
