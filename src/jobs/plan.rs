//! `Plan`: when a job is expected.

use std::time::{Duration, SystemTime};

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::job::Job;

/// What starts so little before a time of its cron expression is the start of that time: clocks differ.
const EARLY: Duration = Duration::from_secs(1);

/// A job whose schedule was understood.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) job: Job,
    pub(super) times: Times,
}

#[derive(Debug)]
pub(super) enum Times {
    Never,
    Every(Duration),
    /// Each a time of the day, or one an interval.
    Cron(Vec<Cron>, TimeZone),
}

impl Times {
    /// Or what is wrong with them.
    pub(super) fn cron(expression: &str, time_zone: &str) -> Result<Self, String> {
        let parser = CronParser::builder()
            .seconds(Seconds::Optional)
            .year(Year::Disallowed)
            .build();
        let refused = |error| {
            format!(
                "cron expression {expression:?} is refused ({error}): minute, hour, day of month, month and day of \
                 week are allowed, and the second before them"
            )
        };
        parser.parse(expression).map_err(refused)?;
        let each = each_time(expression);
        let each = each.iter().map(|time| parser.parse(time));
        let crons = each.collect::<Result<Vec<_>, _>>().map_err(refused)?;
        let zone = TimeZone::get(time_zone).map_err(|_| {
            format!(
                "time zone {time_zone:?} is not in this system's database: a name like \"Europe/Berlin\" is allowed, \
                 or \"UTC\""
            )
        })?;
        let now = Timestamp::now().to_zoned(zone.clone());
        if next_of(&crons, &now).is_none() {
            return Err(format!(
                "cron expression {expression:?} never comes: a day that its months have is needed"
            ));
        }
        Ok(Self::Cron(crons, zone))
    }
}

impl Plan {
    /// Of a job that is expected at no time, whatever it says.
    pub(super) fn never(job: Job) -> Self {
        Self {
            job,
            times: Times::Never,
        }
    }

    /// When it is expected, if this was its last start.
    pub(super) fn expected_after(&self, start: SystemTime) -> Option<SystemTime> {
        match &self.times {
            Times::Cron(..) => self.next_after(start.checked_add(EARLY)?),
            Times::Never | Times::Every(_) => self.next_after(start),
        }
    }

    /// The first of its times after this one; none if never again.
    pub(super) fn next_after(&self, time: SystemTime) -> Option<SystemTime> {
        match &self.times {
            Times::Never => None,
            Times::Every(interval) => time.checked_add(*interval),
            Times::Cron(crons, zone) => {
                let time = Timestamp::try_from(time).ok()?.to_zoned(zone.clone());
                Some(next_of(crons, &time)?.into())
            }
        }
    }
}

/// Times of the day that lists name, at the most; more are an interval.
const MOST_TIMES: usize = 100;

/// An expression of its own for each time of the day in lists of seconds, minutes and hours: croner takes lists for
/// intervals. Of an expression that croner has taken.
fn each_time(expression: &str) -> Vec<String> {
    let fields: Vec<_> = expression.split_whitespace().collect();
    // Day of month, month and day of week are the last three.
    let Some((time, days)) = fields.split_last_chunk::<3>() else {
        return vec![expression.to_owned()];
    };
    let mut times = vec![String::new()];
    for field in time {
        let is_list = field.bytes().all(|c| c.is_ascii_digit() || c == b',');
        // As croner has it, nothing between two commas is nothing.
        let values: Vec<_> = field.split(',').filter(|value| !value.is_empty()).collect();
        if !is_list || times.len() * values.len() > MOST_TIMES {
            return vec![expression.to_owned()];
        }
        let mut longer = Vec::new();
        for time in &times {
            longer.extend(values.iter().map(|value| format!("{time}{value} ")));
        }
        times = longer;
    }
    let days = days.join(" ");
    times.iter().map(|time| format!("{time}{days}")).collect()
}

