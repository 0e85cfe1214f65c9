//! The syntax of log filters, such as `info,hyper=warn`.

#[cfg(feature = "logging")]
mod env_filter;
#[cfg(not(feature = "logging"))]
#[path = "no_env_filter.rs"]
mod env_filter;
#[expect(clippy::module_inception, reason = "the file of its type")]
mod log_filter;

#[cfg(feature = "logging")]
pub(crate) use self::env_filter::build;
pub(crate) use self::log_filter::{ALLOWED, LogFilter, parse_level};
