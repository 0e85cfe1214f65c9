//! Where alerts survive the process: one file for each kind of store. [`AlertStore`] is the trait for your own.

mod alert_store;
mod commit;
mod event;
mod history_query;
mod lease;
mod queued;
mod saved;

pub use self::alert_store::AlertStore;
pub use self::commit::Commit;
pub use self::event::{DeliveryResult, Event, NotificationEvent, SilenceEvent};
pub use self::history_query::{HistoryPage, HistoryQuery};
pub use self::lease::Lease;
pub use self::queued::Queued;
pub use self::saved::Saved;
