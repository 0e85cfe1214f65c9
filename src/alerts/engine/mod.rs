//! The engine: evaluates the rules, keeps the alerts in their store, and has them delivered.

mod alerts;
mod book;
mod builder;
mod context;
mod engine;
mod explain;
mod inbox;
mod instruments;
mod ledger;
mod ledger_kind;
mod mistakes;
mod open;
mod receiver;
mod show;
mod start;
mod store_call;
mod task;
mod views;
mod writing;

pub use self::alerts::Alerts;
pub use self::builder::AlertsBuilder;
pub use self::receiver::Receiver;
pub use self::views::{AlertView, AlertsStats, RuleAlertView, RuleView, SilenceView};
