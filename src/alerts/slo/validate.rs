//! The mistakes that an SLO can hold.

use std::collections::HashSet;
use std::time::Duration;

use super::slo::Slo;
use super::slo_severity::SloSeverity;
use super::threshold;
use crate::alerts::format::Format;
use crate::alerts::known::Known;
use crate::alerts::template;
use crate::catalog::{Kind, check_label_name};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// All mistakes of one SLO. `buckets` are those that differ from the catalogue's.
pub(super) fn mistakes(slo: &Slo, known: &Known, buckets: &[(String, Vec<f64>)]) -> Vec<String> {
    let mut mistakes = Vec::new();
    if slo.name.is_empty() {
        mistakes.push("the name is empty".to_owned());
    }
    if slo.objective > 0.0 && slo.objective < 1.0 {
        mistakes.extend(never_firing(slo));
    } else {
        let objective = slo.objective;
        mistakes.push(format!(
            "the objective is {objective}: a share between 0 and 1 is allowed, such as 0.999"
        ));
    }
    if !(7 * DAY..=90 * DAY).contains(&slo.period) {
        let days = slo.period.as_secs_f64() / DAY.as_secs_f64();
        mistakes.push(format!("the period is {days} days: 7 to 90 are allowed"));
    }
    mistakes.extend(wrong_events(slo, known, buckets));
    for label in slo.labels.keys() {
        if let Err(error) = check_label_name(label) {
            mistakes.push(error.to_string());
        }
        if label == "alertname" || label == "slo" {
            mistakes.push(format!("the alerts have a label {label:?} anyway"));
        }
    }
    let labels: Vec<_> = slo.labels.keys().map(|label| &**label).collect();
    let labels = [&*labels, &["slo"]].concat();
    for (field, text) in [("summary", &slo.summary), ("description", &slo.description)] {
        let wrong = template::mistakes(text, &labels).into_iter();
        mistakes.extend(wrong.map(|mistake| format!("{field}: {mistake}")));
    }
    let named = |mistake| format!("SLO {:?}: {mistake}", slo.name);
    mistakes.into_iter().map(named).collect()
}

/// One mistake for each factor that even a failure of all events does not exceed.
fn never_firing(slo: &Slo) -> impl Iterator<Item = String> {
    let (objective, budget) = (slo.objective, slo.budget());
    let severities = SloSeverity::ALL.into_iter();
    let pairs = severities.flat_map(|severity| severity.pairs().map(|pair| (severity, pair)));
    let wrong = pairs.filter(move |(_, pair)| pair.factor * budget >= 1.0);
    wrong.map(move |(severity, pair)| {
        let (factor, long) = (pair.factor, pair.long);
        let highest = Format::Plain.apply(1.0 / budget);
        format!(
            "the {severity} alert over {long} can never fire: with the objective {objective} the highest burn rate is {highest}, and the factor is {factor}"
        )
    })
}

fn wrong_events(slo: &Slo, known: &Known, buckets: &[(String, Vec<f64>)]) -> Vec<String> {
    let events = &slo.events;
    let mut mistakes = Vec::new();
    let ways = [
        events.bad.is_some(),
        events.good.is_some(),
        events.threshold.is_some(),
    ];
    if ways.into_iter().filter(|is_given| *is_given).count() != 1 {
        mistakes
            .push("exactly one of bad events, good events and a threshold is needed".to_owned());
    }
    let kinds: &[Kind] = if events.threshold.is_some() {
        &[Kind::Histogram]
    } else {
        &[Kind::Counter]
    };
    mistakes.extend(known.mistakes(&events.total, &[], kinds));
    for part in events.bad.iter().chain(&events.good) {
        mistakes.extend(known.mistakes(part, &[], &[Kind::Counter]));
    }
    if let Some(wrong) = events.threshold {
        let metric = &events.total.metric;
        let bounds = bounds(metric, known, buckets);
        if let Some(bounds) = bounds
            && !bounds
                .iter()
                .any(|bound| threshold::is_bound(wrong, *bound))
        {
            let mistake = threshold::mistake(wrong, bounds.iter().copied());
            mistakes.push(format!("metric {metric:?} {mistake}"));
        }
    }
    mistakes
}

/// The bounds of a histogram's buckets. `None` for one that is not known.
fn bounds<'a>(
    metric: &str,
    known: &'a Known,
    buckets: &'a [(String, Vec<f64>)],
) -> Option<&'a [f64]> {
    let name = metric.strip_prefix(&*known.prefix)?;
    let own = buckets.iter().rfind(|(own, _)| own == name);
    if let Some((_, bounds)) = own {
        return Some(bounds);
    }
    let mut families = known.catalog.families().iter();
    let family = families.find(|family| family.name == name && family.kind == Kind::Histogram);
    family.map(|family| family.buckets)
}

/// One mistake for each name that several SLOs have.
pub(super) fn duplicates(slos: &[Slo]) -> Vec<String> {
    let (mut seen, mut named) = (HashSet::new(), HashSet::new());
    let again = slos.iter().filter(|slo| !seen.insert(&slo.name));
    again
        .filter(|slo| named.insert(&slo.name))
        .map(|slo| format!("several SLOs are named {:?}", slo.name))
        .collect()
}
