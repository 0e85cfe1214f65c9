//! The mistakes that policies can hold.

use std::collections::BTreeSet;

use super::policy::Policy;

/// A channel's budget is one time for each notification of the last hour.
const MAX_PER_HOUR: usize = 10_000;

/// All mistakes.
pub(in crate::alerts) fn mistakes(policies: &[Policy]) -> Vec<String> {
    let mut names = BTreeSet::new();
    let mut mistakes = Vec::new();
    for policy in policies {
        let name = &*policy.name;
        if !names.insert(name) {
            mistakes.push(format!("two channels have the name {name:?}"));
        }
        if name.is_empty() {
            mistakes.push("a channel has an empty name".to_owned());
        }
        let own = mistakes_of(policy, policies);
        mistakes.extend(
            own.into_iter()
                .map(|own| format!("channel {name:?}: {own}")),
        );
    }
    mistakes
}

fn mistakes_of(policy: &Policy, policies: &[Policy]) -> Vec<String> {
    let mut mistakes = Vec::new();
    if policy.levels.as_ref().is_some_and(BTreeSet::is_empty) {
        mistakes.push("the set of levels is empty".to_owned());
    }
    if policy.group_interval.is_zero() {
        mistakes.push("group_interval is zero".to_owned());
    }
    if policy.repeat_interval.is_zero() {
        mistakes.push("repeat_interval is zero".to_owned());
    }
    if !(1..=MAX_PER_HOUR).contains(&policy.max_per_hour) {
        let max = policy.max_per_hour;
        mistakes.push(format!(
            "max_per_hour is {max}: 1 to {MAX_PER_HOUR} is allowed"
        ));
    }
    if let Some(escalation) = &policy.escalation {
        let to = &escalation.to;
        if escalation.after.is_zero() {
            mistakes.push("it escalates after zero seconds".to_owned());
        }
        if *to == policy.name {
            mistakes.push("it escalates to itself".to_owned());
        } else if !policies.iter().any(|other| other.name == *to) {
            mistakes.push(format!(
                "there is no channel {to:?} for notifications to escalate to"
            ));
        }
    }
    mistakes
}
