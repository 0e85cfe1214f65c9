//! The Prometheus recorder, its readers (text, `OpenMetrics`, snapshots, history) and the Pushgateway client.

mod baseline;
mod builder;
mod builder_checks;
mod builder_native;
mod daily_totals;
mod delta;
mod escaping;
mod exemplars;
#[cfg(feature = "metrics-exporter-prometheus")]
mod existing;
mod format;
mod gatherer;
mod histogram_snapshot;
mod history;
mod labels;
mod limit;
mod metrics_source;
mod names;
mod native_histograms;
mod prometheus;
#[cfg(feature = "push")]
mod push;
mod reader;
mod register_zeros;
mod snapshot;
mod source;
mod store;
pub mod testing;
#[cfg_attr(
    not(feature = "dashboard"),
    expect(dead_code, reason = "only the dashboard visits series")
)]
mod visit;

#[cfg(feature = "axum")]
pub(crate) use self::baseline::JsonView;
pub use self::builder::PrometheusBuilder;
pub use self::delta::Delta;
#[cfg(feature = "axum")]
pub(crate) use self::escaping::Escaping;
pub use self::exemplars::ExemplarLabels;
#[cfg(feature = "metrics-exporter-prometheus")]
pub use self::existing::{ExistingExporter, ExistingExporterBuilder};
#[cfg(feature = "axum")]
pub(crate) use self::format::Format;
pub use self::histogram_snapshot::HistogramSnapshot;
pub use self::history::{HistoryConfig, HistoryQuery, HistoryStats, MetricsHistory, TimeSeries};
pub use self::labels::Labels;
pub use self::limit::{Limited, SeriesLimit};
pub use self::metrics_source::MetricsSource;
pub use self::native_histograms::NativeHistograms;
pub use self::prometheus::Prometheus;
#[cfg(feature = "push")]
pub use self::push::{PushTask, Pushgateway, PushgatewayBuilder};
#[cfg(feature = "axum")]
pub(crate) use self::reader::Reader;
pub use self::snapshot::{FamilySnapshot, Series, Snapshot, Value};
#[cfg(feature = "dashboard")]
pub(crate) use self::visit::{Seen, SeriesVisitor};
