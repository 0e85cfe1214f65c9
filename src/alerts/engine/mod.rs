//! The engine: evaluates the rules, keeps the alerts in their store, and has them delivered.

mod acted;
mod alerts;
mod book;
mod builder;
mod channels;
mod context;
mod engine;
mod explain;
mod explanation;
mod forgotten;
mod inbox;
mod instruments;
mod ledger;
mod mistakes;
mod open;
mod posted;
mod receiver;
mod shared;
mod shared_entry;
mod sharing;
mod show;
mod silencing;
mod slo_view;
mod start;
mod store_call;
mod task;
mod ticks;
mod views;
mod writing;

pub use self::acted::Acted;
pub use self::alerts::Alerts;
pub use self::builder::AlertsBuilder;
pub use self::explanation::Explanation;
pub use self::receiver::Receiver;
pub use self::slo_view::{SloHold, SloPairView, SloView, SloWindowView};
pub use self::views::{AlertView, AlertsStats, CodeView, RuleAlertView, RuleView, SilenceView};