fn next_of(crons: &[Cron], after: &Zoned) -> Option<Timestamp> {
    let next = crons
        .iter()
        .filter_map(|cron| cron.find_next_occurrence(after, false).ok());
    next.map(|next| next.timestamp()).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SystemTime {
        text.parse::<Timestamp>().unwrap().into()
    }

    fn shown(time: Option<SystemTime>) -> String {
        Timestamp::try_from(time.unwrap()).unwrap().to_string()
    }

    #[test]
    fn an_interval_counts_from_the_last_start() {
        let plan = Job::named("a")
            .every(Duration::from_hours(1))
            .plan()
            .unwrap();
        assert_eq!(
            shown(plan.next_after(at("2026-03-29T00:10:00Z"))),
            "2026-03-29T01:10:00Z"
        );
        let never = Job::named("a").plan().unwrap();
        assert_eq!(never.next_after(at("2026-03-29T00:10:00Z")), None);
    }

    /// The first times after this one, in Berlin: there 02:00 to 03:00 is skipped on 2026-03-29, and is there twice on
    /// 2026-10-25.
    fn times<const N: usize>(expression: &'static str, after: &str) -> [String; N] {
        let plan = Job::named("a").cron(expression, "Europe/Berlin").plan();
        let plan = plan.unwrap();
        let mut time = at(after);
        std::array::from_fn(|_| {
            time = plan.next_after(time).unwrap();
            shown(Some(time))
        })
    }

    #[test]
    fn daylight_saving_neither_skips_nor_doubles_a_daily_job() {
        assert_eq!(
            times("30 2 * * *", "2026-03-28T01:00:00Z"),
            [
                "2026-03-28T01:30:00Z",
                // 03:00 in the new time, right after the change.
                "2026-03-29T01:00:00Z",
                "2026-03-30T00:30:00Z"
            ]
        );
        assert_eq!(
            times("30 2 * * *", "2026-10-24T01:00:00Z"),
            [
                "2026-10-25T00:30:00Z",
                "2026-10-26T01:30:00Z",
                "2026-10-27T01:30:00Z"
            ]
        );
    }

    /// As each of its times alone; an interval goes on through both hours.
    #[test]
    fn daylight_saving_neither_skips_nor_doubles_the_times_of_a_list() {
        let autumn = "2026-10-24T23:30:00Z";
        let twice = [
            "2026-10-25T00:00:00Z",
            "2026-10-25T00:30:00Z",
            "2026-10-25T13:00:00Z",
            "2026-10-25T13:30:00Z",
        ];
        assert_eq!(times("0,30 2,14 * * *", autumn), twice);
        assert_eq!(times("0 0,30 2,14 * * *", autumn), twice);
        assert_eq!(times("0 ,30,0, 2,,14 * * *", autumn), twice);
        assert_eq!(
            times("0 2,14 * * *", "2026-03-29T00:30:00Z"),
            [
                "2026-03-29T01:00:00Z",
                "2026-03-29T12:00:00Z",
                "2026-03-30T00:00:00Z",
                "2026-03-30T12:00:00Z"
            ]
        );
        assert_eq!(
            times("0,40 30 2 * * *", "2026-10-25T00:00:00Z"),
            [
                "2026-10-25T00:30:00Z",
                "2026-10-25T00:30:40Z",
                "2026-10-26T01:30:00Z"
            ]
        );
        assert_eq!(
            times("*/30 2 * * *", autumn),
            [
                "2026-10-25T00:00:00Z",
                "2026-10-25T00:30:00Z",
                "2026-10-25T01:00:00Z",
                "2026-10-25T01:30:00Z"
            ]
        );
    }

    #[test]
    fn a_start_right_before_its_time_is_that_times() {
        let plan = Job::named("a").cron("0 3 * * *", "UTC").plan().unwrap();
        let expected = |start| shown(plan.expected_after(at(start)));
        assert_eq!(expected("2026-01-01T02:59:59.100Z"), "2026-01-02T03:00:00Z");
        assert_eq!(expected("2026-01-01T02:59:58Z"), "2026-01-01T03:00:00Z");
    }
}
