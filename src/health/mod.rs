//! Health checks, their results, and the answers to an orchestrator's probes.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
//! use std::time::Duration;
//! use tower_vitals::{Health, Routes};
//! use tower_vitals::health::{Check, Status, checks::Tcp};
//!
//! let health = Health::builder()
//!     .check("mail relay", Tcp::new("127.0.0.1:1").timeout(Duration::from_secs(1)).optional())
//!     .check("licence", || async { true })
//!     .build()?;
//!
//! assert_eq!(health.report().await.status(), Status::Degraded);
//! let routes = Routes::new().health(health);
//! # Ok(()) }
//! ```
//!
#![doc = include_str!("../../docs/health.md")]

mod beat;
mod builder;
mod check;
mod check_info;
mod check_options;
mod check_result;
pub mod checks;
mod entry;
mod gather;
#[cfg(feature = "grpc-health")]
mod grpc_health;
mod health;
mod outcome;
mod probe;
mod publications;
mod publish;
mod reason;
mod refresh;
mod report;
mod runtime_heartbeat;
mod shutdown_signal;
mod signal_thread;
mod signals;
mod state;
mod status;
mod status_changes;
mod streak;

pub use self::builder::HealthBuilder;
pub use self::check::{Check, ConfiguredCheck};
pub use self::check_info::CheckInfo;
pub use self::check_options::CheckOptions;
pub use self::check_result::CheckResult;
#[cfg(feature = "grpc-health")]
pub use self::grpc_health::GrpcHealth;
pub use self::health::Health;
pub use self::outcome::Outcome;
pub use self::probe::Probe;
pub use self::reason::Reason;
pub use self::report::Report;
pub use self::shutdown_signal::ShutdownSignal;
pub use self::status::Status;
pub use self::status_changes::{StatusChange, StatusChanges};
