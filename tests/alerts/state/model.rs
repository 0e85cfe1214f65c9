//! The state machine against a model that decides each state from the whole past.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use tower_vitals::Error;
use tower_vitals::alerts::state::{AlertState, Timing, Transition};
use tower_vitals::alerts::{Evaluated, Evaluation, NoData};

use super::world::{World, at, id, pod};

const MEMBERS: [&str; 3] = ["a", "b", "c"];

#[derive(Debug, Clone)]
enum Act {
    /// The members that hold, do not, or are missing. If all are missing, there is no data.
    Members([Option<bool>; 3]),
    NoData,
    Failed,
    Twice,
    Tick,
    Restart,
}

/// An act, some seconds after the one before; a negative number is a step back of the clock.
fn act() -> impl Strategy<Value = (i64, Act)> {
    let member = || prop_oneof![4 => Just(Some(true)), 4 => Just(Some(false)), 1 => Just(None)];
    let act = prop_oneof![
        12 => [member(), member(), member()].prop_map(Act::Members),
        2 => Just(Act::NoData),
        1 => Just(Act::Failed),
        1 => Just(Act::Twice),
        1 => Just(Act::Tick),
        1 => Just(Act::Restart),
    ];
    (prop_oneof![9 => 0_i64..40, 1 => -500_i64..5_000], act)
}

/// The results of one member since it is known, each with the running time, and the evaluations in a row that lacked it.
#[derive(Default)]
struct Past {
    results: Vec<(u64, bool)>,
    missed: u32,
}

impl Past {
    /// Some time ago, the condition had held for `for`, and since then it was never false for `keep_firing_for`.
    fn is_firing(&self, timing: &Timing) -> bool {
        (0..self.results.len()).any(|first| {
            (first..self.results.len()).any(|fires| {
                let held = &self.results[first..=fires];
                let lasts = self.results[fires].0 - self.results[first].0;
                held.iter().all(|(_, holds)| *holds)
                    && lasts >= timing.for_duration.as_secs()
                    && !self.has_resolved(fires, timing)
            })
        })
    }

    fn has_resolved(&self, fires: usize, timing: &Timing) -> bool {
        (fires..self.results.len()).any(|first| {
            (first..self.results.len()).any(|last| {
                let kept = &self.results[first..=last];
                let lasts = self.results[last].0 - self.results[first].0;
                kept.iter().all(|(_, holds)| !holds) && lasts >= timing.keep_firing_for.as_secs()
            })
        })
    }

    fn state(&self, timing: &Timing) -> AlertState {
        let holds = self.results.last().is_some_and(|(_, holds)| *holds);
        match (self.is_firing(timing), holds) {
            (true, _) => AlertState::Firing,
            (false, true) => AlertState::Pending,
            (false, false) => AlertState::Inactive,
        }
    }
}

/// The rule's running time: forward steps alone count, and none of the time down.
#[derive(Default)]
struct Times {
    evaluated: Option<i64>,
    running: u64,
}

impl Times {
    fn evaluate(&mut self, now: i64) -> u64 {
        let since = self.evaluated.replace(now).map_or(0, |last| now - last);
        self.running += u64::try_from(since).unwrap_or(0);
        self.running
    }
}

fn evaluation(act: &Act) -> Evaluation {
    let member = |(name, holds): (&str, bool)| Evaluated {
        labels: pod(name),
        value: 1.0,
        holds,
    };
    match act {
        Act::NoData => Evaluation::NoData,
        Act::Failed => Evaluation::Failed(Error::external("no snapshot", "broken")),
        Act::Twice => Evaluation::Members([("a", true), ("a", false)].map(member).into()),
        Act::Members(holds) => {
            let known = MEMBERS.into_iter().zip(*holds);
            let known = known.filter_map(|(name, holds)| Some((name, holds?)));
            Evaluation::Members(known.map(member).collect())
        }
        Act::Tick | Act::Restart => unreachable!("these evaluate nothing"),
    }
}

