//! Alerts: the life cycle of each alert from its rule's evaluations.

mod level;
pub mod state;

pub use self::level::Level;
