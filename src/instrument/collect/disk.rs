//! Disk usage.

use std::path::PathBuf;

use metrics::SharedString;

use super::Collectors;
use crate::catalog::{SYSTEM_DISK_AVAILABLE, SYSTEM_DISK_USED};
use crate::outage::Outage;
use crate::recorder::RecorderRef;

impl Collectors {
    /// Collects the usage of the file system that is mounted at this path or contains it. The path is the value of `mount`.
    ///
    /// Disks are read on a thread of their own, because a network disk may hang. If one hangs, the values of all disks become
    /// stale, which shows in `monitoring_collection_timestamp_seconds{collectors="disks"}`; other values are not affected.
    pub fn disk(mut self, mount: impl Into<PathBuf>) -> Self {
        self.disks.push(("disk", Box::new(collector(mount.into()))));
        self
    }
}

/// The ratio is that of `df`: blocks reserved for root count as used.
fn collector(mount: PathBuf) -> impl FnMut(&RecorderRef) + Send {
    let name = SharedString::from(mount.display().to_string());
    let used_ratio = SYSTEM_DISK_USED.key([name.clone()]);
    let available_bytes = SYSTEM_DISK_AVAILABLE.key([name]);
    let outage = Outage::default();
    move |recorder| match fs4::statvfs(&mount) {
        Ok(stats) => {
            outage.update(false);
            let used = stats.total_space().saturating_sub(stats.free_space());
            let available = stats.available_space();
            let ratio = used as f64 / (used + available).max(1) as f64;
            recorder.set_gauge(&used_ratio, ratio);
            recorder.set_gauge(&available_bytes, available as f64);
        }
        Err(error) => {
            if outage.update(true).is_some() {
                tracing::warn!(mount = %mount.display(), %error, "disk space cannot be read: retried at each collection");
            }
        }
    }
}
