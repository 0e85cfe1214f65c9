//! 200 flapping series for an hour.

use tower_vitals::alerts::Level;
use tower_vitals::alerts::notify::{Notifier, Policy};
use tower_vitals::alerts::state::{AlertState, State};

use super::desk::{alert, at, chat, described, seconds};
use super::viewer::Viewer;

const SERIES: u64 = 200;
const HOUR: u64 = 3_600;

/// Whether a series holds in this tick: each changes at its own rhythm, some at each tick.
fn holds(series: u64, tick: u64) -> bool {
    ((tick + series) / (1 + series % 7)).is_multiple_of(2)
}

/// Plays the hour and two quiet ones.
fn play(policy: Policy, cooldown: u64, max: usize) -> Viewer {
    let mut state = State::default();
    let mut notifier = Notifier::new(vec![policy]).unwrap();
    let mut viewer = Viewer::new(cooldown, max);
    let mut history = Vec::new();
    let mut changes = 0;
    let alerts: Vec<_> = (0..SERIES)
        .map(|series| alert(&format!("flapping/{series}"), Level::Error))
        .collect();
    let mut held = vec![false; alerts.len()];
    for tick in 0..3 * HOUR / 15 {
        let now = at(tick * 15);
        for (series, alert) in (0..).zip(&alerts) {
            let holds = tick < HOUR / 15 && holds(series, tick);
            changes += usize::from(std::mem::replace(&mut held[series as usize], holds) != holds);
            history.extend(if holds {
                state.fire(alert.clone(), now)
            } else {
                state.clear(alert.id(), now)
            });
        }
        let decisions = notifier.tick(&state, &described, now);
        viewer.see("chat", &decisions, &state);
    }
    assert!(changes > 10_000, "{changes}");
    assert_eq!(history.len(), changes, "the history has each change");
    let fired = history
        .iter()
        .filter(|change| change.to == AlertState::Firing);
    assert_eq!(fired.count() * 2, changes);
    viewer
}

#[test]
fn in_one_group() {
    let viewer = play(Policy::new("chat"), 300, 10);
    assert_eq!(viewer.firing.len(), 0, "all ends were told");
    assert_eq!(viewer.held.len(), 0, "all that was held back was told");
    assert_eq!(viewer.told_as_held, viewer.held_events);
    assert!(viewer.held_events > 0);
    assert!(viewer.sent() <= 20, "{}", viewer.sent());
}

#[test]
fn in_a_group_each_with_short_intervals() {
    let policy = chat()
        .group_by(["pod"])
        .group_wait(seconds(0))
        .group_interval(seconds(30))
        .cooldown(seconds(600));
    let viewer = play(policy, 600, 10);
    assert_eq!(viewer.firing.len(), 0, "all ends were told");
    assert_eq!(viewer.held.len(), 0, "all that was held back was told");
    assert_eq!(viewer.told_as_held, viewer.held_events);
    assert!(viewer.held_events > 1_000, "{}", viewer.held_events);
    assert!((10..=30).contains(&viewer.sent()), "{}", viewer.sent());
}

#[test]
fn with_a_cap_that_is_never_reached() {
    let policy = chat()
        .group_by(["pod"])
        .group_wait(seconds(0))
        .group_interval(seconds(30))
        .cooldown(seconds(600))
        .max_per_hour(10_000);
    let viewer = play(policy, 600, 10_000);
    assert_eq!((viewer.firing.len(), viewer.held.len()), (0, 0));
    assert_eq!(viewer.told_as_held, viewer.held_events);
    assert!(viewer.held_events > 1_000, "{}", viewer.held_events);
}
