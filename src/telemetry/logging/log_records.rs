//! Records of the `log` crate as events.

use std::sync::atomic::{AtomicBool, Ordering};

use tracing::level_filters::LevelFilter;
use tracing_log::{AsLog, LogTracer};

static TAKEN: AtomicBool = AtomicBool::new(false);

/// Takes the records from now on, unless the service has a logger of its own.
pub(super) fn take() {
    let logger = LogTracer::builder().with_max_level(LevelFilter::current().as_log());
    if logger.init().is_ok() {
        TAKEN.store(true, Ordering::Release);
    } else {
        tracing::debug!("the log crate has a logger already: its records do not become events");
    }
}

/// Lets the `log` crate leave out records that no subscriber wants.
pub(super) fn update_max_level() {
    if TAKEN.load(Ordering::Acquire) {
        tracing_log::log::set_max_level(LevelFilter::current().as_log());
    }
}
