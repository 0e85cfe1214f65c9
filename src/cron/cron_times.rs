//! `CronTimes`: the times of a cron expression in a time zone.

use std::time::SystemTime;

use croner::Cron;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::parse::parse;

/// The times of a cron expression in a time zone. Daylight saving neither skips nor doubles a time of day.
#[derive(Debug)]
pub(crate) struct CronTimes {
    /// One expression for each time of day, or a single one for an interval.
    crons: Vec<Cron>,
    zone: TimeZone,
}

impl CronTimes {
    /// Parses both, or returns every mistake in them.
    pub(crate) fn new(expression: &str, time_zone: &str) -> Result<Self, Vec<String>> {
        let zone = TimeZone::get(time_zone).map_err(|_| {
            format!(
                "time zone {time_zone:?} is not in this system's database: a name such as \"Europe/Berlin\" or \"UTC\" \
                 is allowed"
            )
        });
        let (crons, zone) = match (parse(expression), zone) {
            (Ok(crons), Ok(zone)) => (crons, zone),
            (crons, zone) => return Err(crons.err().into_iter().chain(zone.err()).collect()),
        };
        let times = Self { crons, zone };
        let now = Timestamp::now().to_zoned(times.zone.clone());
        if times.next_of(&now).is_none() {
            return Err(vec![format!(
                "cron {expression:?} never matches: a day that exists in its months is required"
            )]);
        }
        Ok(times)
    }

    /// The first time after `time`.
    pub(crate) fn next_after(&self, time: SystemTime) -> Option<SystemTime> {
        let time = Timestamp::try_from(time).ok()?.to_zoned(self.zone.clone());
        Some(self.next_of(&time)?.into())
    }

    fn next_of(&self, after: &Zoned) -> Option<Timestamp> {
        let next = self
            .crons
            .iter()
            .filter_map(|cron| cron.find_next_occurrence(after, false).ok());
        next.map(|next| next.timestamp()).min()
    }
}
