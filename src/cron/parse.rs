//! Parses cron expressions, and names the mistake in an invalid one.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

/// The nicknames of `crontab(5)`, without `@reboot`.
const NICKNAMES: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

struct Field {
    name: &'static str,
    allowed: &'static str,
    /// The allowed words. croner would accept names of months and days in any field.
    words: &'static [&'static str],
    /// The letter that may follow a number.
    suffix: &'static str,
}

const SECOND: Field = Field::numbers("second", "0-59 is allowed");

const FIELDS: [Field; 5] = [
    Field::numbers("minute", "0-59 is allowed"),
    Field::numbers("hour", "0-23 is allowed"),
    Field {
        name: "day of month",
        allowed: "1-31, L (the last day), 15W (the weekday nearest to the 15th) and LW (the last weekday) are allowed",
        words: &["L", "LW"],
        suffix: "W",
    },
    Field {
        name: "month",
        allowed: "1-12 and JAN-DEC are allowed",
        words: &[
            "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
        ],
        suffix: "",
    },
    Field {
        name: "day of week",
        allowed: "0-7 and SUN-SAT (0 and 7 are Sunday), FRI#2 (the second Friday) and FRIL (the last Friday) are allowed",
        words: &[
            "SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUNL", "MONL", "TUEL", "WEDL",
            "THUL", "FRIL", "SATL",
        ],
        suffix: "L",
    },
];

impl Field {
    const fn numbers(name: &'static str, allowed: &'static str) -> Self {
        Self {
            name,
            allowed,
            words: &[],
            suffix: "",
        }
    }

    fn accepts(&self, field: &str) -> bool {
        let field = field.to_ascii_uppercase();
        let mut items = field.split(|c| "*/,-#?".contains(c));
        items.all(|item| {
            let word = item.trim_start_matches(|c: char| c.is_ascii_digit());
            let is_number = word.len() < item.len();
            word.is_empty()
                || is_number && word == self.suffix
                || !is_number && self.words.contains(&word)
        })
    }
}

/// Parses an expression into one for each of its times of day, or a single one for an interval.
pub(super) fn parse(expression: &str) -> Result<Vec<Cron>, String> {
    let parser = CronParser::builder()
        .seconds(Seconds::Optional)
        .year(Year::Disallowed)
        .build();
    let name = expression.trim();
    let nickname = NICKNAMES
        .iter()
        .find(|(nickname, _)| nickname.eq_ignore_ascii_case(name));
    let fields = nickname.map_or(name, |(_, fields)| fields);
    let invalid = |problem| format!("cron {expression:?} is invalid: {problem}");
    validate(fields, parser).map_err(invalid)?;
    let crons = times_of_day(fields)
        .into_iter()
        .map(|time| parser.parse(&time));
    let crons = crons.collect::<Result<_, _>>();
    crons.map_err(|error| invalid(error.to_string()))
}

/// Returns the first mistake.
fn validate(expression: &str, parser: CronParser) -> Result<(), String> {
    if expression.starts_with('@') {
        let nicknames = NICKNAMES.map(|(nickname, _)| nickname).join(", ");
        return Err(format!("of the nicknames, {nicknames} are allowed"));
    }
    let fields: Vec<_> = expression.split_whitespace().collect();
    let known: Vec<_> = match fields.len() {
        5 => FIELDS.iter().collect(),
        6 => [&SECOND].into_iter().chain(&FIELDS).collect(),
        count => {
            return Err(format!(
                "the number of fields is {count}: five are allowed: minute, hour, day of month, month and day of week, with \
                 an optional second first"
            ));
        }
    };
    for (index, (known, field)) in known.into_iter().zip(&fields).enumerate() {
        let mut alone = vec!["*"; fields.len()];
        alone[index] = field;
        if !known.accepts(field) || parser.parse(&alone.join(" ")).is_err() {
            return Err(format!(
                "the {} is {field:?}: {}, as a number, list (1,2), range (1-5), step (*/2, 1-5/2) or *",
                known.name, known.allowed
            ));
        }
    }
    Ok(())
}

/// The most times of day that are split into expressions of their own. An expression with more counts as an interval.
const MAX_TIMES_OF_DAY: usize = 100;

