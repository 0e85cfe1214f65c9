//! Alerts: rules over the metrics of the process, evaluated in the process, and notifications that survive restarts.
//!
//! With the features `axum` and `alerts-http`, a service with one variable, `ALERT_WEBHOOK_URL`, has complete alerting:
//!
//! ```
//! use tower_vitals::alerts::{Alert, Alerts, Rules};
//! use tower_vitals::{Prometheus, Routes, Settings};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
//! # let prometheus = Prometheus::builder().build()?;
//! // In a service: let prometheus = Prometheus::install()?;
//! let settings = Settings::from_env()?;
//! let rules = Rules::builder().defaults(&settings);
//! let alerts = Alerts::builder().metrics(prometheus).rules(rules).settings(&settings).run()?;
//! let routes = Routes::new().alerts(alerts.clone()).guard(settings.guard());
//!
//! // Rules fire alerts, and so does code.
//! alerts.fire(Alert::critical("the queue is full").component("scheduler"));
//! # Ok(()) }
//! ```
//!
//! - **Rules.** The [default rules](RulesBuilder::defaults) watch the host, requests, calls, the database pool, health checks and jobs, as
//!   far as their metrics are recorded. The next section adds one of your own, [`slo`] adds service level objectives.
//! - **Channels.** `ALERT_WEBHOOK_URL` is a webhook, recognised as Slack's or Discord's by its host; `TELEGRAM_TOKEN` and `MANAGER_CHAT_ID` add
//!   Telegram. [`AlertsBuilder::channel`] adds any other of [`channels`], and [`Receiver`] says which alerts go there and how often.
//!   Without a channel, alerts go to the log.
//! - **State.** It is in memory unless [`AlertsBuilder::store`] sets one of [`stores`]: SQLite for one machine, PostgreSQL for several
//!   instances. Then a restart, also by `kill -9`, forgets no alert, acknowledgement, silence or notification.
//! - **Routes.** `Routes::alerts` shows alerts, their history, and what holds each notification back, and takes acknowledgements and
//!   silences. They are guarded: `MONITORING_TOKEN` is their bearer token, and without one they refuse every request.
//! - **The engine's own health.** [`Alerts::health_check`] is a check for [`Health`](crate::Health), optional, because a stopped
//!   channel is no reason to send requests elsewhere. [`Heartbeat`](channels::Heartbeat) calls a URL while the engine is healthy. To try a channel, POST to `/alerts/channels/{name}/test`.
//! - **The end.** Call [`Alerts::shutdown`] after the server has stopped, so that notifications that wait are still delivered.
//!
//! # Rules
//!
//! A [`Rule`] is plain data: a [`Signal`] (a rate, a ratio, a quantile, ..), a comparison, and the text of the alert. Rules can be
//! written in code or [read from JSON](RulesBuilder::json). [`RulesBuilder`] checks them against the catalogue: all mistakes are in one
//! error, also together with those of the engine if [`AlertsBuilder::rules`] gets the builder. [`Samples`] keeps the points of the
//! series that rules read, and [`Rule::evaluate`] computes their values as `PromQL` of Prometheus 3 does, with or without an engine:
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
//!
//! The engine passes these values through the life cycle of alerts ([`state`]), decides about notifications ([`notify`]) and delivers
//! them ([`delivery`]). These modules are public for engines of your own; a service needs none of them.

mod announcer;
mod buckets;
pub mod channels;
mod checked;
mod comparison;
mod computed;
mod course;
mod current;
mod defaults;
pub mod delivery;
mod edges;
mod engine;
mod evaluate;
mod evaluated;
mod evaluator;
mod family;
mod family_part;
mod format;
mod found;
mod frame;
mod grouping;
mod inhibitions;
mod json;
mod known;
mod labels;
mod level;
mod losses;
mod matcher;
mod measure;
mod no_data;
pub mod notify;
mod outcome;
mod pending;
mod quantile;
mod redacted;
mod rise;
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
mod table;
mod template;
mod thresholds;
mod validate;
mod view;
mod window;
mod wire;

pub use self::announcer::Announcer;
pub use self::checked::Checked;
pub use self::comparison::Comparison;
pub use self::computed::Computed;
pub use self::engine::{
    Acted, AlertView, Alerts, AlertsBuilder, AlertsStats, CodeView, Explanation, Receiver,
    RuleAlertView, RuleView, SilenceView, SloHold, SloPairView, SloView, SloWindowView,
};
pub use self::evaluated::{Evaluated, Evaluation};
pub use self::labels::Labels;
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
