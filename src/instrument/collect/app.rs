//! What is running, and since when.

use std::time::{SystemTime, UNIX_EPOCH};

use metrics::{Gauge, Label};

use crate::catalog::{APP_INFO, APP_START_TIME, APP_UPTIME};
use crate::measure::Instant;
use crate::target::Target;

pub(super) fn collector(version: String, environment: String) -> impl FnMut(&Target) + Send {
    let (began, began_at) = (SystemTime::now(), Instant::now());
    let labels = vec![
        Label::new("version", version),
        Label::new("environment", environment),
    ];
    move |target| {
        target.register::<Gauge>(&APP_INFO, labels.clone()).set(1.0);
        let uptime = began_at.elapsed().as_secs_f64();
        target
            .register::<Gauge>(&APP_UPTIME, Vec::new())
            .set(uptime);
        if let Ok(start) = began.duration_since(UNIX_EPOCH) {
            target
                .register::<Gauge>(&APP_START_TIME, Vec::new())
                .set(start.as_secs_f64());
        }
    }
}