/// Splits lists of seconds, minutes and hours into one expression for each time of day, because croner treats lists as
/// intervals at daylight-saving changes. `expression` must be valid.
fn times_of_day(expression: &str) -> Vec<String> {
    let fields: Vec<_> = expression.split_whitespace().collect();
    // The last three fields are day of month, month and day of week.
    let Some((time, days)) = fields.split_last_chunk::<3>() else {
        return vec![expression.to_owned()];
    };
    let mut times = vec![String::new()];
    for field in time {
        let is_list = field.bytes().all(|c| c.is_ascii_digit() || c == b',');
        // croner ignores empty items, too.
        let values: Vec<_> = field.split(',').filter(|value| !value.is_empty()).collect();
        if !is_list || times.len() * values.len() > MAX_TIMES_OF_DAY {
            return vec![expression.to_owned()];
        }
        let combine = |time: &String| -> Vec<_> {
            let longer = values.iter().map(|value| format!("{time}{value} "));
            longer.collect()
        };
        times = times.iter().flat_map(combine).collect();
    }
    let days = days.join(" ");
    times.iter().map(|time| format!("{time}{days}")).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    use super::*;

    /// The first times after the beginning of 2026, which is a Thursday.
    fn times<const N: usize>(expression: &str) -> [String; N] {
        let crons = parse(expression).unwrap();
        let mut time = date(2026, 1, 1).to_zoned(TimeZone::UTC).unwrap();
        std::array::from_fn(|_| {
            let next = crons
                .iter()
                .map(|cron| cron.find_next_occurrence(&time, false).unwrap());
            time = next.min().unwrap();
            time.strftime("%a %F %T").to_string()
        })
    }

    #[track_caller]
    fn assert_days<const N: usize>(expression: &str, expected: [&str; N]) {
        let midnights = expected.map(|day| format!("{day} 00:00:00"));
        assert_eq!(times(expression), midnights, "{expression}");
    }

    #[test]
    fn days_of_the_week_are_counted_as_in_unix() {
        for (number, name, day) in [
            ("0", "SUN", "Sun 2026-01-04"),
            ("1", "MON", "Mon 2026-01-05"),
            ("2", "TUE", "Tue 2026-01-06"),
            ("3", "WED", "Wed 2026-01-07"),
            ("4", "THU", "Thu 2026-01-08"),
            ("5", "FRI", "Fri 2026-01-02"),
            ("6", "SAT", "Sat 2026-01-03"),
            ("7", "sun", "Sun 2026-01-04"),
        ] {
            assert_days(&format!("0 0 * * {number}"), [day]);
            assert_days(&format!("0 0 * * {name}"), [day]);
        }
        for range in ["5-7", "FRI-SUN", "0,5,6", "*/5,6"] {
            let weekend = [
                "Fri 2026-01-02",
                "Sat 2026-01-03",
                "Sun 2026-01-04",
                "Fri 2026-01-09",
            ];
            assert_days(&format!("0 0 * * {range}"), weekend);
        }
        for range in ["1-5", "MON-FRI"] {
            assert_days(
                &format!("0 0 * * {range}"),
                ["Fri 2026-01-02", "Mon 2026-01-05", "Tue 2026-01-06"],
            );
        }
    }

    #[test]
    fn nicknames_are_those_of_crontab() {
        let daily = ["Fri 2026-01-02", "Sat 2026-01-03"];
        let yearly = ["Fri 2027-01-01", "Sat 2028-01-01"];
        assert_eq!(
            times("@hourly"),
            ["Thu 2026-01-01 01:00:00", "Thu 2026-01-01 02:00:00"]
        );
        assert_days("@daily", daily);
        assert_days("@midnight", daily);
        assert_days(" @Midnight ", daily);
        assert_days("@weekly", ["Sun 2026-01-04", "Sun 2026-01-11"]);
        assert_days("@monthly", ["Sun 2026-02-01", "Sun 2026-03-01"]);
        assert_days("@yearly", yearly);
        assert_days("@annually", yearly);
    }

    #[test]
    fn days_are_counted_from_the_end_of_the_month_and_by_week() {
        assert_days("0 0 L * *", ["Sat 2026-01-31", "Sat 2026-02-28"]);
        assert_days("0 0 15W 2,8 *", ["Mon 2026-02-16", "Fri 2026-08-14"]);
        assert_days("0 0 LW * *", ["Fri 2026-01-30", "Fri 2026-02-27"]);
        for second_friday in ["5#2", "FRI#2"] {
            assert_days(
                &format!("0 0 * * {second_friday}"),
                ["Fri 2026-01-09", "Fri 2026-02-13"],
            );
        }
        for last_friday in ["5L", "FRIL"] {
            assert_days(
                &format!("0 0 * * {last_friday}"),
                ["Fri 2026-01-30", "Fri 2026-02-27"],
            );
        }
        assert_days("0 0 * * 7#2", ["Sun 2026-01-11"]);
        assert_days("0 0 * * 7L", ["Sun 2026-01-25"]);
    }

    #[test]
    fn either_day_matches_if_both_are_restricted() {
        assert_days(
            "0 0 13 * FRI",
            [
                "Fri 2026-01-02",
                "Fri 2026-01-09",
                "Tue 2026-01-13",
                "Fri 2026-01-16",
            ],
        );
        assert_days("0 0 13 * ?", ["Tue 2026-01-13"]);
    }

    #[test]
    fn a_second_may_come_first() {
        assert_eq!(
            times("30 0 12 * JAN,dec *"),
            ["Thu 2026-01-01 12:00:30", "Fri 2026-01-02 12:00:30"]
        );
    }

    #[test]
    fn an_invalid_expression_is_refused_with_the_problem_and_what_is_allowed() {
        let numbers = ", as a number, list (1,2), range (1-5), step (*/2, 1-5/2) or *";
        let days = "1-31, L (the last day), 15W (the weekday nearest to the 15th) and LW (the last weekday) are allowed";
        let weekdays = "0-7 and SUN-SAT (0 and 7 are Sunday), FRI#2 (the second Friday) and FRIL (the last Friday) are allowed";
        let nicknames = "of the nicknames, @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually are allowed";
        let count = "five are allowed: minute, hour, day of month, month and day of week, with an optional second first";
        for (expression, problem) in [
            ("@reboot", nicknames.to_owned()),
            ("@every 5m", nicknames.to_owned()),
            ("", format!("the number of fields is 0: {count}")),
            (
                "daily at noon",
                format!("the number of fields is 3: {count}"),
            ),
            (
                "0 0 2 * * * 2026",
                format!("the number of fields is 7: {count}"),
            ),
            (
                "60 0 0 * * *",
                format!("the second is \"60\": 0-59 is allowed{numbers}"),
            ),
            (
                "61 * * * *",
                format!("the minute is \"61\": 0-59 is allowed{numbers}"),
            ),
            (
                "5/15 * * * *",
                format!("the minute is \"5/15\": 0-59 is allowed{numbers}"),
            ),
            (
                "MON * * * *",
                format!("the minute is \"MON\": 0-59 is allowed{numbers}"),
            ),
            (
                "0 2,24 * * *",
                format!("the hour is \"2,24\": 0-23 is allowed{numbers}"),
            ),
            (
                "0 0 0 * *",
                format!("the day of month is \"0\": {days}{numbers}"),
            ),
            (
                "0 0 FRI * *",
                format!("the day of month is \"FRI\": {days}{numbers}"),
            ),
            (
                "0 0 * 13 *",
                format!("the month is \"13\": 1-12 and JAN-DEC are allowed{numbers}"),
            ),
            (
                "0 0 * MON *",
                format!("the month is \"MON\": 1-12 and JAN-DEC are allowed{numbers}"),
            ),
            (
                "0 0 * * 8",
                format!("the day of week is \"8\": {weekdays}{numbers}"),
            ),
            (
                "0 0 * * JAN",
                format!("the day of week is \"JAN\": {weekdays}{numbers}"),
            ),
            (
                "0 0 * * SUNDAY",
                format!("the day of week is \"SUNDAY\": {weekdays}{numbers}"),
            ),
            (
                "0 0 * * SAT-MON",
                format!("the day of week is \"SAT-MON\": {weekdays}{numbers}"),
            ),
            (
                "0 0 * * +FRI",
                format!("the day of week is \"+FRI\": {weekdays}{numbers}"),
            ),
            (
                "0 0 * * FRI#6",
                format!("the day of week is \"FRI#6\": {weekdays}{numbers}"),
            ),
            (
                "0 0 * * L",
                format!("the day of week is \"L\": {weekdays}{numbers}"),
            ),
            (
                "0 0 * * ſun",
                format!("the day of week is \"ſun\": {weekdays}{numbers}"),
            ),
        ] {
            assert_eq!(
                parse(expression).map(drop),
                Err(format!("cron {expression:?} is invalid: {problem}"))
            );
        }
    }
}
