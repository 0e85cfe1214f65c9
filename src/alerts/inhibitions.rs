//! The mistakes in the inhibitions of a set of rules.

use std::collections::{BTreeMap, HashSet};

use super::rule::Rule;
use super::state::Inhibition;
use crate::catalog::nearest;

/// The rules that hold back each rule, itself left out.
type Graph<'a> = BTreeMap<&'a str, Vec<&'a str>>;

pub(super) fn mistakes(rules: &[Rule]) -> Vec<String> {
    let mut mistakes = Vec::new();
    for rule in rules {
        for inhibition in &rule.inhibited_by {
            let wrong = wrong(rule, inhibition, rules);
            let named = |mistake| format!("rule {:?}: {mistake}", rule.name);
            mistakes.extend(wrong.into_iter().map(named));
        }
    }
    mistakes.extend(cycles(rules));
    mistakes
}

fn wrong(rule: &Rule, inhibition: &Inhibition, rules: &[Rule]) -> Vec<String> {
    let name = &inhibition.rule;
    let Some(source) = rules.iter().find(|rule| rule.name == *name) else {
        let near = nearest(rules.iter().map(|rule| &*rule.name), name);
        let near = near.map(|near| format!(", did you mean {near:?}?"));
        let near = near.unwrap_or_default();
        return vec![format!(
            "no rule {name:?} exists that could inhibit it{near}"
        )];
    };
    if source.name == rule.name && inhibition.equal.is_empty() {
        return vec![
            "it inhibits itself, so only one of its alerts is announced: equal labels are needed"
                .to_owned(),
        ];
    }
    let mut mistakes = Vec::new();
    for label in &inhibition.equal {
        // An alert without the label never equals one that has it.
        let lacks = |rule: &Rule| !rule.label_names().contains(&&**label);
        let mut both = vec![rule, source];
        both.dedup_by_key(|rule| &rule.name);
        for lacking in both.into_iter().filter(|rule| lacks(rule)) {
            mistakes.push(format!(
                "its inhibition by {name:?} compares label {label:?}, which alerts of {:?} lack",
                lacking.name
            ));
        }
    }
    mistakes
}

/// Rules in a cycle hold each other back, so nobody hears of any.
fn cycles(rules: &[Rule]) -> Vec<String> {
    let mut graph = Graph::new();
    for rule in rules {
        let others = rule.inhibited_by.iter().map(|inhibition| &*inhibition.rule);
        let others = others.filter(|other| *other != rule.name);
        graph.entry(&rule.name).or_default().extend(others);
    }
    let mut in_a_cycle = HashSet::new();
    let mut mistakes = Vec::new();
    for &start in graph.keys() {
        if !in_a_cycle.contains(start)
            && let Some(path) = way_back(&graph, start)
        {
            in_a_cycle.extend(path.iter().copied());
            let path = path.join(" -> ");
            mistakes.push(format!(
                "rules inhibit each other in a cycle: {path} -> {start}"
            ));
        }
    }
    mistakes
}

/// The shortest path from a rule to itself, without its end.
fn way_back<'a>(graph: &Graph<'a>, start: &'a str) -> Option<Vec<&'a str>> {
    let mut before = BTreeMap::new();
    let mut reached = vec![start];
    let mut next = 0;
    while let Some(&name) = reached.get(next) {
        next += 1;
        for &other in graph.get(name).into_iter().flatten() {
            if other == start {
                let mut path = vec![name];
                path.extend(std::iter::successors(before.get(name), |name| {
                    before.get(*name)
                }));
                path.reverse();
                return Some(path);
            }
            if !before.contains_key(other) {
                before.insert(other, name);
                reached.push(other);
            }
        }
    }
    None
}
