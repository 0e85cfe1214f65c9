//! Random events in random spans: each line parses, matches the schema, has no key twice, and has the values of the event.

mod callsite;
mod model;
mod value;

use std::array;

use proptest::collection::vec;
use proptest::prelude::*;
use tracing::field::{Field, Value};
use tracing::{Dispatch, Event, Metadata, Span, dispatcher};

use self::callsite::{EVENT, SPANS};
use self::model::expected;
use self::value::{RandomValue, any_value};
use crate::lines::{Lines, json_subscriber, object};

/// The events of one case. `PROPTEST_CASES=5000` makes 100,000 events.
const EVENTS: usize = 20;

/// The values of one case, from which its events choose, because making one is slow.
const VALUES: usize = 60;

/// Values by the position of their field.
type Values = Vec<(usize, RandomValue)>;

/// A span with the values that it begins with, and those that it records later.
#[derive(Debug, Clone)]
struct RandomSpan {
    kind: usize,
    values: Vec<Values>,
}

#[derive(Debug, Clone)]
struct RandomEvent {
    spans: Vec<RandomSpan>,
    values: Values,
}

/// Numbers that follow from a seed (splitmix64).
struct Choices(u64);

impl Choices {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((bits ^ bits >> 31) % end as u64).unwrap()
    }

    fn values(&mut self, pool: &[RandomValue], max: usize) -> Values {
        let count = self.below(max);
        let mut fields: Vec<_> = (0..count).map(|_| self.below(callsite::FIELDS)).collect();
        fields.sort_unstable();
        fields.dedup();
        let value = |field| (field, pool[self.below(pool.len())].clone());
        fields.into_iter().map(value).collect()
    }

    fn event(&mut self, pool: &[RandomValue]) -> RandomEvent {
        let span = |choices: &mut Self| RandomSpan {
            kind: choices.below(SPANS.len()),
            values: (0..=choices.below(3))
                .map(|_| choices.values(pool, 5))
                .collect(),
        };
        RandomEvent {
            spans: (0..self.below(4)).map(|_| span(self)).collect(),
            values: self.values(pool, 12),
        }
    }
}

/// Calls `act` with the values of all fields.
fn with_values<R>(
    metadata: &'static Metadata<'static>,
    values: &Values,
    act: impl FnOnce(&tracing::field::ValueSet<'_>) -> R,
) -> R {
    let fields: Vec<Field> = metadata.fields().iter().collect();
    let values: Vec<_> = (0..callsite::FIELDS)
        .map(|at| {
            let value = values.iter().find(|(field, _)| *field == at);
            value.map(|(_, value)| value.to_value())
        })
        .collect();
    let pairs: [(&Field, Option<&dyn Value>); callsite::FIELDS] = array::from_fn(|at| {
        let value = values[at].as_ref().map(|value| &**value as &dyn Value);
        (&fields[at], value)
    });
    act(&metadata.fields().value_set(&pairs))
}

fn log(event: &RandomEvent) {
    let mut entered = Vec::new();
    for RandomSpan { kind, values } in &event.spans {
        let metadata = SPANS[*kind];
        let span = with_values(metadata, &values[0], |values| Span::new(metadata, values));
        for values in &values[1..] {
            with_values(metadata, values, |values| {
                span.record_all(values);
            });
        }
        entered.push(span.entered());
    }
    with_values(&EVENT, &event.values, |values| {
        Event::dispatch(&EVENT, values);
    });
    while let Some(span) = entered.pop() {
        drop(span);
    }
}

#[test]
fn random_events_keep_the_format_and_their_values() {
    let lines = Lines::default();
    let dispatch = Dispatch::new(json_subscriber(&lines));
    let seeds = vec(any::<u64>(), EVENTS);
    proptest!(ProptestConfig::default(), |(pool in vec(any_value(), VALUES), seeds in seeds)| {
        let events: Vec<_> = seeds.iter().map(|seed| Choices(*seed).event(&pool)).collect();
        dispatcher::with_default(&dispatch, || events.iter().for_each(log));
        let lines = lines.take();
        prop_assert_eq!(lines.len(), events.len());
        for (event, line) in events.iter().zip(&lines) {
            let mut object = object(line);
            object.remove("timestamp");
            prop_assert_eq!(object, expected(event), "{}", line);
        }
    });
}
