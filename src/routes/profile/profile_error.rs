//! [`ProfileError`]: why there is no profile.

use http::StatusCode;

use crate::routes::rejection::Rejection;

#[derive(Debug)]
pub(super) enum ProfileError {
    /// Nobody waits for the profile any more.
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "only a profiler waits")
    )]
    Cancelled,
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "only a profiler is in use")
    )]
    InUse,
    Failed(String),
    #[cfg_attr(
        target_os = "linux",
        allow(dead_code, reason = "some architectures have no profiler")
    )]
    Unsupported,
}

impl From<ProfileError> for Rejection {
    fn from(error: ProfileError) -> Self {
        match error {
            ProfileError::Cancelled => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "The profile was cancelled.",
            ),
            ProfileError::InUse => Self::new(
                StatusCode::CONFLICT,
                "Another CPU profile of this process is being taken: one at a time is possible.",
            ),
            ProfileError::Failed(reason) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                &format!(
                    "The profiler failed: {reason}. It needs a folder for temporary files that it can write to (TMPDIR)."
                ),
            ),
            ProfileError::Unsupported => Self::new(
                StatusCode::NOT_IMPLEMENTED,
                "CPU profiles need Linux on x86_64 or aarch64.",
            ),
        }
    }
}
