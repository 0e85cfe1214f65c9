//! What is running, and since when.

use std::time::{SystemTime, UNIX_EPOCH};

use metrics::Gauge;

use crate::catalog::{APP_INFO, APP_START_TIME, APP_UPTIME};
use crate::measure::Instant;
use crate::recorder::RecorderRef;

pub(super) fn collector(version: String, environment: String) -> impl FnMut(&RecorderRef) + Send {
    let (began, began_at) = (SystemTime::now(), Instant::now());
    let info = APP_INFO.key([version.into(), environment.into()]);
    move |recorder| {
        recorder.register::<Gauge>(&info).set(1.0);
        let uptime = began_at.elapsed().as_secs_f64();
        recorder.register::<Gauge>(&APP_UPTIME.key([])).set(uptime);
        if let Ok(start) = began.duration_since(UNIX_EPOCH) {
            recorder
                .register::<Gauge>(&APP_START_TIME.key([]))
                .set(start.as_secs_f64());
        }
    }
}
