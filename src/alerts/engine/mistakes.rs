//! The mistakes that the settings of the engine can hold.

use std::collections::HashSet;
use std::time::Duration;

use super::builder::AlertsBuilder;
use crate::alerts::delivery::{self, Outlet};
use crate::alerts::measure::Measure;
use crate::alerts::notify::{self, Policy};
use crate::alerts::slo::Slo;
use crate::catalog::nearest;

const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
const LONGEST_INTERVAL: Duration = Duration::from_secs(60 * 60);
/// The longest name of an instance, in bytes.
const MAX_INSTANCE: usize = 200;

/// All mistakes, each once: those of the rules and of the SLOs first.
pub(super) fn mistakes(
    builder: &AlertsBuilder,
    instance: &str,
    policies: &[Policy],
    outlets: &[Outlet],
) -> Vec<String> {
    let own = [
        &builder.rules.mistakes,
        &builder.slos.mistakes,
        &builder.mistakes,
    ];
    let mut mistakes: Vec<_> = own.into_iter().flatten().cloned().collect();
    mistakes.extend(of_rules(builder));
    mistakes.extend(inhibitions_between_ledgers(builder));
    mistakes.extend(unused_policies(builder));
    mistakes.extend(short_windows(builder));
    mistakes.extend(unknown_channels(builder, policies));
    mistakes.extend(of_engine(builder, instance));
    mistakes.extend(delivery::mistakes(outlets));
    mistakes.extend(notify::mistakes(policies));
    let mut seen = HashSet::new();
    mistakes.retain(|mistake| seen.insert(mistake.clone()));
    mistakes
}

/// Rules that lack something of the engine, or share a name with the alert of an SLO.
fn of_rules(builder: &AlertsBuilder) -> Vec<String> {
    let mut mistakes = Vec::new();
    let slos = builder.slos.value.iter();
    let of_slos: HashSet<_> = slos.flat_map(Slo::alerts).map(|alert| alert.name).collect();
    for rule in builder.rules.value.iter() {
        let name = &rule.name;
        if of_slos.contains(name) {
            mistakes.push(format!("rule {name:?}: an alert of an SLO has this name"));
        }
        if let Measure::Computed { name: computed } = &rule.signal.measure
            && !builder.computed.iter().any(|(known, _)| known == computed)
        {
            mistakes.push(format!(
                "rule {name:?}: there is no computed signal {computed:?}: call computed({computed:?}, ..)"
            ));
        }
    }
    mistakes
}

/// An instance that evaluates a rule does not know the alerts of shared rules that another instance holds.
fn inhibitions_between_ledgers(builder: &AlertsBuilder) -> Vec<String> {
    let mut mistakes = Vec::new();
    if !builder.store.is_shared() {
        return mistakes;
    }
    let rules = &builder.rules.value;
    for rule in rules.iter() {
        for inhibition in &rule.inhibited_by {
            let mut sources = rules.iter();
            let source = sources.find(|source| source.name == inhibition.rule);
            if let Some(source) = source.filter(|source| source.scope != rule.scope) {
                mistakes.push(format!(
                    "rule {:?}: its scope is {} and that of {:?}, which inhibits it, is {}: in a store that instances share, both \
                     must have one scope",
                    rule.name, rule.scope, source.name, source.scope
                ));
            }
        }
    }
    mistakes
}

/// Channels that get no notifications, with settings of notifications.
fn unused_policies(builder: &AlertsBuilder) -> Vec<String> {
    let receivers = builder.receivers.iter();
    let unused = receivers.filter(|receiver| {
        !receiver.outlet.takes_notifications() && !receiver.has_default_policy()
    });
    let mistakes = unused.map(|receiver| {
        format!(
            "channel {:?} decides itself what it tells and when: remove its levels, matchers, groups, intervals, cooldown, cap and \
             escalation",
            receiver.outlet.name
        )
    });
    mistakes.collect()
}

/// Rules whose windows hold fewer than two samples at some evaluations, or at all of them. Samples are one interval apart, or more
/// if an evaluation is late, and a window excludes its start. An app that evaluates by itself may do so more often.
fn short_windows(builder: &AlertsBuilder) -> Vec<String> {
    let interval = builder.interval;
    if builder.is_manual || !is_allowed(interval) {
        return Vec::new();
    }
    let rules = builder.rules.value.iter();
    let windows = rules.filter_map(|rule| Some((&rule.name, rule.signal.measure.window()?)));
    let short = windows.filter(|(_, window)| *window < interval * 2);
    let mistakes = short.map(|(name, window)| {
        format!(
            "rule {name:?}: its window is {window:?} and the interval {interval:?}: windows of {:?} and more are allowed, because \
             they need two samples",
            interval * 2
        )
    });
    mistakes.collect()
}

fn is_allowed(interval: Duration) -> bool {
    (SHORTEST_INTERVAL..=LONGEST_INTERVAL).contains(&interval)
}

fn unknown_channels(builder: &AlertsBuilder, policies: &[Policy]) -> Vec<String> {
    let rules = builder.rules.value.iter();
    let rules = rules.map(|rule| ("rule", &rule.name, &rule.channels));
    let slos = builder.slos.value.iter();
    let slos = slos.map(|slo| ("SLO", &slo.name, &slo.channels));
    let mut mistakes = Vec::new();
    for (kind, name, channels) in rules.chain(slos) {
        let known = || policies.iter().map(Policy::name);
        for channel in channels
            .iter()
            .filter(|channel| !known().any(|known| known == **channel))
        {
            let near = nearest(known(), channel).map(|near| format!(", did you mean {near:?}?"));
            let near = near.unwrap_or_default();
            mistakes.push(format!(
                "{kind} {name:?}: there is no channel {channel:?} for notifications{near}"
            ));
        }
    }
    mistakes
}

fn of_engine(builder: &AlertsBuilder, instance: &str) -> Vec<String> {
    let mut mistakes = Vec::new();
    let interval = builder.interval;
    if !is_allowed(interval) {
        mistakes.push(format!("interval is {interval:?}: 1 s to 1 h are allowed"));
    }
    let has_signals = !builder.rules.value.is_empty() || !builder.slos.value.is_empty();
    if has_signals && builder.metrics.is_none() && !builder.is_manual {
        mistakes.push("there are rules and no metrics: call metrics(..)".to_owned());
    }
    if !(1..=MAX_INSTANCE).contains(&instance.len()) || instance.contains(char::is_control) {
        mistakes.push(format!(
            "instance is {instance:?}: 1 to {MAX_INSTANCE} bytes without control characters are allowed"
        ));
    }
    mistakes
}
