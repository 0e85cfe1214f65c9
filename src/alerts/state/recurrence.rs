//! `Recurrence`: the times at which a silence is active again and again.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::alerts::seconds;
use crate::cron::CronTimes;
use crate::error::Error;

/// The shortest and the longest duration.
const MIN: Duration = Duration::from_secs(60);
const MAX: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// The number of begins in which a new recurrence is checked for an end.
const CHECKED: usize = 60;
/// Occurrences that touch are one. More than this many in a row are not joined.
const MAX_JOINED: usize = 100;

/// The times at which a silence is active again and again: each begins at a time of a cron expression, and lasts for a duration.
///
/// The expression has five fields or six, with seconds first, and is read in the time zone as the one of a background job: a time of
/// day that daylight saving skips begins right after the change, and one that comes twice begins once. The duration is the time
/// that passes: two hours from 01:00 end at 04:00 on the day on which an hour is skipped.
///
/// ```
/// use std::time::Duration;
/// use tower_vitals::alerts::state::Recurrence;
///
/// // Maintenance, every Sunday from 02:00 to 04:00.
/// let two_hours = Duration::from_secs(2 * 60 * 60);
/// let maintenance = Recurrence::new("0 2 * * SUN", "Europe/Berlin", two_hours)?;
///
/// let error = Recurrence::new("0 25 * * SUN", "Europe/Berlin", two_hours).unwrap_err();
/// assert!(error.to_string().contains("the hour is \"25\": 0-23 is allowed"));
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "Form", into = "Form")]
pub struct Recurrence {
    form: Form,
    /// `None` if a saved recurrence cannot be read here, because the system's database lacks its time zone.
    times: Option<Arc<Times>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Form {
    cron: String,
    time_zone: String,
    #[serde(with = "seconds")]
    duration: Duration,
}

struct Times {
    cron: CronTimes,
    /// The last answer.
    last: Mutex<Option<Answer>>,
}

/// The first occurrence that is not over at `from`, and thus at each time until its end.
#[derive(Debug, Clone, Copy)]
struct Answer {
    from: SystemTime,
    begin: SystemTime,
    end: SystemTime,
}

impl Recurrence {
    /// Checks the expression, the time zone and the duration.
    ///
    /// # Errors
    ///
    /// Names every mistake: an expression or a time zone that cannot be read, a duration that is not from 1 minute to 31 days, or one
    /// that is not shorter than the time from one begin to the next, so that the silence would not end.
    pub fn new(
        cron: impl Into<String>,
        time_zone: impl Into<String>,
        duration: Duration,
    ) -> Result<Self, Error> {
        let (cron, time_zone) = (cron.into(), time_zone.into());
        let times = CronTimes::new(&cron, &time_zone);
        let mut mistakes = Vec::new();
        if !(MIN..=MAX).contains(&duration) {
            mistakes.push(format!(
                "the duration of a silence is {duration:?}: 1 minute to 31 days are allowed"
            ));
        }
        match &times {
            Ok(times) => mistakes.extend(overlap(times, duration)),
            Err(errors) => mistakes.extend(errors.iter().cloned()),
        }
        Error::combine(mistakes.into_iter().map(Error::invalid))?;
        Ok(Self::of(
            Form {
                cron,
                time_zone,
                duration,
            },
            times.ok(),
        ))
    }

    fn of(form: Form, cron: Option<CronTimes>) -> Self {
        let times = cron.map(|cron| {
            let last = Mutex::default();
            Arc::new(Times { cron, last })
        });
        Self { form, times }
    }

    /// The cron expression.
    #[must_use]
    pub fn cron(&self) -> &str {
        &self.form.cron
    }

    /// The name of the time zone.
    #[must_use]
    pub fn time_zone(&self) -> &str {
        &self.form.time_zone
    }

    /// The duration.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.form.duration
    }

    /// The begin and the end of the occurrence at `now`, or of the next one. The end is not part of it. Occurrences that touch are
    /// one. `None` if there is no further one.
    #[must_use]
    pub fn occurrence(&self, now: SystemTime) -> Option<(SystemTime, SystemTime)> {
        let times = self.times.as_ref()?;
        let mut last = times.last.lock();
        if let Some(answer) = *last
            && answer.from <= now
            && now < answer.end
        {
            return Some((answer.begin, answer.end));
        }
        let duration = self.form.duration;
        let begin = times.cron.next_after(now.checked_sub(duration)?)?;
        let mut end = begin.checked_add(duration)?;
        let mut next = times.cron.next_after(begin);
        for _ in 0..MAX_JOINED {
            let Some(begin) = next.filter(|begin| *begin <= end) else {
                break;
            };
            end = begin.checked_add(duration)?;
            next = times.cron.next_after(begin);
        }
        *last = Some(Answer {
            from: now,
            begin,
            end,
        });
        Some((begin, end))
    }
}

/// The mistake in a duration that is not shorter than the time between two begins.
fn overlap(times: &CronTimes, duration: Duration) -> Option<String> {
    let mut begin = times.next_after(SystemTime::now())?;
    for _ in 0..CHECKED {
        let next = times.next_after(begin)?;
        let between = next.duration_since(begin).unwrap_or_default();
        if between <= duration {
            return Some(format!(
                "the duration of a silence is {duration:?}, and {between:?} after one begin it begins again: a shorter duration is \
                 needed, so that it ends"
            ));
        }
        begin = next;
    }
    None
}

impl fmt::Debug for Recurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The parsed expression is long.
        self.form.fmt(f)
    }
}

impl PartialEq for Recurrence {
    fn eq(&self, other: &Self) -> bool {
        self.form == other.form
    }
}

impl Eq for Recurrence {}

impl From<Form> for Recurrence {
    fn from(form: Form) -> Self {
        let times = CronTimes::new(&form.cron, &form.time_zone);
        if let Err(mistakes) = &times {
            let mistakes = mistakes.join("; ");
            tracing::error!(
                mistakes,
                "a saved silence cannot be read: it is never active"
            );
        }
        Self::of(form, times.ok())
    }
}

impl From<Recurrence> for Form {
    fn from(recurrence: Recurrence) -> Self {
        recurrence.form
    }
}
