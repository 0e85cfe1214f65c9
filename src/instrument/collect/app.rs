//! The running version and its uptime.

use std::time::SystemTime;

use super::Collectors;
use crate::catalog::{APP_INFO, APP_START_TIME, APP_UPTIME};
use crate::measure::Instant;
use crate::time::unix_seconds;

impl Collectors {
    /// Collects version, environment, start time and uptime of the app.
    pub fn app(self, version: impl Into<String>, environment: impl Into<String>) -> Self {
        let (start, started) = (unix_seconds(SystemTime::now()), Instant::now());
        let info = APP_INFO.key([version.into().into(), environment.into().into()]);
        self.with("app", move |recorder| {
            recorder.set_gauge(&info, 1.0);
            recorder.set_gauge(&APP_UPTIME.key([]), started.elapsed().as_secs_f64());
            recorder.set_gauge(&APP_START_TIME.key([]), start);
        })
    }
}
