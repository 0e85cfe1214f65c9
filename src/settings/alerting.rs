//! The settings of the alert engine.

use std::time::Duration;

use super::{Settings, alert_channels};
use crate::alerts::AlertsBuilder;

impl AlertsBuilder {
    /// Adds the channels that the settings name, and sets the [cooldown](Self::cooldown) and the
    /// [maximum per hour](Self::max_per_hour) of channels that have none of their own. Of several calls that set a value, the last
    /// one counts.
    ///
    /// `ALERT_WEBHOOK_URL` adds a channel named `slack`, `discord` or `webhook`, recognised by the host of the URL. `TELEGRAM_TOKEN` and
    /// `MANAGER_CHAT_ID` add a channel named `telegram`. Both need the feature `alerts-http`: without it,
    /// [`run`](Self::run) fails if one of them is set. Without any channel, alerts go to the log.
    ///
    /// ```
    /// use tower_vitals::alerts::{Alerts, Rules};
    /// use tower_vitals::{Prometheus, Routes, Settings};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
    /// # let prometheus = Prometheus::builder().build()?;
    /// let settings = Settings::from_env()?;
    /// let rules = Rules::builder().defaults(&settings);
    /// let alerts = Alerts::builder().metrics(prometheus).rules(rules).settings(&settings).run()?;
    /// let routes = Routes::new().alerts(alerts).guard(settings.guard());
    /// # Ok(()) }
    /// ```
    pub fn settings(mut self, settings: &Settings) -> Self {
        let minutes = u64::from(settings.alert_cooldown_minutes);
        self = self.cooldown(Duration::from_secs(60 * minutes));
        // Any value that is allowed fits.
        let max = usize::try_from(settings.alert_max_notifications_per_hour);
        self = self.max_per_hour(max.unwrap_or(usize::MAX));
        let (receivers, mistakes) = alert_channels::channels(settings);
        for receiver in receivers {
            self = self.channel(receiver);
        }
        for mistake in mistakes {
            self = self.mistake(mistake);
        }
        self
    }
}
