use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// Whether a run is running, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// It has not ended.
    Running,
    /// It succeeded.
    Success,
    /// It returned an error, or panicked.
    Failed,
    /// It was dropped before it ended.
    Cancelled,
    /// Its lease expired: its process is gone, or could not reach the history.
    Lost,
}

impl RunStatus {
    /// All statuses.
    pub const ALL: [Self; 5] = [
        Self::Running,
        Self::Success,
        Self::Failed,
        Self::Cancelled,
        Self::Lost,
    ];

    /// Returns `running`, `success`, `failed`, `cancelled` or `lost`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Lost => "lost",
        }
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RunStatus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|status| status.as_str() == text);
        known.ok_or_else(|| {
            let all = Self::ALL.map(Self::as_str).join(", ");
            format!("{text:?} is not a run status: {all} are allowed")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_is_parsed_and_serialized_by_its_name() {
        for (index, status) in RunStatus::ALL.into_iter().enumerate() {
            assert_eq!(status as usize, index);
            assert_eq!(status.as_str().parse(), Ok(status));
            assert_eq!(serde_json::json!(status), status.as_str());
        }
        let error = "gone".parse::<RunStatus>().unwrap_err();
        assert_eq!(
            error,
            "\"gone\" is not a run status: running, success, failed, cancelled, lost are allowed"
        );
    }
}
