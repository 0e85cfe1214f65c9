//! Random scripts: no announced alert lacks its end, and a restart changes nothing.

use std::collections::BTreeMap;
use std::time::SystemTime;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use tower_vitals::alerts::notify::{Decisions, Policy};
use tower_vitals::alerts::state::{
    AlertId, Inhibition, Matcher, RuleHead, SilenceId, SilenceTarget, Timing,
};
use tower_vitals::alerts::{Evaluated, Evaluation, Level};

use super::desk::{Desk, alert, at, id, saved, seconds};
use super::viewer::Viewer;

const NAMES: [&str; 6] = ["down/a", "down/b", "slow/a", "slow/b", "full/a", "full/c"];
const PODS: [&str; 3] = ["a", "b", "c"];
const LEVELS: [Level; 4] = [Level::Info, Level::Warning, Level::Error, Level::Critical];

#[derive(Debug, Clone)]
enum Act {
    Fire(usize, usize),
    Clear(usize),
    /// The pods whose condition holds.
    Evaluate([bool; 3]),
    RemoveRule,
    Acknowledge(usize),
    Resolve(usize),
    Silence(usize, u64),
    SilencePod(usize, u64),
    Unsilence,
    Wait,
}

fn act() -> impl Strategy<Value = Act> {
    let name = 0..NAMES.len() + PODS.len();
    prop_oneof![
        8 => (0..NAMES.len(), 0..4_usize).prop_map(|(name, level)| Act::Fire(name, level)),
        6 => (0..NAMES.len()).prop_map(Act::Clear),
        4 => any::<[bool; 3]>().prop_map(Act::Evaluate),
        1 => Just(Act::RemoveRule),
        2 => name.clone().prop_map(Act::Acknowledge),
        1 => name.clone().prop_map(Act::Resolve),
        1 => (name, 1..600_u64).prop_map(|(name, lasts)| Act::Silence(name, lasts)),
        1 => (0..PODS.len(), 1..600_u64).prop_map(|(pod, lasts)| Act::SilencePod(pod, lasts)),
        1 => Just(Act::Unsilence),
        4 => Just(Act::Wait),
    ]
}

#[derive(Debug, Clone)]
struct Settings {
    group_by: &'static [&'static str],
    wait: u64,
    interval: u64,
    repeat: u64,
    cooldown: u64,
    max: usize,
    escalation: Option<u64>,
    takes_acknowledgements: bool,
    announces_silences: bool,
}

fn settings() -> impl Strategy<Value = Settings> {
    let group_by = prop_oneof![
        Just(&["alertname"][..]),
        Just(&["pod"][..]),
        Just(&["..."][..]),
        Just(&[][..])
    ];
    let choice = |of: &'static [u64]| prop::sample::select(of);
    (
        group_by,
        choice(&[0, 30]),
        choice(&[15, 60, 300]),
        choice(&[120, 3_600]),
        choice(&[0, 90, 600]),
        choice(&[1, 2, 5, 30]),
        option::of(choice(&[1, 60, 400])),
        any::<[bool; 2]>(),
    )
        .prop_map(
            |(group_by, wait, interval, repeat, cooldown, max, escalation, is)| Settings {
                group_by,
                wait,
                interval,
                repeat,
                cooldown,
                max: max as usize,
                escalation,
                takes_acknowledgements: is[0],
                announces_silences: is[1],
            },
        )
}

impl Settings {
    fn policy(&self, name: &str, other: &str) -> Policy {
        let policy = Policy::new(name)
            .group_by(self.group_by.to_vec())
            .group_wait(seconds(self.wait))
            .group_interval(seconds(self.interval))
            .repeat_interval(seconds(self.repeat))
            .cooldown(seconds(self.cooldown))
            .max_per_hour(self.max)
            .takes_acknowledgements(self.takes_acknowledgements)
            .announce_silences(self.announces_silences);
        match self.escalation {
            Some(after) => policy.escalate_after(seconds(after), other),
            None => policy,
        }
    }
}

struct Play {
    desk: Desk,
    viewers: BTreeMap<&'static str, Viewer>,
    now: u64,
}

impl Play {
    fn new(chat: &Settings, boss: &Settings) -> Self {
        let policies = [
            chat.policy("chat", "boss"),
            boss.policy("boss", "chat").min_level(Level::Critical),
        ];
        let viewers = [
            ("chat", Viewer::new(chat.cooldown, chat.max)),
            ("boss", Viewer::new(boss.cooldown, boss.max)),
        ];
        Self {
            desk: Desk::new(policies),
            viewers: viewers.into(),
            now: 0,
        }
    }

    fn time(&self) -> SystemTime {
        at(self.now)
    }

    fn evaluate(&mut self, holds: [bool; 3]) {
        let timing = Timing {
            for_duration: seconds(20),
            keep_firing_for: seconds(20),
            ..Timing::default()
        };
        let head = RuleHead {
            name: "rule",
            level: Level::Warning,
            timing,
            inhibited_by: &[Inhibition::by("other").equal(["pod"])],
        };
        let member = |(pod, holds): (&str, bool)| Evaluated {
            labels: [("pod".to_owned(), pod.to_owned())].into(),
            value: 1.0,
            holds,
        };
        let all = || PODS.into_iter().zip(holds).map(member).collect();
        let now = at(self.now);
        self.desk
            .state
            .evaluate(&head, Evaluation::Members(all()), now)
            .unwrap();
        let other = RuleHead {
            name: "other",
            timing: Timing::default(),
            inhibited_by: &[],
            ..head
        };
        let mut inverse = all();
        inverse.truncate(1);
        inverse[0].holds = !inverse[0].holds;
        self.desk
            .state
            .evaluate(&other, Evaluation::Members(inverse), now)
            .unwrap();
    }

