//! Health: checks, what they found, and what the probes of an orchestrator are told.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
//! use std::time::Duration;
//! use tower_vitals::{Health, Routes};
//! use tower_vitals::health::{Check, Probe, Status, checks::Tcp};
//!
//! let health = Health::builder()
//!     .check("mail relay", Tcp::new("127.0.0.1:1").timeout(Duration::from_secs(1)).optional())
//!     .check("licence", (|| async { true }).on(Probe::Readiness))
//!     .build()?;
//!
//! assert_eq!(health.report().await.status(), Status::Degraded);
//! let routes = Routes::new().health(health);
//! # Ok(()) }
//! ```
//!
//! The built-in checks are in [`checks`].

mod beat;
mod builder;
mod changes;
mod check;
mod checker;
pub mod checks;
mod outcome;
mod panics;
mod probes;
mod record;
mod registry;
mod report;
mod shutdown;
mod slot;
mod status;
mod wait;

pub use self::builder::Builder;
pub use self::changes::{StatusChange, StatusChanges};
pub use self::check::{Check, Configured, Options, Probe};
pub use self::checker::Checker;
pub use self::outcome::Outcome;
pub use self::registry::Health;
#[cfg(feature = "axum")]
pub(crate) use self::report::milliseconds;
pub use self::report::{CheckResult, Reason, Report};
pub use self::shutdown::GracefulShutdown;
pub use self::status::Status;
