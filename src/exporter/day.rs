//! What language models used and cost since the day began.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::snapshot::{Family, Snapshot};
use crate::catalog::{TOKEN_COST, TOKENS};
use crate::measure::Instant;

/// Days since 1970, in UTC.
pub(super) fn day_of(time: SystemTime) -> u64 {
    const DAY: Duration = Duration::from_hours(24);
    let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since_1970.as_secs() / DAY.as_secs()
}

/// A day, and what the totals were when it began: nothing, if the recorder was built on it.
#[derive(Debug)]
pub(super) struct Day {
    names: [String; 2],
    number: u64,
    began_with: Vec<Family>,
    /// When that was read.
    began_at: Option<Instant>,
}

impl Day {
    pub(super) fn new(prefix: &str, day: u64) -> Self {
        Self {
            names: [TOKENS.name, TOKEN_COST.name].map(|name| [prefix, name].concat()),
            number: day,
            began_with: Vec::new(),
            began_at: None,
        }
    }

    /// On a later day than before, that one begins with what there is `now`. A clock that goes back by hours begins no other:
    /// what it counted would be lost. One that was days ahead goes on counting, and a day begins again with the next.
    pub(super) fn turn(&mut self, day: u64, now: impl FnOnce() -> Snapshot) {
        if self.number < day {
            self.number = day;
            let now = now();
            self.began_with = self.totals(&now).cloned().collect();
            self.began_at = Some(now.at());
        } else if day + 1 < self.number {
            self.number = day;
        }
    }

    /// The increases since it began, for those that there are: none in what was read before it did.
    pub(super) fn since(&self, now: &Snapshot) -> Vec<Family> {
        let is_older = |began: Instant| began.since(now.at()) > Duration::ZERO;
        let is_older = self.began_at.is_some_and(is_older);
        let increase = |family: &Family| {
            let mut before = self.began_with.iter();
            let before = before.find(|before| before.name == family.name);
            let now = before.filter(|_| is_older).unwrap_or(family);
            Family {
                series: now.since(before),
                ..family.clone()
            }
        };
        self.totals(now).map(increase).collect()
    }

    fn totals<'a>(&'a self, of: &'a Snapshot) -> impl Iterator<Item = &'a Family> {
        self.names.iter().filter_map(|name| of.family(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exporter::Value;

    #[test]
    fn each_day_counts_its_own() {
        let at = |tokens: u64, cost: f64| {
            Snapshot::of(&format!(
                "# TYPE shop_tokens_total counter\nshop_tokens_total{{model=\"a\",kind=\"prompt\"}} {tokens}\n\
                 # TYPE shop_token_cost_total counter\nshop_token_cost_total{{model=\"a\",currency=\"EUR\"}} {cost}\n\
                 # TYPE other_total counter\nother_total 7\n"
            ))
        };
        let values = |families: &[Family]| -> Vec<_> {
            families
                .iter()
                .map(|family| family.series[0].value.clone())
                .collect()
        };
        let counted = |tokens: f64, cost: f64| vec![Value::Counter(tokens), Value::Counter(cost)];
        let mut day = Day::new("shop_", 1);
        assert_eq!(day.since(&Snapshot::of("")), []);
        day.turn(1, || unreachable!());
        assert_eq!(values(&day.since(&at(100, 0.5))), counted(100.0, 0.5));
        day.turn(2, || at(150, 0.75));
        assert_eq!(values(&day.since(&at(180, 1.0))), counted(30.0, 0.25));
        day.turn(2, || unreachable!());
        assert_eq!(values(&day.since(&at(190, 1.0))), counted(40.0, 0.25));
        // The clock went back, and on again.
        day.turn(1, || unreachable!());
        day.turn(2, || unreachable!());
        assert_eq!(values(&day.since(&at(190, 1.0))), counted(40.0, 0.25));
        let read_before = at(185, 0.5);
        day.turn(3, || at(190, 1.0));
        assert_eq!(values(&day.since(&at(190, 1.0))), counted(0.0, 0.0));
        assert_eq!(values(&day.since(&read_before)), counted(0.0, 0.0));
        // It was built in days to come; what is counted goes on, and the next day begins.
        let mut day = Day::new("shop_", 9000);
        day.turn(2, || unreachable!());
        assert_eq!(values(&day.since(&at(180, 1.0))), counted(180.0, 1.0));
        day.turn(3, || at(190, 1.0));
        assert_eq!(values(&day.since(&at(200, 1.5))), counted(10.0, 0.5));
    }

    #[test]
    fn a_day_is_one_of_utc() {
        let at = |seconds| day_of(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!((at(0), at(86_399), at(86_400)), (0, 0, 1));
        assert_eq!(day_of(UNIX_EPOCH - Duration::from_secs(1)), 0);
    }
}