    fn act(&mut self, act: &Act) {
        let now = self.time();
        let state = &mut self.desk.state;
        match act {
            Act::Fire(name, level) => drop(state.fire(alert(NAMES[*name], LEVELS[*level]), now)),
            Act::Clear(name) => drop(state.clear(id(NAMES[*name]), now)),
            Act::Evaluate(holds) => self.evaluate(*holds),
            Act::RemoveRule => drop(state.remove_rule("rule", now)),
            Act::Acknowledge(name) => drop(state.acknowledge(any_id(*name), "ann", None, now)),
            Act::Resolve(name) => drop(state.resolve(any_id(*name), "ann", now)),
            Act::Silence(name, lasts) => {
                let target = SilenceTarget::Alert(any_id(*name));
                drop(state.suppress(target, now + seconds(*lasts), "ann", None, now));
            }
            Act::SilencePod(pod, lasts) => {
                let target = SilenceTarget::Labels(vec![Matcher::equal("pod", PODS[*pod])]);
                drop(state.suppress(target, now + seconds(*lasts), "ann", None, now));
            }
            Act::Unsilence => self.unsilence(),
            Act::Wait => {}
        }
    }

    fn unsilence(&mut self) {
        let now = self.time();
        let silences = self.desk.state.silences(now);
        let silences: Vec<SilenceId> = silences.map(|silence| silence.id).collect();
        for silence in silences {
            self.desk.state.unsuppress(silence, now);
        }
    }

    fn see(&mut self, decisions: &Decisions) {
        for (name, viewer) in &mut self.viewers {
            viewer.see(name, decisions, &self.desk.state);
        }
    }

    /// Ticks as a restarted notifier does, and checks that nothing is due before `next_due`.
    fn decide(&mut self) {
        let decisions = self.desk.decide(self.time());
        self.see(&decisions);
        if self.desk.state.silences(self.time()).next().is_some() {
            return;
        }
        let due = self.desk.notifier.next_due(self.time());
        let before = due.map_or(self.time() + seconds(10_000), |due| due - seconds(1));
        if before > self.time() {
            let mut notifier = self.desk.notifier.clone();
            let early = notifier.tick(&self.desk.state, &self.desk.describe, before);
            assert!(
                early.queued.is_empty() && early.events.is_empty(),
                "{due:?}: {early:?}"
            );
        }
    }

    /// Ticks every minute without a restart.
    fn wait(&mut self, minutes: u64) {
        for _ in 0..minutes {
            self.now += 60;
            let now = self.time();
            let desk = &mut self.desk;
            let decisions = desk.notifier.tick(&desk.state, &desk.describe, now);
            self.see(&decisions);
        }
    }
}

fn any_id(name: usize) -> AlertId {
    if let Some(name) = NAMES.get(name) {
        return id(name);
    }
    let pod = PODS[name - NAMES.len()];
    AlertId::of("rule", &[("pod".to_owned(), pod.to_owned())].into())
}

/// Plays a script to its end.
fn play(chat: &Settings, boss: &Settings, script: &[(u64, Act)]) -> Result<(), TestCaseError> {
    let mut play = Play::new(chat, boss);
    for (lasts, act) in script {
        play.act(act);
        play.decide();
        play.now += lasts;
        play.desk.state.tick(play.time());
    }
    // What goes on firing, everybody learns.
    play.unsilence();
    (0..NAMES.len()).for_each(|name| play.act(&Act::Clear(name)));
    play.wait(3 * 60);
    for name in NAMES {
        play.desk.fire_as(Level::Critical, name, play.now);
    }
    play.wait(3 * 60);
    for viewer in play.viewers.values() {
        for name in NAMES {
            prop_assert!(viewer.firing.contains(&id(name)), "{} is not told", name);
        }
    }
    // And that it ends.
    for name in NAMES {
        play.desk.clear(name, play.now);
    }
    play.desk.state.remove_rule("rule", play.time());
    play.desk.state.remove_rule("other", play.time());
    play.wait(3 * 60);
    for viewer in play.viewers.values() {
        prop_assert!(viewer.firing.is_empty(), "{:?} never ended", viewer.firing);
        prop_assert!(viewer.held.is_empty(), "{:?} held for ever", viewer.held);
    }
    prop_assert_eq!(play.desk.notifier.next_due(play.time()), None);
    let saved = saved(&play.desk.notifier);
    prop_assert!(saved.starts_with(r#"{"known":{},"#), "{}", saved);
    prop_assert!(saved.contains(r#""groups":{},"members":{},"#), "{}", saved);
    Ok(())
}

/// The summary of a critical alert in its cooldown went out a second before it was due, together with one that the cap held back.
#[test]
fn alerts_that_are_held_back_for_different_causes_are_due_together() {
    let settings = |cooldown, max, escalation| Settings {
        group_by: &["alertname"],
        wait: 0,
        interval: 15,
        repeat: 120,
        cooldown,
        max,
        escalation,
        takes_acknowledgements: false,
        announces_silences: false,
    };
    let script = [
        (11, Act::Fire(5, 3)),
        (19, Act::Fire(2, 3)),
        (7, Act::Unsilence),
        (53, Act::Fire(3, 0)),
        (1, Act::Fire(0, 0)),
    ];
    for escalation in [None, Some(1), Some(60), Some(400)] {
        let chat = settings(90, 5, escalation);
        play(&chat, &settings(0, 1, Some(1)), &script).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn receivers_learn_all_that_they_must(
        chat in settings(),
        boss in settings(),
        script in vec((1..90_u64, act()), 1..80),
    ) {
        play(&chat, &boss, &script)?;
    }
}
