//! Alerts: their levels.

mod level;

pub use self::level::Level;
