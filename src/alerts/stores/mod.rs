//! Where alerts survive the process: one file for each kind of store. [`AlertStore`] is the trait for your own.

mod alert_store;
mod commit;
mod event;
mod history_query;
mod lease;
mod memory;
mod queued;
mod retention;
mod saved;
#[cfg(any(feature = "alerts-postgres", feature = "alerts-sqlite"))]
mod sql;
mod texts;

pub use self::alert_store::AlertStore;
pub use self::commit::Commit;
pub use self::event::{DeliveryResult, Event, NotificationEvent, SilenceEvent};
pub use self::history_query::{HistoryPage, HistoryQuery};
pub use self::lease::Lease;
pub use self::memory::MemoryAlerts;
pub use self::queued::Queued;
pub use self::saved::Saved;
#[cfg(feature = "alerts-postgres")]
pub use self::sql::PostgresAlerts;
#[cfg(any(feature = "alerts-postgres", feature = "alerts-sqlite"))]
pub use self::sql::SqlAlerts;
#[cfg(feature = "alerts-sqlite")]
pub use self::sql::SqliteAlerts;