fn remember(pasts: &mut BTreeMap<&str, Past>, act: &Act, no_data: NoData, running: u64) {
    match act {
        Act::Members(holds) if *holds != [None; 3] => {
            for (name, holds) in MEMBERS.into_iter().zip(*holds) {
                let past = pasts.entry(name).or_default();
                match holds {
                    Some(holds) => {
                        past.missed = 0;
                        past.results.push((running, holds));
                    }
                    None => past.missed += 1,
                }
                if past.missed == 2 {
                    pasts.remove(name);
                }
            }
        }
        Act::Members(_) | Act::NoData => {
            for past in pasts.values_mut() {
                if let Some((_, last)) = past.results.last() {
                    past.results
                        .push((running, *last && no_data == NoData::Keep));
                }
            }
        }
        Act::Failed | Act::Twice | Act::Tick | Act::Restart => {}
    }
}

/// The state of each member as its transitions tell it.
fn follow(told: &mut BTreeMap<String, AlertState>, transitions: &[Transition]) {
    for transition in transitions {
        let known = told.entry(transition.labels["pod"].clone()).or_default();
        assert_ne!(transition.from, transition.to);
        assert_eq!(known.is_active(), transition.from.is_active());
        assert!(!known.is_active() || *known == transition.from);
        *known = transition.to;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn each_state_is_that_of_the_model(
        for_duration in 0_u64..100,
        keep_firing_for in 0_u64..100,
        no_data in prop_oneof![Just(NoData::Keep), Just(NoData::Resolve)],
        acts in vec(act(), 1..40),
    ) {
        let mut world = World::new(for_duration, keep_firing_for);
        world.timing.no_data = no_data;
        let (mut pasts, mut told) = (BTreeMap::new(), BTreeMap::new());
        let (mut now, mut seen, mut times) = (100_000_i64, None, Times::default());
        for (pause, act) in acts {
            now += pause;
            let time = at(u64::try_from(now).unwrap());
            match act {
                Act::Tick => prop_assert!(world.state.tick(time).is_empty()),
                Act::Restart => {
                    world.restart();
                    world.state.resume(time);
                    let down = seen.map_or(0, |seen| now - seen);
                    times.evaluated = times.evaluated.map(|last| last + down);
                }
                _ => {
                    let running = times.evaluate(now);
                    let result = world.try_take(evaluation(&act), time);
                    prop_assert_eq!(result.is_err(), matches!(act, Act::Twice));
                    follow(&mut told, &result.unwrap_or_default());
                    remember(&mut pasts, &act, no_data, running);
                }
            }
            seen = Some(now);
            for name in MEMBERS {
                let expected = pasts.get(name).map_or(AlertState::Inactive, |past| past.state(&world.timing));
                let active = |state: AlertState| if state.is_active() { state } else { AlertState::Inactive };
                let state = world.state_of(name).map_or(AlertState::Inactive, active);
                prop_assert_eq!(state, expected, "{} after {:?}", name, act);
                prop_assert_eq!(told.get(name).copied().map_or(AlertState::Inactive, active), expected);
            }
        }
    }

    /// Saved and read again at any time, the state goes on as if nothing had been: with the time down left out, all transitions are
    /// the same.
    #[test]
    fn a_restart_changes_no_transition(
        acts in vec(act(), 1..30),
        restart_at in 0_usize..30,
        down in 0_u64..100_000,
        for_duration in 0_u64..100,
        keep_firing_for in 0_u64..100,
    ) {
        let play = |restart_at: Option<usize>| {
            let mut world = World::new(for_duration, keep_firing_for);
            world.timing.auto_resolve = Some(Duration::from_secs(150));
            let (mut now, mut down_until_now, mut all) = (100_000_i64, 0, Vec::new());
            for (index, (pause, act)) in acts.iter().enumerate() {
                now += pause;
                let time = |down: u64| at(u64::try_from(now).unwrap() + down);
                world.state.tick(time(down_until_now));
                if restart_at == Some(index) {
                    world.restart();
                    down_until_now = down;
                }
                let time = time(down_until_now);
                let transitions = match act {
                    Act::Tick | Act::Restart => world.state.resolve(id("a"), "ann", time),
                    _ => world.try_take(evaluation(act), time),
                };
                let uptime = |mut transition: Transition| {
                    transition.at -= Duration::from_secs(down_until_now);
                    serde_json::to_string(&transition).unwrap()
                };
                all.extend(transitions.unwrap_or_default().into_iter().map(uptime));
            }
            all
        };
        prop_assert_eq!(play(None), play(Some(restart_at)));
    }
}
