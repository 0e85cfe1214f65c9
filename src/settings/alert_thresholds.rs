//! The thresholds of the default alert rules.

use super::Settings;
use crate::alerts::Thresholds;

/// `ALERT_THRESHOLD_DISK` and `ALERT_THRESHOLD_MEMORY`. The other thresholds have their defaults.
///
/// ```
/// use tower_vitals::Settings;
/// use tower_vitals::alerts::Rules;
///
/// let settings = Settings::from_vars([("ALERT_THRESHOLD_DISK", "95")])?;
/// let rules = Rules::builder().defaults(&settings).build()?;
/// assert_eq!(rules.get("DiskAlmostFull").unwrap().threshold, 0.95);
/// # Ok::<_, tower_vitals::Error>(())
/// ```
impl From<&Settings> for Thresholds {
    fn from(settings: &Settings) -> Self {
        Self::default()
            .disk(settings.alert_threshold_disk / 100.0)
            .memory(settings.alert_threshold_memory / 100.0)
    }
}
