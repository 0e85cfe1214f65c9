//! Alert rules over the metrics of the process, and the life of each alert ([`state`]).
//!
//! A [`Rule`] is plain data: a [`Signal`] (a rate, a ratio, a quantile, ..), a comparison, and the text of the alert. Rules can be
//! written in code or read with serde. [`Rules`] checks them against the catalogue. [`Samples`] keeps the points of the series
//! that they read, and [`Rule::evaluate`] computes their values as `PromQL` of Prometheus 3 does.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use metrics::Recorder;
//! # use metrics::{Key, Metadata};
//! use tower_vitals::Prometheus;
//! use tower_vitals::alerts::{Evaluation, Level, Rule, Rules, Samples, Selector, Signal};
//!
//! const MINUTE: Duration = Duration::from_secs(60);
//! let requests = Selector::new("http_requests_total");
//! let failed = requests.clone().starts_with("status", "5");
//! let rules = Rules::builder()
//!     .rule(
//!         Rule::new("ErrorRatio", Signal::ratio(failed, requests, 5 * MINUTE).by(["endpoint"]))
//!             .gt(0.05)
//!             .for_duration(2 * MINUTE)
//!             .level(Level::Critical)
//!             .summary("{{ value | percent }} of requests to {{ labels.endpoint }} fail"),
//!     )
//!     .build()?;
//!
//! let prometheus = Prometheus::builder().build()?;
//! # let metadata = Metadata::new("doc", metrics::Level::INFO, None);
//! let failed = Key::from_parts("http_requests_total", &[("method", "GET"), ("endpoint", "/"), ("status", "500")]);
//! let failed = prometheus.register_counter(&failed, &metadata);
//! let mut samples = Samples::for_rules(&rules);
//! let start = SystemTime::now();
//! for minute in 0..5 {
//!     samples.add(&prometheus.snapshot(), start + minute * MINUTE);
//!     failed.increment(10);
//! }
//! let Evaluation::Members(members) = rules[0].evaluate(&samples, start + 4 * MINUTE) else { panic!() };
//! assert_eq!(members[0].labels["endpoint"], "/");
//! assert_eq!((members[0].value, members[0].holds), (1.0, true));
//! # Ok::<_, tower_vitals::Error>(())
//! ```

mod announcer;
mod buckets;
pub mod channels;
mod comparison;
mod computed;
mod current;
mod defaults;
pub mod delivery;
mod engine;
mod evaluate;
mod evaluated;
mod evaluator;
mod family_part;
mod family_rows;
mod format;
mod found;
mod grouping;
mod inhibitions;
mod json;
mod known;
mod level;
mod matcher;
mod measure;
mod no_data;
pub mod notify;
mod outcome;
mod pending;
mod points;
mod quantile;
mod rule;
mod rule_setters;
mod rules;
mod rules_builder;
mod samples;
mod scope;
mod scratch;
mod seconds;
mod selected;
mod selector;
mod series;
mod signal;
pub mod slo;
mod span;
pub mod state;
pub mod stores;
mod sum;
mod template;
mod thresholds;
mod validate;
mod view;
mod window;
mod wire;

pub use self::announcer::Announcer;
pub use self::comparison::Comparison;
pub use self::computed::Computed;
pub use self::engine::{
    AlertView, Alerts, AlertsBuilder, AlertsStats, Receiver, RuleAlertView, RuleView, SilenceView,
};
pub use self::evaluated::{Evaluated, Evaluation, Labels};
pub use self::level::Level;
pub use self::matcher::{Matcher, Operator};
pub use self::measure::Measure;
pub use self::no_data::NoData;
pub use self::pending::Pending;
pub use self::rule::Rule;
pub use self::rules::Rules;
pub use self::rules_builder::RulesBuilder;
pub use self::samples::{Samples, SamplesStats};
pub use self::scope::Scope;
pub use self::selector::Selector;
pub use self::signal::Signal;
pub use self::state::{Alert, CodeAlert};
pub use self::template::render;
pub use self::thresholds::Thresholds;
