//! Other systems have no profiler.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use super::cpu_profile::CpuProfile;
use super::profile_error::ProfileError;

pub(super) fn record(
    _duration: Duration,
    _stop: &Receiver<()>,
) -> Result<CpuProfile, ProfileError> {
    Err(ProfileError::Unsupported)
}
