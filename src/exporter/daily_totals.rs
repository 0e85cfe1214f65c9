//! `DailyTotals`: token use and cost since midnight UTC.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::snapshot::{FamilySnapshot, Snapshot};
use crate::catalog::{TOKEN_COST, TOKENS};
use crate::measure::Instant;

/// Returns the number of days since 1970, in UTC.
pub(super) fn day_of(time: SystemTime) -> u64 {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since_1970.as_secs() / DAY.as_secs()
}

/// The current day and the totals at its start. They are empty on the day on which the recorder was built.
#[derive(Debug)]
pub(super) struct DailyTotals {
    names: [String; 2],
    day: u64,
    at_start: Vec<FamilySnapshot>,
    /// When `at_start` was gathered.
    started_at: Option<Instant>,
}

impl DailyTotals {
    pub(super) fn new(prefix: &str, day: u64) -> Self {
        Self {
            names: [TOKENS.name, TOKEN_COST.name].map(|name| [prefix, name].concat()),
            day,
            at_start: Vec::new(),
            started_at: None,
        }
    }

    /// Starts a new day if `day` is later than the current one. A clock that is set back by hours starts none, because
    /// the counts of the day would be lost. If the clock was days ahead, the counts go on until the next change of day.
    pub(super) fn roll_over(&mut self, day: u64, snapshot: impl FnOnce() -> Snapshot) {
        if self.day < day {
            self.day = day;
            let snapshot = snapshot();
            self.at_start = self.families(&snapshot).cloned().collect();
            self.started_at = Some(snapshot.at);
        } else if day + 1 < self.day {
            self.day = day;
        }
    }

    /// Returns the increases since the start of the day. They are zero if `now` is older than that.
    pub(super) fn increases(&self, now: &Snapshot) -> Vec<FamilySnapshot> {
        let is_older = |started: Instant| started.since(now.at) > Duration::ZERO;
        let is_older = self.started_at.is_some_and(is_older);
        let increase = |family: &FamilySnapshot| {
            let mut before = self.at_start.iter();
            let before = before.find(|before| before.name == family.name);
            let now = before.filter(|_| is_older).unwrap_or(family);
            now.since(before)
        };
        self.families(now).map(increase).collect()
    }

    fn families<'a>(&'a self, snapshot: &'a Snapshot) -> impl Iterator<Item = &'a FamilySnapshot> {
        self.names.iter().filter_map(|name| snapshot.family(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Kind;
    use crate::exporter::{Labels, Series, Value};

    #[test]
    fn each_day_counts_from_its_start() {
        let family = |name: &str, labels: [(&str, &str); 2], total| FamilySnapshot {
            name: name.to_owned(),
            kind: Kind::Counter,
            help: String::new(),
            series: vec![Series {
                labels: Labels::new(labels),
                value: Value::Counter(total),
            }],
        };
        let at = |tokens: f64, cost: f64| Snapshot {
            families: vec![
                family("other_total", [("a", "1"), ("b", "2")], 7.0),
                family(
                    "shop_token_cost_total",
                    [("model", "a"), ("currency", "EUR")],
                    cost,
                ),
                family(
                    "shop_tokens_total",
                    [("model", "a"), ("kind", "prompt")],
                    tokens,
                ),
            ],
            ..Snapshot::empty()
        };
        let increases = |totals: &DailyTotals, now: &Snapshot| -> Vec<_> {
            let families = totals.increases(now).into_iter();
            families
                .map(|family| family.series[0].value.clone())
                .collect()
        };
        let counted = |tokens: f64, cost: f64| vec![Value::Counter(tokens), Value::Counter(cost)];
        let mut totals = DailyTotals::new("shop_", 1);
        assert_eq!(totals.increases(&Snapshot::empty()), []);
        totals.roll_over(1, || unreachable!());
        assert_eq!(increases(&totals, &at(100.0, 0.5)), counted(100.0, 0.5));
        totals.roll_over(2, || at(150.0, 0.75));
        assert_eq!(increases(&totals, &at(180.0, 1.0)), counted(30.0, 0.25));
        totals.roll_over(2, || unreachable!());
        assert_eq!(increases(&totals, &at(190.0, 1.0)), counted(40.0, 0.25));
        // The clock is set back and forward again.
        totals.roll_over(1, || unreachable!());
        totals.roll_over(2, || unreachable!());
        assert_eq!(increases(&totals, &at(190.0, 1.0)), counted(40.0, 0.25));
        let gathered_before = at(185.0, 0.5);
        totals.roll_over(3, || at(190.0, 1.0));
        assert_eq!(increases(&totals, &at(190.0, 1.0)), counted(0.0, 0.0));
        assert_eq!(increases(&totals, &gathered_before), counted(0.0, 0.0));
        // The recorder was built while the clock was days ahead: counts go on until the next day.
        let mut totals = DailyTotals::new("shop_", 9000);
        totals.roll_over(2, || unreachable!());
        assert_eq!(increases(&totals, &at(180.0, 1.0)), counted(180.0, 1.0));
        totals.roll_over(3, || at(190.0, 1.0));
        assert_eq!(increases(&totals, &at(200.0, 1.5)), counted(10.0, 0.5));
    }

    #[test]
    fn days_are_those_of_utc() {
        let at = |seconds| day_of(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!((at(0), at(86_399), at(86_400)), (0, 0, 1));
        assert_eq!(day_of(UNIX_EPOCH - Duration::from_secs(1)), 0);
    }
}
