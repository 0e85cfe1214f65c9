//! Typed settings from the environment. Each value is checked, and one error names every wrong value.
//!
//! ```
//! use std::time::Duration;
//! use tower_vitals::Settings;
//!
//! let settings = Settings::from_vars([("MONITORING_PORT", "9200"), ("HEALTH_CHECK_TIMEOUT", "500ms")])?;
//! assert_eq!(settings.address().to_string(), "127.0.0.1:9200");
//! assert_eq!(settings.health_check_timeout, Duration::from_millis(500));
//!
//! let error = Settings::from_vars([("MONITORING_PORT", "http")]).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "1 setting is wrong: MONITORING_PORT is \"http\": a whole number from 1 to 65535 is allowed"
//! );
//! # Ok::<_, tower_vitals::Error>(())
//! ```
//!
//! A service reads its settings once and passes them to each part:
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
//! use tower_vitals::{Health, Routes, Settings};
//!
//! let settings = Settings::from_env()?;
//! let health = Health::builder().timeout(settings.health_check_timeout).build()?;
//! let server = Routes::new()
//!     .health(health.clone())
//!     .guard(settings.guard())
//!     .spawn(settings.address())
//!     .await?;
//! server.until(health.shutdown_signal()).await;
//! # Ok(()) }
//! ```
//!
//! [`Monitoring`](crate::Monitoring) is short for such a server.
#![doc = include_str!("../../docs/settings.md")]

#[cfg(feature = "alerts-http")]
mod alert_channels;
#[cfg(all(feature = "alerts", not(feature = "alerts-http")))]
#[path = "no_alert_channels.rs"]
mod alert_channels;
#[cfg(feature = "alerts")]
mod alert_thresholds;
#[cfg(feature = "alerts")]
mod alerting;
mod form;
mod ignored_links;
#[cfg(feature = "logging")]
mod logging;
mod reader;
mod redacted;
mod service_link;
mod settings;
#[cfg(not(feature = "otel"))]
#[path = "no_traces.rs"]
mod traces;
#[cfg(feature = "otel")]
mod traces;
#[cfg(feature = "otel")]
mod tracing;

pub use secrecy::{ExposeSecret, SecretString};

pub use self::settings::Settings;
