//! Service level objectives: the share of good events that a service promises, and alerts for a budget of bad ones that burns too
//! fast.
//!
//! An [`Slo`] is plain data. [`Slos`] checks them. [`SloBook`] counts their events, also over restarts, and
//! [`SloBook::evaluate`] returns an [`SloStatus`]: the burn rates and the rest of the budget.
//!
//! # Alerts
//!
//! Each SLO has two alerts, as in chapter 5 of the Google SRE workbook
//! (<https://sre.google/workbook/alerting-on-slos/>). An alert holds while both windows of one of its pairs burn faster than the
//! factor:
//!
//! | alert | level | long window | short window | factor | share of the budget of 30 days |
//! |---|---|---|---|---|---|
//! | `SloBurn:NAME:page` | critical | 1h | 5m | 14.4 | 2 % |
//! | | | 6h | 30m | 6 | 5 % |
//! | `SloBurn:NAME:ticket` | warning | 1d | 2h | 3 | 10 % |
//! | | | 3d | 6h | 1 | 10 % |
//!
//! They have the label `slo`. A window without events burns nothing. Both windows need [`Slo::min_events`] events. If the long one
//! alone did, a single error would page for a service with one request a minute, because it is more than 14.4 times 0.1 % of an
//! hour's requests. The price: a service with fewer than 20 events an hour gets tickets only.
//!
//! # Resolution
//!
//! Events are counted in buckets. A window begins at the beginning of a bucket, so it is longer than its name says by less than
//! one bucket, and its counts are exact for that time:
//!
//! | windows | bucket | longer by less than |
//! |---|---|---|
//! | 5m, 30m, 1h, 2h, 6h | 1 minute | 20 %, 3.4 %, 1.7 %, 0.9 %, 0.3 % |
//! | 1d, 3d | 15 minutes | 1.1 %, 0.4 % |
//! | the period, 30 days | 6 hours | 0.9 % |
//!
//! An event counts at the time of the first snapshot that has it.

mod book_clock;
mod burn;
mod burn_pair;
mod burn_window;
mod counters;
mod optional_seconds;
mod readings;
mod resolution;
mod ring;
mod slo;
mod slo_alert;
mod slo_book;
mod slo_events;
mod slo_record;
mod slo_severity;
mod slo_status;
mod slos;
mod slos_builder;
mod threshold;
mod validate;

pub use self::burn::Burn;
pub use self::burn_pair::BurnPair;
pub use self::burn_window::BurnWindow;
pub use self::slo::Slo;
pub use self::slo_alert::SloAlert;
pub use self::slo_book::SloBook;
pub use self::slo_events::SloEvents;
pub use self::slo_severity::SloSeverity;
pub use self::slo_status::SloStatus;
pub use self::slos::Slos;
pub use self::slos_builder::SlosBuilder;
