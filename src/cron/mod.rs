//! Cron expressions in a time zone.

mod cron_times;
mod parse;

pub(crate) use self::cron_times::CronTimes;
