//! The metrics of the last minutes, in a bounded ring.

mod config;
mod delta_codec;
mod evaluate;
#[cfg(feature = "dashboard")]
mod fold;
mod metrics_history;
mod query;
mod replay;
mod ring;
mod sample;
mod stats;
#[cfg(test)]
mod tests;
mod time_series;
mod track;
mod validate;
mod varint;

pub use self::config::HistoryConfig;
pub use self::metrics_history::MetricsHistory;
pub use self::query::HistoryQuery;
pub use self::stats::HistoryStats;
pub use self::time_series::TimeSeries;
